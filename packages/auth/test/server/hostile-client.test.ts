import { strict as assert } from 'node:assert';
import { parsePublicKey, signData } from '@nbs-ssh/transport/keys';
import { fromHex, toHex, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import type { ServerAuth, ServerAuthConfig, ServerAuthEffect, ServerAuthOutput } from '../../src/index.ts';
import {
  publicKeyFields,
  ServiceRequest,
  signedData,
  UserauthFailure,
  UserauthInfoRequest,
  UserauthRequest,
} from '../../src/messages.ts';
import { SERVER_LEGAL } from '../../src/server/state.ts';
import {
  ALL_ALGORITHMS,
  crypto,
  drain,
  ecdsa,
  ed25519,
  failure,
  type KeyPair,
  newServer,
  payloads,
  request,
  rsa,
  SESSION_ID,
  sent,
  spelled,
} from '../support.ts';
import {
  dialog,
  key,
  none,
  PHASES,
  password,
  probe,
  responses,
  sample,
  serverIn,
  service,
} from './phases.ts';

const feed = (server: ServerAuth, ...messages: readonly Uint8Array[]): ServerAuthOutput[] => {
  for (const message of messages) server.receive(message);
  return drain(server);
};
const failed = (server: ServerAuth, ...messages: readonly Uint8Array[]) => failure(feed(server, ...messages));
const refusal = (outputs: readonly ServerAuthOutput[]) => {
  const [payload, ...more] = payloads(outputs);
  assert.deepEqual([outputs.length, more.length], [1, 0]);
  return UserauthFailure.decode(payload ?? new Uint8Array());
};
const effectOf = (outputs: readonly ServerAuthOutput[]): ServerAuthEffect => {
  const [output] = outputs;
  if (output?.type !== 'effect') throw new Error(`${output?.type} instead of an effect`);
  return output.effect;
};
const awaiting = (config?: Partial<ServerAuthConfig>): ServerAuth =>
  serverIn('request-awaited', config).machine;

interface Signed {
  readonly sessionId?: Uint8Array;
  readonly signedUser?: string;
  readonly signedAlgorithm?: string;
  readonly algorithm?: string;
  readonly pair?: KeyPair;
  readonly signer?: KeyPair;
}

/** A signed request; each option puts something else under the signature than is asked for. */
function signed(options: Signed = {}): Uint8Array {
  const { pair = key, signer = pair, sessionId = SESSION_ID, signedUser = 'ada' } = options;
  const algorithm = options.algorithm ?? 'ssh-ed25519';
  const data = signedData(sessionId, signedUser, options.signedAlgorithm ?? algorithm, pair.publicKey.blob);
  const own = signer.publicKey.keyType === 'ssh-rsa' ? 'rsa-sha2-256' : signer.publicKey.keyType;
  const signature = signData(crypto, own, signer.privateKey, data);
  return request('publickey', publicKeyFields(true, algorithm, pair.publicKey.blob).string(signature));
}

describe('message numbers that a server takes, RFC 4252 §6', () => {
  for (const phase of PHASES) {
    it(`T117: takes in ${phase} exactly [${SERVER_LEGAL[phase].join(', ')}] out of all 256 numbers`, () => {
      for (let number = 0; number < 256; number += 1) {
        const { machine } = serverIn(phase);
        machine.receive(sample(number));
        const error = drain(machine).find((output) => output.type === 'failed');
        if (phase === 'failed' || SERVER_LEGAL[phase].includes(number)) assert.equal(error, undefined);
        else {
          assert.deepEqual(
            [error?.error.code, error?.error.disconnect, machine.phase],
            ['AUTH_UNEXPECTED_MESSAGE', 2, 'failed'],
          );
        }
      }
    });
  }

  it('takes no part of a message for a whole one, wherever it is cut, and nothing behind its end', () => {
    const cut = (phase: 'service-awaited' | 'request-awaited' | 'responses-awaited', whole: Uint8Array) => {
      for (let length = 0; length < whole.length; length += 1) {
        const { machine } = serverIn(phase);
        const error = failed(machine, whole.subarray(0, length));
        assert.ok(['WIRE_SHORT_READ', 'AUTH_LIMIT'].includes(error.code), error.code);
      }
      const longer = Uint8Array.from([...whole, 0]);
      assert.equal(failed(serverIn(phase).machine, longer).code, 'WIRE_TRAILING_BYTES');
    };
    cut('service-awaited', service);
    cut('request-awaited', password('pw'));
    cut('request-awaited', request('password', new WireWriter().bool(true).text('old').text('new')));
    cut('request-awaited', probe());
    cut('request-awaited', dialog());
    cut('responses-awaited', responses('42'));
  });

  it('refuses a signed request that is cut between key and signature and drops one cut elsewhere', () => {
    const whole = signed();
    const withoutSignature = whole.length - (4 + 83);
    for (let length = 0; length < whole.length; length += 1) {
      const outputs = feed(awaiting(), whole.subarray(0, length));
      if (length === withoutSignature) refusal(outputs);
      else assert.equal(failure(outputs).code, 'WIRE_SHORT_READ');
    }
  });
});

describe('server against a hostile client', () => {
  it('T119: refuses requests before the service, and other services, with reasons 2 and 7', () => {
    assert.equal(failed(newServer().machine, none()).disconnect, 2);
    const other = ServiceRequest.encode({ service: 'ssh-connection' });
    assert.equal(failed(newServer().machine, other).disconnect, 7);
  });

  it('T120: refuses to log in for a service other than ssh-connection', () => {
    const odd = UserauthRequest.encode({
      username: utf8('ada'),
      service: 'ssh-sftp\n',
      method: 'none',
      fields: new Uint8Array(),
    });
    const error = failed(awaiting(), odd);
    assert.deepEqual([error.code, error.disconnect], ['AUTH_SERVICE_UNAVAILABLE', 7]);
    assert.equal(error.message.includes('\n'), false);
  });

  it('T122: forgets what was passed when the user changes', () => {
    const server = awaiting({ required: [['password', 'keyboard-interactive']] });
    const ask = effectOf(feed(server, password('pw')));
    server.resolve({ id: ask.id, verdict: true });
    assert.deepEqual(refusal(drain(server)), { methods: ['keyboard-interactive'], partialSuccess: true });
    assert.deepEqual(refusal(feed(server, none('bob'))).methods, ['password']);
    assert.deepEqual(refusal(feed(server, none('ada'))).methods, ['password']);
    assert.deepEqual(refusal(feed(server, dialog())).methods, ['password']);
  });

  it('T124: lets in with a signature over exactly this session, user, algorithm and key', () => {
    const server = awaiting();
    const effect = effectOf(feed(server, signed()));
    assert.equal(effect.type === 'check-key' && effect.signed, true);
    server.resolve({ id: effect.id, verdict: true });
    assert.deepEqual(sent(drain(server)), [52]);
  });

  for (const [name, options] of [
    ['another session id', { sessionId: new Uint8Array(32) }],
    ['another user', { signedUser: 'root' }],
    ['another algorithm in the data', { signedAlgorithm: 'rsa-sha2-512' }],
    ['another key', { signer: ed25519() }],
    ['another type of key', { signer: ecdsa() }],
    ['an algorithm that does not fit the key', { algorithm: 'ecdsa-sha2-nistp256' }],
    ['an RSA algorithm other than the one named', { pair: rsa(), algorithm: 'rsa-sha2-512' }],
    ['SHA-1', { pair: rsa(), algorithm: 'ssh-rsa' }],
  ] as const) {
    it(`T124: refuses a signature with ${name} and asks nobody`, () => {
      assert.equal(refusal(feed(awaiting(), signed(options))).partialSuccess, false);
    });
  }

  it('T124: refuses a flag without a signature', () => {
    const fields = publicKeyFields(true, 'ssh-ed25519', key.publicKey.blob);
    refusal(feed(awaiting(), request('publickey', fields)));
  });

  it('T124: refuses an algorithm that it did not announce', () => {
    const server = awaiting({ serverSigAlgs: ALL_ALGORITHMS.filter((name) => name !== 'ssh-ed25519') });
    refusal(feed(server, probe()));
    refusal(feed(server, signed()));
  });

  it('T126: cannot be made without a way in', () => {
    for (const config of [
      { methods: [] },
      { required: [] },
      { required: [[]] },
      { methods: ['password'], required: [['publickey']] },
    ] as const) {
      assert.throws(() => newServer(config), RangeError);
    }
  });

  it('T126: refuses an empty user, an empty password and `none`, and asks nobody', () => {
    for (const message of [password('pw', ''), password(''), none()]) refusal(feed(awaiting(), message));
    const change = request('password', new WireWriter().bool(true).text('old').text(''));
    refusal(feed(awaiting(), change));
  });

  it('T126: refuses methods that are not configured or not known', () => {
    const server = awaiting({ methods: ['publickey'] });
    for (const message of [password('pw'), dialog(), request('hostbased', new WireWriter())]) {
      assert.deepEqual(refusal(feed(server, message)).methods, ['publickey']);
    }
  });

  it('T127: takes nothing but `true` for yes', () => {
    for (const verdict of [
      false,
      1,
      'yes',
      {},
      [],
      null,
      undefined,
      { partial: [] },
      { partial: ['root'] },
    ]) {
      for (const message of [password('pw'), signed(), probe(), dialog()]) {
        const server = awaiting();
        const { id } = effectOf(feed(server, message));
        server.resolve({ id, verdict: verdict as never });
        assert.deepEqual(sent(drain(server)), [51], `${String(verdict)}`);
      }
    }
  });

  it('T129: decides six refused credentials and answers the next request with reason 14', () => {
    const server = awaiting();
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const { id } = effectOf(feed(server, password('wrong', `user${attempt}`)));
      server.resolve({ id, verdict: false });
      refusal(drain(server));
    }
    const error = failed(server, password('right'));
    assert.deepEqual([error.code, error.disconnect], ['AUTH_TOO_MANY_ATTEMPTS', 14]);
  });

  it('T129: counts repeated `none` as refused credentials', () => {
    const server = awaiting();
    assert.equal(failed(server, ...Array(8).fill(none())).code, 'AUTH_TOO_MANY_ATTEMPTS');
    assert.equal(sent(feed(awaiting(), ...Array(7).fill(none()))).length, 7);
  });

  it('T129: answers fifteen questions about keys and sends away with reason 14 after that', () => {
    const server = awaiting();
    for (let query = 0; query < 15; query += 1) {
      const { id } = effectOf(feed(server, probe()));
      server.resolve({ id, verdict: false });
      refusal(drain(server));
    }
    const error = failed(server, probe());
    assert.deepEqual([error.code, error.disconnect], ['AUTH_TOO_MANY_ATTEMPTS', 14]);
  });

  it('T131: refuses keys that are malformed, huge or of a type unknown here', () => {
    const huge = new WireWriter()
      .text('ssh-rsa')
      .mpint(65537n)
      .string(new Uint8Array(2 ** 18).fill(0x7f));
    const point = new WireWriter().text('ecdsa-sha2-nistp256').text('nistp256').string(new Uint8Array(65));
    for (const [algorithm, blob] of [
      ['rsa-sha2-512', huge.finish()],
      ['ecdsa-sha2-nistp256', point.finish()],
      ['ssh-ed25519', new Uint8Array(0)],
      ['ssh-ed25519', rsa().publicKey.blob],
      ['ssh-dss', key.publicKey.blob],
    ] as const) {
      const started = performance.now();
      refusal(feed(awaiting(), request('publickey', publicKeyFields(false, algorithm, blob))));
      assert.ok(performance.now() - started < 100);
    }
  });

  it('T134: refuses user names that could become something else in a path, a template or a log', () => {
    for (const username of [
      '../x',
      'a/b',
      '%u',
      'a\0b',
      'a\nb',
      '\x1b[2J',
      'x'.repeat(10_000),
      'a\u202eb',
      '\u200b',
      '..',
      '',
    ]) {
      const server = serverIn('request-awaited');
      refusal(feed(server.machine, password('pw', username)));
      assert.equal(/[\0-\x1f\u202e\u200b]/.test(String(spelled(server.trace))), false);
    }
    for (const username of ['ada', 'DOMAIN\\ada', 'ada@example.org', 'ädä', 'a.b-c_d', 'x'.repeat(255)]) {
      const effect = effectOf(feed(awaiting(), password('pw', username)));
      assert.equal(effect.username, username);
    }
    const broken = UserauthRequest.encode({
      username: Uint8Array.of(0xff),
      service: 'ssh-connection',
      method: 'none',
      fields: new Uint8Array(),
    });
    refusal(feed(awaiting(), broken));
  });

  it('keeps requests that come while one is decided, in order, and no more than sixteen', () => {
    const { machine } = serverIn('deciding');
    assert.deepEqual(feed(machine, none(), password('second')), []);
    machine.resolve({ id: 1, verdict: false });
    const outputs = drain(machine);
    assert.deepEqual(sent(outputs), [51, 51]);
    const effect = outputs.find((output) => output.type === 'effect')?.effect;
    assert.equal(effect?.type === 'check-password' && effect.password.reveal(), 'second');

    const flooded = serverIn('deciding').machine;
    assert.deepEqual(feed(flooded, ...Array(16).fill(none())), []);
    assert.equal(failed(flooded, none()).code, 'AUTH_LIMIT');
    assert.equal(failed(serverIn('deciding').machine, password('x'.repeat(65_536))).code, 'AUTH_LIMIT');
  });

  it('ignores requests behind the one that succeeded, also those that were waiting', () => {
    const { machine } = serverIn('deciding');
    feed(machine, password('second'));
    machine.resolve({ id: 1, verdict: true });
    assert.deepEqual(sent(drain(machine)), [52]);
    assert.deepEqual(feed(machine, password('third')), []);
    assert.equal(machine.phase, 'succeeded');
  });

  it('keeps its own copy of what waits', () => {
    const { machine } = serverIn('deciding');
    const message = password('kept');
    machine.receive(message);
    message.fill(0);
    machine.resolve({ id: 1, verdict: false });
    const effect = drain(machine).find((output) => output.type === 'effect')?.effect;
    assert.equal(effect?.type === 'check-password' && effect.password.reveal(), 'kept');
  });
});

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
