import assert from 'node:assert/strict';
import {
  AGENT,
  AgentClient,
  type AgentClientOutput,
  AgentFrames,
  type AgentRequest,
  framed,
  MAX_AGENT_MESSAGE,
  MAX_IDENTITIES,
} from '@nbs-ssh/auth';
import { concat, Secret, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';

const blob = Uint8Array.of(1, 2, 3);
const SUCCESS = Uint8Array.of(AGENT.SUCCESS);

function outputs(client: AgentClient): readonly AgentClientOutput[] {
  const all: AgentClientOutput[] = [];
  for (let next = client.poll(); next !== undefined; next = client.poll()) all.push(next);
  return all;
}

/** A client that has sent `request`. */
function asked(request: AgentRequest): AgentClient {
  const client = new AgentClient();
  client.ask(request);
  outputs(client);
  return client;
}

const SIGN: AgentRequest = { type: 'sign', blob, data: blob, flags: 0 };
const BIND: AgentRequest = {
  type: 'bind',
  binding: { hostKey: blob, sessionId: blob, signature: blob, forwarding: true },
};

const ANSWERS: readonly (readonly [AgentRequest, Uint8Array])[] = [
  [
    { type: 'list' },
    new WireWriter()
      .u8(AGENT.IDENTITIES_ANSWER)
      .u32(2)
      .string(blob)
      .text('one')
      .string(blob)
      .text('')
      .finish(),
  ],
  [SIGN, new WireWriter().u8(AGENT.SIGN_RESPONSE).string(blob).finish()],
  [{ type: 'remove-all' }, SUCCESS],
  [{ type: 'lock', passphrase: new Secret('x') }, SUCCESS],
  [BIND, SUCCESS],
  [
    { type: 'query' },
    new WireWriter().u8(AGENT.EXTENSION_RESPONSE).text('query').text('session-bind@openssh.com').finish(),
  ],
];

describe('client of an agent', () => {
  for (const [request, answer] of ANSWERS) {
    it(`${request.type}: takes the answer whole, byte by byte and behind another one`, () => {
      const whole = asked(request);
      whole.receive(framed(answer));
      const [reply, ...more] = outputs(whole);
      assert.equal(reply?.type, 'reply');
      assert.deepEqual(more, []);

      const slow = asked(request);
      for (const byte of framed(answer)) slow.receive(Uint8Array.of(byte));
      assert.deepEqual(outputs(slow), [reply]);

      const second = asked({ type: 'remove-all' });
      second.ask(request);
      second.receive(framed(SUCCESS));
      outputs(second);
      second.receive(framed(answer));
      assert.deepEqual(
        outputs(second).map(({ type }) => type),
        ['reply'],
      );
    });

    it(`${request.type}: refuses the answer at every shorter length, with bytes behind it, and every other number`, () => {
      const failure = (message: Uint8Array): string | undefined => {
        const client = asked(request);
        client.receive(framed(message));
        const [output] = outputs(client);
        return output?.type === 'failed' || output?.type === 'refused' ? output.error.code : undefined;
      };
      for (let cut = 1; cut < answer.length; cut += 1) {
        // Names of extensions just end; a list of fewer is a list.
        if (request.type !== 'query')
          assert.equal(failure(answer.subarray(0, cut)), 'AGENT_ANSWER', `${cut}`);
      }
      if (request.type !== 'query') assert.equal(failure(concat(answer, Uint8Array.of(0))), 'AGENT_ANSWER');
      for (let number = 0; number < 256; number += 1) {
        const refused = number === AGENT.FAILURE || number === AGENT.EXTENSION_FAILURE;
        const other = Uint8Array.of(number, ...answer.subarray(1));
        const legal = number === answer[0] || (request.type === 'query' && number === AGENT.SUCCESS);
        const expected = refused ? 'AGENT_REFUSED' : legal ? undefined : 'AGENT_ANSWER';
        assert.equal(failure(other), expected, `${number}`);
      }
    });

    it(`${request.type}: an end at every byte of the answer is told apart from one between messages`, () => {
      const frame = framed(answer);
      for (let cut = 0; cut < frame.length; cut += 1) {
        const client = asked(request);
        client.receive(frame.subarray(0, cut));
        client.receive(undefined);
        const [output] = outputs(client);
        assert.ok(output?.type === 'failed');
        assert.deepEqual(output.error.context, { request: request.type, midMessage: cut > 0 });
      }
    });
  }

  it('asks one thing at a time, in order', () => {
    const client = new AgentClient();
    const ids = [client.ask({ type: 'list' }), client.ask({ type: 'remove-all' })];
    assert.deepEqual(
      outputs(client).map(({ type }) => type),
      ['write'],
    );
    client.receive(framed(new WireWriter().u8(AGENT.IDENTITIES_ANSWER).u32(0).finish()));
    const [first, next] = outputs(client);
    assert.ok(first?.type === 'reply' && next?.type === 'write');
    assert.equal(first.id, ids[0]);
    assert.deepEqual(next.bytes, framed(Uint8Array.of(AGENT.REMOVE_ALL_IDENTITIES)));
  });

  it('goes on after a refusal, and takes nothing after a failure', () => {
    const client = asked(SIGN);
    client.receive(framed(Uint8Array.of(AGENT.FAILURE)));
    assert.deepEqual(
      outputs(client).map(({ type }) => type),
      ['refused'],
    );
    client.ask({ type: 'list' });
    client.receive(framed(SUCCESS));
    assert.deepEqual(
      outputs(client).map(({ type }) => type),
      ['write', 'failed'],
    );
    client.receive(framed(SUCCESS));
    assert.deepEqual(outputs(client), []);
    assert.throws(() => client.ask({ type: 'list' }), { code: 'AGENT_ANSWER' });
  });

  it('takes nothing that it did not ask for', () => {
    const client = new AgentClient();
    client.receive(framed(SUCCESS));
    const [output] = outputs(client);
    assert.equal(output?.type === 'failed' && output.error.code, 'AGENT_UNASKED');
  });

  it('writes the session binding as OpenSSH reads it', () => {
    const client = new AgentClient();
    client.ask(BIND);
    const [output] = outputs(client);
    assert.ok(output?.type === 'write');
    const reader = new WireReader(output.bytes.subarray(4));
    assert.equal(reader.u8('number'), 27);
    assert.equal(reader.text('name'), 'session-bind@openssh.com');
    for (const field of ['host key', 'session id', 'signature']) assert.deepEqual(reader.string(field), blob);
    assert.equal(reader.bool('forwarding'), true);
    reader.end('request');
  });

  it('does not send what no agent takes', () => {
    const client = new AgentClient();
    const data = new Uint8Array(MAX_AGENT_MESSAGE);
    assert.throws(() => client.ask({ ...SIGN, data }), { code: 'AGENT_REQUEST_TOO_LONG', fault: 'caller' });
    assert.deepEqual(outputs(client), []);
  });

  it('reads as many keys as allowed and no more, and believes no count', () => {
    const list = (count: number, entries: number): string => {
      const client = asked({ type: 'list' });
      const writer = new WireWriter().u8(AGENT.IDENTITIES_ANSWER).u32(count);
      for (let i = 0; i < entries; i += 1) writer.u32(0).u32(0);
      client.receive(framed(writer.finish()));
      const [output] = outputs(client);
      return output?.type === 'failed' ? output.error.code : String(output?.type);
    };
    assert.equal(list(MAX_IDENTITIES, MAX_IDENTITIES), 'reply');
    assert.equal(list(MAX_IDENTITIES + 1, MAX_IDENTITIES + 1), 'AGENT_TOO_MANY_KEYS');
    assert.equal(list(0xffff_ffff, 1), 'AGENT_TOO_MANY_KEYS');
    assert.equal(list(2, 1), 'AGENT_ANSWER');
    assert.equal(list(1, 2), 'AGENT_ANSWER');
  });
});

describe('frames of the agent protocol', () => {
  it('refuse a length at its last byte, before anything behind it is kept', () => {
    for (const length of [0, MAX_AGENT_MESSAGE + 1, 0xffff_ffff]) {
      const frames = new AgentFrames();
      frames.push(new WireWriter().u32(length).finish());
      assert.throws(() => frames.next(), {
        code: 'AGENT_FRAME',
        context: { length, limit: MAX_AGENT_MESSAGE },
      });
    }
  });

  it('take the longest message, also a byte at a time', () => {
    const message = new Uint8Array(MAX_AGENT_MESSAGE).fill(7);
    const frames = new AgentFrames();
    for (const byte of framed(message)) frames.push(Uint8Array.of(byte));
    assert.deepEqual(frames.next(), message);
    assert.equal(frames.midMessage, false);
  });
});
