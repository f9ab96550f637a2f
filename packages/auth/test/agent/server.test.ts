import assert from 'node:assert/strict';
import {
  AGENT,
  AgentServer,
  type AgentServerOutput,
  framed,
  generateEd25519,
  Keyring,
  MAX_AGENT_MESSAGE,
  SESSION_BIND,
} from '@nbs-ssh/auth';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { concat, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { encodeAgentRequest } from '../../src/agent/requests.ts';

const key = generateEd25519(nobleProvider);
const { blob } = publicKeyOf(key);

function outputs(server: AgentServer): readonly AgentServerOutput[] {
  const all: AgentServerOutput[] = [];
  for (let next = server.poll(); next !== undefined; next = server.poll()) all.push(next);
  return all;
}

/** Numbers of the answers; what is no answer by its type. */
const numbers = (server: AgentServer): readonly (number | string)[] =>
  outputs(server).map((output) => (output.type === 'write' ? (output.bytes[4] ?? -1) : output.type));

function start(confirm = false): { readonly server: AgentServer; readonly keyring: Keyring } {
  const keyring = new Keyring(nobleProvider);
  keyring.add({
    publicKey: publicKeyOf(key),
    privateKey: key,
    comment: 'c',
    constraints: { confirm },
    owned: false,
  });
  return { server: new AgentServer(keyring, nobleProvider), keyring };
}

const message = (number: number, write: (writer: WireWriter) => WireWriter = (w) => w): Uint8Array =>
  write(new WireWriter().u8(number)).finish();
const SIGN = encodeAgentRequest({ type: 'sign', blob, data: utf8('x'), flags: 0 });
const passphrase = (number: number, text: string): Uint8Array => message(number, (w) => w.text(text));

const REQUESTS: readonly (readonly [string, Uint8Array, number])[] = [
  ['list', message(AGENT.REQUEST_IDENTITIES), AGENT.IDENTITIES_ANSWER],
  ['sign', SIGN, AGENT.SIGN_RESPONSE],
  [
    'add',
    encodeAgentRequest({ type: 'add', key: generateEd25519(nobleProvider), comment: 'n' }),
    AGENT.SUCCESS,
  ],
  [
    'add with constraints',
    encodeAgentRequest({ type: 'add', key, comment: 'n', constraints: { lifetimeSec: 5, confirm: true } }),
    AGENT.SUCCESS,
  ],
  ['remove', message(AGENT.REMOVE_IDENTITY, (w) => w.string(blob)), AGENT.SUCCESS],
  ['lock', passphrase(AGENT.LOCK, 'p'), AGENT.SUCCESS],
  ['query', message(AGENT.EXTENSION, (w) => w.text('query')), AGENT.EXTENSION_RESPONSE],
];

describe('an agent, asked by a hostile client', () => {
  for (const [name, request, answer] of REQUESTS) {
    it(`${name}: is answered whole and byte by byte; cut anywhere it fails, and the next request is read`, () => {
      const whole = start();
      whole.server.receive(framed(request));
      assert.deepEqual(numbers(whole.server), [answer]);
      const slow = start();
      for (const byte of framed(request)) slow.server.receive(Uint8Array.of(byte));
      assert.deepEqual(numbers(slow.server), [answer]);
      for (let cut = 1; cut < request.length; cut += 1) {
        const { server } = start();
        server.receive(concat(framed(request.subarray(0, cut)), framed(message(AGENT.REQUEST_IDENTITIES))));
        const [first, second] = numbers(server);
        // Constraints just end: a key with fewer of them is well-formed.
        if (name !== 'add with constraints') assert.equal(first, AGENT.FAILURE, `${name} cut at ${cut}`);
        assert.equal(second, AGENT.IDENTITIES_ANSWER);
      }
    });
  }

  it('every number that is no request is refused', () => {
    const known = new Set<number>(REQUESTS.map(([, request]) => request[0] ?? 0));
    for (let number = 0; number < 256; number += 1) {
      if (known.has(number) || number === AGENT.REMOVE_ALL_IDENTITIES || number === AGENT.UNLOCK) continue;
      const { server } = start();
      server.receive(framed(Uint8Array.of(number)));
      assert.deepEqual(numbers(server), [AGENT.FAILURE], `${number}`);
    }
  });

  it('a length that no message has ends the connection, and nothing more is read', () => {
    for (const length of [0, MAX_AGENT_MESSAGE + 1, 0xffff_ffff]) {
      const { server } = start();
      server.receive(new WireWriter().u32(length).finish());
      assert.deepEqual(numbers(server), ['failed']);
      server.receive(framed(SIGN));
      assert.deepEqual(numbers(server), []);
    }
  });

  it('a constraint that is not known keeps the key out', () => {
    const { server, keyring } = start();
    const add = encodeAgentRequest({ type: 'add', key: generateEd25519(nobleProvider), comment: '' });
    server.receive(
      framed(concat(Uint8Array.of(AGENT.ADD_ID_CONSTRAINED), add.subarray(1), Uint8Array.of(9))),
    );
    assert.deepEqual(numbers(server), [AGENT.FAILURE]);
    assert.equal(keyring.keys.length, 1);
  });

  it('while somebody is asked, nothing else is answered, and what piles up is bounded', () => {
    const { server } = start(true);
    server.receive(concat(framed(SIGN), framed(message(AGENT.REQUEST_IDENTITIES))));
    const [output, ...more] = outputs(server);
    assert.ok(output?.type === 'effect');
    assert.deepEqual(more, []);
    assert.equal(server.wantsInput, false);
    server.resolve(output.effect.id, true);
    assert.deepEqual(numbers(server), [AGENT.SIGN_RESPONSE, AGENT.IDENTITIES_ANSWER]);
    server.receive(framed(SIGN));
    outputs(server);
    for (let i = 0; i < 3; i += 1) server.receive(new Uint8Array(MAX_AGENT_MESSAGE));
    assert.deepEqual(numbers(server), ['failed']);
  });

  it('a yes does not count once the key is gone, or the agent locked', () => {
    for (const change of [
      message(AGENT.REMOVE_ALL_IDENTITIES),
      passphrase(AGENT.LOCK, 'p'),
      encodeAgentRequest({ type: 'add', key, comment: 'replaced', constraints: { confirm: true } }),
    ]) {
      const { server, keyring } = start(true);
      server.receive(framed(SIGN));
      const [output] = outputs(server);
      const other = new AgentServer(keyring, nobleProvider);
      other.receive(framed(change));
      outputs(other);
      assert.ok(output?.type === 'effect');
      server.resolve(output.effect.id, true);
      assert.deepEqual(numbers(server), [AGENT.FAILURE]);
    }
  });

  it('locked, it shows nothing, signs nothing and changes nothing, and wrong passphrases wait longer and longer', () => {
    const { server, keyring } = start();
    server.receive(framed(passphrase(AGENT.LOCK, 'right')));
    assert.deepEqual(numbers(server), [AGENT.SUCCESS]);
    for (const [name, request] of REQUESTS.slice(1, 6)) {
      server.receive(framed(request));
      assert.deepEqual(numbers(server), [AGENT.FAILURE], name);
    }
    server.receive(framed(message(AGENT.REMOVE_ALL_IDENTITIES)));
    assert.deepEqual(numbers(server), [AGENT.FAILURE]);
    server.receive(framed(message(AGENT.REQUEST_IDENTITIES)));
    const [list] = outputs(server);
    assert.ok(list?.type === 'write');
    assert.equal(new WireReader(list.bytes.subarray(5)).u32('count'), 0);
    let now = 0;
    for (const wait of [0, 100, 200, 300]) {
      server.receive(framed(passphrase(AGENT.UNLOCK, 'wrong')));
      const atOnce = numbers(server);
      assert.deepEqual(atOnce, wait === 0 ? [AGENT.FAILURE] : []);
      assert.equal(server.deadline(), wait === 0 ? undefined : now + wait);
      now += wait;
      if (wait === 0) continue;
      server.tick(now - 1);
      assert.deepEqual(numbers(server), []);
      server.tick(now);
      assert.deepEqual(numbers(server), [AGENT.FAILURE], `after ${wait}`);
    }
    // Another connection waits behind the first one, not beside it.
    const other = new AgentServer(keyring, nobleProvider);
    server.receive(framed(passphrase(AGENT.UNLOCK, 'wrong')));
    other.receive(framed(passphrase(AGENT.UNLOCK, 'right')));
    assert.deepEqual([numbers(server), numbers(other)], [[], []]);
    assert.deepEqual([server.deadline(), other.deadline()], [now + 400, now + 800]);
    server.tick(now + 400);
    other.tick(now + 800);
    assert.deepEqual([numbers(server), numbers(other)], [[AGENT.FAILURE], [AGENT.SUCCESS]]);
    assert.equal(keyring.keys.length, 1);
  });

  it('requests are answered when the answer is asked for, so that a thousand of them in one piece hold no answer', () => {
    const { server, keyring } = start();
    const list = framed(message(AGENT.REQUEST_IDENTITIES));
    server.receive(concat(...Array.from({ length: 1000 }, () => list)));
    const first = server.poll();
    const other = new AgentServer(keyring, nobleProvider);
    other.receive(framed(message(AGENT.REMOVE_ALL_IDENTITIES)));
    outputs(other);
    // What is answered from here on knows that the keys are gone: it was not made before.
    const rest = outputs(server).map((output) => (output.type === 'write' ? output.bytes.length : 0));
    assert.ok(first?.type === 'write' && first.bytes.length > 9);
    assert.deepEqual(new Set(rest), new Set([9]));
    assert.equal(rest.length, 999);
  });

  it('many wrong passphrases in one piece are read one after the other', () => {
    const { server } = start();
    server.receive(concat(...Array.from({ length: 20_000 }, () => framed(passphrase(AGENT.UNLOCK, '')))));
    assert.equal(numbers(server).length, 20_000);
  });

  it('is bound to sessions that the host key has signed for, and to none behind one that it only logs in to', () => {
    const host = generateEd25519(nobleProvider);
    const bind = (id: string, forwarding: boolean, signed = id): Uint8Array => {
      const signature = signData(nobleProvider, 'ssh-ed25519', host, utf8(signed));
      return message(AGENT.EXTENSION, (w) =>
        w.text(SESSION_BIND).string(publicKeyOf(host).blob).text(id).string(signature).bool(forwarding),
      );
    };
    const answers = (...requests: readonly Uint8Array[]): readonly (number | string)[] => {
      const { server } = start();
      for (const request of requests) server.receive(framed(request));
      return numbers(server);
    };
    const [yes, no] = [AGENT.SUCCESS, AGENT.EXTENSION_FAILURE];
    assert.deepEqual(answers(bind('a', true), bind('b', true), bind('c', false)), [yes, yes, yes]);
    assert.deepEqual(answers(bind('a', false), bind('b', false)), [yes, no]);
    assert.deepEqual(answers(bind('a', true), bind('a', true), bind('a', false)), [yes, yes, no]);
    assert.deepEqual(answers(bind('a', true, 'b')), [no]);
    assert.deepEqual(answers(concat(bind('a', true), Uint8Array.of(0))), [no]);
    const many = Array.from({ length: 17 }, (_, i) => bind(`session ${i}`, true));
    assert.deepEqual(answers(...many), [...Array.from({ length: 16 }, () => yes), no]);
  });
});
