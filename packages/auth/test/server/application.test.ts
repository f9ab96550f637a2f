import { strict as assert } from 'node:assert';
import { parsePublicKey } from '@nbs-ssh/transport/keys';
import { fromHex, toHex, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { signedData, UserauthInfoRequest } from '../../src/messages.ts';
import { drain, newServer, payloads, request, sent, spelled } from '../support.ts';
import { awaiting, effectOf, failed, feed, refusal, signed } from './asking.ts';
import { dialog, key, none, password, probe, responses, serverIn, service } from './phases.ts';

describe('answers of the application', () => {
  it('throws for a verdict that nobody waits for', () => {
    assert.throws(() => awaiting().resolve({ id: 1, verdict: true }), { code: 'AUTH_ANSWER' });
    const { machine } = serverIn('deciding');
    assert.throws(() => machine.resolve({ id: 2, verdict: true }), { code: 'AUTH_ANSWER' });
    machine.resolve({ id: 1, verdict: true });
    machine.resolve({ id: 1, verdict: true });
    assert.equal(sent(drain(machine)).length, 1);
  });

  it('lets the application name the methods that must follow', () => {
    const server = awaiting();
    server.resolve({ id: effectOf(feed(server, password('pw'))).id, verdict: { partial: ['publickey'] } });
    assert.deepEqual(refusal(drain(server)), { methods: ['publickey'], partialSuccess: true });
    server.resolve({ id: effectOf(feed(server, signed())).id, verdict: true });
    assert.deepEqual(drain(server).at(-1), {
      type: 'success',
      username: 'ada',
      methods: ['password', 'publickey'],
      certificates: [],
    });
  });

  it('does not take a question about a key for a step', () => {
    const server = awaiting();
    server.resolve({ id: effectOf(feed(server, probe())).id, verdict: { partial: ['password'] } });
    assert.equal(refusal(drain(server)).partialSuccess, false);
  });

  it('asks for a new password three times in one session at most', () => {
    const server = awaiting();
    for (const expected of [60, 60, 60, 51]) {
      server.resolve({ id: effectOf(feed(server, password('pw'))).id, verdict: { change: 'New: ' } });
      assert.deepEqual(sent(drain(server)), [expected]);
    }
  });

  it('ends a dialog that has gone on for sixteen rounds', () => {
    const server = awaiting();
    let outputs = feed(server, dialog());
    for (let round = 0; round < 16; round += 1) {
      server.resolve({ id: effectOf(outputs).id, verdict: { prompts: [] } });
      assert.deepEqual(sent(drain(server)), [60]);
      outputs = feed(server, responses());
    }
    server.resolve({ id: effectOf(outputs).id, verdict: { prompts: [] } });
    refusal(drain(server));
  });

  it('refuses another number of answers than questions, RFC 4256 §3.4', () => {
    for (const message of [responses(), responses('a', 'b')]) {
      const { machine } = serverIn('responses-awaited');
      refusal(feed(machine, message));
      assert.equal(machine.phase, 'request-awaited');
    }
  });

  it('refuses an answer that is not UTF-8 and hands on none of the others', () => {
    const broken = Uint8Array.of(0xff);
    for (const message of [
      new WireWriter().u8(61).u32(2).text('a').string(broken),
      new WireWriter().u8(61).u32(1).string(broken),
    ]) {
      refusal(feed(serverIn('responses-awaited').machine, message.finish()));
    }
  });

  it('drops a dialog when the client turns to something else', () => {
    const { machine } = serverIn('responses-awaited');
    assert.equal(effectOf(feed(machine, password('pw'))).type, 'check-password');
    assert.equal(machine.phase, 'deciding');
  });

  it('sends its banner once, before the first answer', () => {
    const server = newServer({ banner: 'Welcome\n' }).machine;
    assert.deepEqual(sent(feed(server, service, none(), none())), [6, 53, 51, 51]);
  });

  it('puts no password, new password or answer into a trace or an error', () => {
    const server = serverIn('responses-awaited');
    feed(server.machine, responses('canary-answer'), password('canary-old'));
    server.machine.resolve({ id: 2, verdict: false });
    feed(server.machine, request('password', new WireWriter().bool(true).text('canary-1').text('canary-2')));
    server.machine.resolve({ id: 3, verdict: false });
    const outputs = drain(server.machine);
    const error = failed(server.machine, responses('canary-late'), service);
    assert.equal(
      /canary/.test(spelled([server.trace, outputs.filter((o) => o.type !== 'send'), error])),
      false,
    );
  });
});

describe('bytes on the wire', () => {
  it('lays out a public-key signature as RFC 4252 §7 prints it', () => {
    const data = signedData(fromHex('aabb'), 'u', 'ssh-ed25519', fromHex('cc'));
    const expected = new WireWriter()
      .string(fromHex('aabb'))
      .u8(50)
      .text('u')
      .text('ssh-connection')
      .text('publickey')
      .bool(true)
      .text('ssh-ed25519')
      .string(fromHex('cc'))
      .finish();
    assert.equal(toHex(data), toHex(expected));
  });

  it('lays out an INFO_REQUEST as RFC 4256 §3.2 prints it', () => {
    const { machine } = serverIn('request-awaited');
    const { id } = effectOf(feed(machine, dialog()));
    machine.resolve({ id, verdict: { name: 'N', instruction: 'I', prompts: [{ text: 'Q', echo: true }] } });
    const [payload = new Uint8Array()] = payloads(drain(machine));
    assert.equal(toHex(payload), '3c000000014e0000000149000000000000000100000001' + '5101');
    assert.equal(UserauthInfoRequest.decode(payload).prompts.length, 1);
    assert.equal(new WireReader(payload).u8('number'), 60);
  });

  it('keeps the key blob as it was received', () => {
    const effect = effectOf(feed(awaiting(), probe()));
    const { blob } = parsePublicKey(key.publicKey.blob);
    assert.deepEqual(effect.type === 'check-key' && effect.publicKey.blob, blob);
  });
});
