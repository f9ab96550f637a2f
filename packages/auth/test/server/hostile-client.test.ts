import { strict as assert } from 'node:assert';
import { assertLinear } from '@nbs-ssh/testing';
import { utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { publicKeyFields, ServiceRequest, UserauthRequest } from '../../src/messages.ts';
import { SERVER_LEGAL } from '../../src/server/state.ts';
import {
  ALL_ALGORITHMS,
  drain,
  ecdsa,
  ed25519,
  failure,
  newServer,
  request,
  rsa,
  sent,
  spelled,
} from '../support.ts';
import { awaiting, effectOf, failed, feed, refusal, signed } from './asking.ts';
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
    const huge = (size: number): Uint8Array =>
      new WireWriter().text('ssh-rsa').mpint(65537n).string(new Uint8Array(size).fill(0x7f)).finish();
    const refused = (algorithm: string, blob: Uint8Array): void => {
      refusal(feed(awaiting(), request('publickey', publicKeyFields(false, algorithm, blob))));
    };
    const point = new WireWriter().text('ecdsa-sha2-nistp256').text('nistp256').string(new Uint8Array(65));
    for (const [algorithm, blob] of [
      ['rsa-sha2-512', huge(2 ** 18)],
      ['ecdsa-sha2-nistp256', point.finish()],
      ['ssh-ed25519', new Uint8Array(0)],
      ['ssh-ed25519', rsa().publicKey.blob],
      ['ssh-dss', key.publicKey.blob],
    ] as const) {
      refused(algorithm, blob);
    }
    assertLinear(2 ** 15, (size) => refused('rsa-sha2-512', huge(size)));
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
