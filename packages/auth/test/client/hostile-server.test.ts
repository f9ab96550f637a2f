import { strict as assert } from 'node:assert';
import { withInsecure } from '@nbs-ssh/transport/crypto';
import { fromHex, Secret, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { CLIENT_LEGAL } from '../../src/client/state.ts';
import type { ClientAuth } from '../../src/index.ts';
import { readPublicKeyFields, ServiceAccept, UserauthPkOk, UserauthRequest } from '../../src/messages.ts';
import {
  crypto,
  drain,
  ed25519,
  failure,
  last,
  newClient,
  payloads,
  rsa,
  sent,
  spelled,
} from '../support.ts';
import {
  accept,
  banner,
  changereq,
  clientIn,
  key,
  PHASES,
  pkOk,
  questions,
  refuse,
  sample,
  success,
} from './phases.ts';

const feed = (client: ClientAuth, ...messages: readonly Uint8Array[]): ReturnType<typeof drain<never>> => {
  for (const message of messages) client.receive(message);
  return drain(client) as never;
};
const failed = (client: ClientAuth, ...messages: readonly Uint8Array[]) => failure(feed(client, ...messages));

describe('message numbers that a client takes, RFC 4252 §6', () => {
  for (const phase of PHASES) {
    it(`takes in ${phase} exactly [${CLIENT_LEGAL[phase].join(', ')}] out of all 256 numbers`, () => {
      for (let number = 0; number < 256; number += 1) {
        const { machine } = clientIn(phase);
        machine.receive(sample(phase, number));
        const error = drain(machine).find((output) => output.type === 'failed');
        // A login without the configured credential is legal on the wire and refused by policy; T096.
        const refused = phase === 'none-sent' && number === 52;
        // Here the only credential has been used up, which is the end too.
        const ended = number === 51 && error?.error.code === 'AUTH_FAILED';
        if (phase === 'failed') assert.equal(error, undefined);
        else if (CLIENT_LEGAL[phase].includes(number) && !refused) assert.ok(error === undefined || ended);
        else {
          const code = number === 52 ? 'AUTH_UNEXPECTED_SUCCESS' : 'AUTH_UNEXPECTED_MESSAGE';
          assert.deepEqual([error?.error.code, error?.error.disconnect], [code, 2]);
          assert.equal(machine.phase, 'failed');
        }
      }
    });
  }

  it('takes no part of a message for a whole one, wherever it is cut, and nothing behind its end', () => {
    for (const phase of PHASES) {
      for (const number of CLIENT_LEGAL[phase]) {
        const whole = sample(phase, number);
        for (let length = 0; length < whole.length; length += 1) {
          const error = failed(clientIn(phase).machine, whole.subarray(0, length));
          assert.ok(
            ['WIRE_SHORT_READ', 'AUTH_LIMIT'].includes(error.code),
            `${phase} ${number} ${error.code}`,
          );
        }
        const longer = Uint8Array.from([...whole, 0]);
        if (phase !== 'none-sent' || number !== 52) {
          assert.equal(failed(clientIn(phase).machine, longer).code, 'WIRE_TRAILING_BYTES');
        }
      }
    }
  });
});

describe('client against a hostile server', () => {
  it('T096: refuses a success before any request was answered', () => {
    const { machine } = clientIn('service-requested');
    assert.equal(failed(machine, success).code, 'AUTH_UNEXPECTED_SUCCESS');
  });

  it('T096: refuses a success to `none` when a credential is configured, unless the policy allows it', () => {
    assert.equal(failed(clientIn('none-sent').machine, success).code, 'AUTH_UNEXPECTED_SUCCESS');
    const allowing = newClient({ credentials: [{ kind: 'password' }], allowNone: true }).machine;
    allowing.start();
    const output = last(feed(allowing, accept, success)) as { type: string; method?: string };
    assert.deepEqual([output.type, output.method], ['success', 'none']);
  });

  it('T096: refuses a success while the user is still being asked, and never shows the secret', () => {
    for (const phase of ['password-asked', 'key-asked', 'signature-asked', 'prompts-asked'] as const) {
      const { machine } = clientIn(phase);
      assert.equal(failed(machine, success).code, 'AUTH_UNEXPECTED_SUCCESS');
      machine.resolve({ type: 'password', id: 1, password: new Secret('late') });
      assert.deepEqual(drain(machine), []);
    }
  });

  it('T096: refuses a success to a probe, which proves nothing', () => {
    assert.equal(failed(clientIn('key-probed').machine, success).code, 'AUTH_UNEXPECTED_SUCCESS');
  });

  it('T098: refuses an acceptance that is unsolicited, repeated or for another service', () => {
    assert.equal(failed(newClient().machine, accept).code, 'AUTH_UNEXPECTED_MESSAGE');
    assert.equal(failed(clientIn('none-sent').machine, accept).code, 'AUTH_UNEXPECTED_MESSAGE');
    const other = ServiceAccept.encode({ service: 'ssh-connection\x1b[2J' });
    const error = failed(clientIn('service-requested').machine, other);
    assert.deepEqual([error.code, error.disconnect], ['AUTH_SERVICE_MISMATCH', 2]);
    assert.equal(error.message.includes('\x1b'), false);
  });

  it('T100: asks for a new password once, and sends nothing when the server wants yet another', () => {
    const { machine } = clientIn('password-sent');
    const [first] = feed(machine, changereq) as { effect: { type: string; id: number } }[];
    assert.equal(first?.effect.type, 'password-change');
    machine.resolve({ type: 'password-change', id: 2, password: new Secret('new') });
    assert.deepEqual(sent(drain(machine)), [50]);
    const error = failed(machine, changereq);
    assert.equal(error.code, 'AUTH_FAILED');
    assert.ok(spelled(error).includes('password-change-limit'));
  });

  it('T101: refuses more questions than the message can hold or than anybody asks', () => {
    const head = new WireWriter().u8(60).text('').text('').text('').finish();
    for (const count of [0xffffffff, 10_000, 33]) {
      const tail = new WireWriter()
        .u32(count)
        .fixed(new Uint8Array(33 * 5))
        .finish();
      const error = failed(clientIn('dialog-sent').machine, Uint8Array.from([...head, ...tail]));
      assert.deepEqual([error.code, error.disconnect], ['AUTH_LIMIT', 2]);
    }
    const lying = new WireWriter().u32(3).fixed(new Uint8Array(14)).finish();
    assert.equal(
      failed(clientIn('dialog-sent').machine, Uint8Array.from([...head, ...lying])).code,
      'AUTH_LIMIT',
    );
    assert.equal(clientIn('dialog-sent').machine.phase, 'dialog-sent');
    assert.equal(feed(clientIn('dialog-sent').machine, questions(...Array(32).fill('?'))).length, 1);
  });

  it('T101: answers sixteen rounds without questions and no more', () => {
    const { machine } = clientIn('dialog-sent');
    for (let round = 0; round < 16; round += 1) {
      assert.deepEqual(payloads(feed(machine, questions())), [fromHex('3d00000000')]);
    }
    assert.equal(failed(machine, questions()).code, 'AUTH_LIMIT');
  });

  it('T101: refuses a question longer than a page', () => {
    assert.equal(feed(clientIn('dialog-sent').machine, questions('x'.repeat(8192))).length, 1);
    assert.equal(failed(clientIn('dialog-sent').machine, questions('x'.repeat(8193))).code, 'AUTH_LIMIT');
  });

  it('T103: hands on eight banners of 2 KiB, counts the rest, and takes one after success', () => {
    const client = clientIn('none-sent');
    const texts = feed(client.machine, ...Array(10_000).fill(banner(`\x1b[2J${'x'.repeat(10_000)}`))) as {
      type: string;
      text: string;
    }[];
    assert.equal(texts.length, 8);
    assert.ok(texts.every(({ type, text }) => type === 'banner' && text.length === 2048));
    const traced = client.trace.filter((event) => event.name === 'auth.banner');
    assert.equal(traced.length, 8);
    assert.equal(spelled(traced).includes('\\u001b'), false);
    assert.equal(traced[0]?.fields['length'], 10_004);
    failed(client.machine, refuse([]));
    assert.equal(last(client.trace).fields['banners_dropped'], 9992);

    const late = clientIn('succeeded').machine;
    assert.equal(feed(late, banner('bye')).length, 1);
    assert.equal(late.phase, 'succeeded');
  });

  it('T104: refuses an acceptance of another key or algorithm, and signs nothing', () => {
    const another = ed25519().publicKey.blob;
    for (const [message, sameKey] of [
      [UserauthPkOk.encode({ algorithm: 'ssh-ed25519', publicKey: another }), false],
      [UserauthPkOk.encode({ algorithm: 'ssh-rsa', publicKey: key.publicKey.blob }), true],
    ] as const) {
      const { machine } = clientIn('key-probed');
      const outputs = feed(machine, message);
      const error = failure(outputs);
      assert.equal(outputs.length, 1);
      assert.deepEqual([error.code, error.disconnect], ['AUTH_PK_OK_MISMATCH', 2]);
      assert.equal((error.context as { sameKey: boolean }).sameKey, sameKey);
    }
  });

  it('T106: refuses a list of methods of 1 MB, of 65 methods, or with a name beyond 64 characters', () => {
    const list = (text: string): Uint8Array => new WireWriter().u8(51).text(text).bool(false).finish();
    assert.equal(failed(clientIn('none-sent').machine, list('a,'.repeat(500_000))).code, 'WIRE_LIMIT');
    assert.equal(failed(clientIn('none-sent').machine, list(Array(65).fill('a').join())).code, 'AUTH_LIMIT');
    assert.equal(failed(clientIn('none-sent').machine, list('a'.repeat(65))).code, 'AUTH_LIMIT');
  });

  it('takes no method from an empty name between two others', () => {
    const message = new WireWriter().u8(51).text(',x,,y,').bool(false).finish();
    const outputs = feed(clientIn('none-sent').machine, message);
    const { remaining } = failure(outputs).context as { readonly remaining: readonly string[] };
    assert.deepEqual(remaining, ['x', 'y']);
  });

  it('T106: never shows a password or an answer when only a key is configured', () => {
    const { machine } = clientIn('key-probed');
    const outputs = feed(machine, refuse(['password', 'keyboard-interactive', 'none']));
    assert.deepEqual(sent(outputs), []);
    assert.equal(failure(outputs).code, 'AUTH_FAILED');
  });

  it('takes partial success neither from `none` nor from a probe', () => {
    const none = failed(clientIn('none-sent').machine, refuse(['x'], true));
    const probe = failed(clientIn('key-probed').machine, refuse(['x'], true));
    assert.equal(spelled([none, probe]).includes('"partial"'), false);
  });

  it('T107: never signs with SHA-1, whatever server-sig-algs says', () => {
    for (const [names, algorithms] of [
      [['ssh-rsa'], []],
      [[], []],
      [['ssh-rsa', 'rsa-sha2-256'], ['rsa-sha2-256']],
      [
        ['rsa-sha2-256', 'rsa-sha2-512'],
        ['rsa-sha2-512', 'rsa-sha2-256'],
      ],
      [undefined, ['rsa-sha2-512', 'rsa-sha2-256']],
    ] as const) {
      const { machine } = newClient({ credentials: [{ kind: 'publickey', publicKey: rsa().publicKey }] });
      machine.start();
      if (names !== undefined) machine.serverSigAlgs(names);
      const no = refuse(['publickey']);
      const outputs = feed(machine, accept, no, no, no).slice(2);
      const offered = payloads(outputs).map(
        (payload) => readPublicKeyFields(UserauthRequest.decode(payload).fields).algorithm,
      );
      assert.deepEqual(offered, algorithms.slice(0, offered.length));
      assert.equal(offered.length, algorithms.length);
    }
  });

  it('T107: signs with SHA-1 when that was asked for by name and the server offers nothing better', () => {
    for (const [names, algorithms] of [
      [['ssh-rsa'], ['ssh-rsa']],
      [['ssh-rsa', 'rsa-sha2-256'], ['rsa-sha2-256']],
      [
        ['ssh-rsa', 'rsa-sha2-512', 'rsa-sha2-256'],
        ['rsa-sha2-512', 'rsa-sha2-256'],
      ],
      [['ssh-ed25519'], []],
      // A server that says nothing is offered what is safe first.
      [undefined, ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']],
    ] as const) {
      const credentials = [{ kind: 'publickey', publicKey: rsa().publicKey }] as const;
      const { machine } = newClient({ credentials, crypto: withInsecure(crypto, ['ssh-rsa']) });
      machine.start();
      if (names !== undefined) machine.serverSigAlgs(names);
      const no = refuse(['publickey']);
      const outputs = feed(machine, accept, no, no, no, no).slice(2);
      const offered = payloads(outputs).map(
        (payload) => readPublicKeyFields(UserauthRequest.decode(payload).fields).algorithm,
      );
      assert.deepEqual(offered, algorithms);
    }
  });

  it('T107: signs with SHA-1 for a server that lists more only when SHA-2 was left out by name', () => {
    for (const [names, algorithms] of [
      [['ssh-rsa', 'rsa-sha2-512', 'rsa-sha2-256'], ['ssh-rsa']],
      [['rsa-sha2-512', 'rsa-sha2-256'], []],
    ] as const) {
      const insecure = withInsecure(crypto, ['ssh-rsa']);
      const signatures = insecure.signatures.filter(({ name }) => name === 'ssh-rsa');
      const credentials = [{ kind: 'publickey', publicKey: rsa().publicKey }] as const;
      const { machine } = newClient({ credentials, crypto: { ...insecure, signatures } });
      machine.start();
      machine.serverSigAlgs(names);
      const no = refuse(['publickey']);
      const offered = payloads(feed(machine, accept, no, no, no).slice(2)).map(
        (payload) => readPublicKeyFields(UserauthRequest.decode(payload).fields).algorithm,
      );
      assert.deepEqual(offered, algorithms);
    }
  });

  it('T107: gives up on SHA-1 when the list that comes late has something better', () => {
    for (const [late, expected] of [
      [['ssh-rsa'], ['ssh-rsa']],
      [['ssh-rsa', 'rsa-sha2-256'], ['rsa-sha2-256']],
    ] as const) {
      const credentials = [{ kind: 'publickey', publicKey: rsa().publicKey }] as const;
      const { machine } = newClient({ credentials, crypto: withInsecure(crypto, ['ssh-rsa']) });
      machine.start();
      const no = refuse(['publickey']);
      feed(machine, accept, no);
      machine.serverSigAlgs(late);
      const offered = payloads(feed(machine, no, no, no)).map(
        (payload) => readPublicKeyFields(UserauthRequest.decode(payload).fields).algorithm,
      );
      assert.deepEqual(offered, expected);
    }
  });

  it('T107: falls back to SHA-256 only while the list, which may come late, does not rule it out', () => {
    const key = { kind: 'publickey', publicKey: rsa().publicKey } as const;
    const other = { kind: 'password' } as const;
    for (const [late, credentials, expected] of [
      [['rsa-sha2-256'], [key], 1],
      [['rsa-sha2-512'], [key], 0],
      // What the list names was refused, so it is the key; a try is spent on the rest only if nobody else needs it.
      [['rsa-sha2-512', 'rsa-sha2-256'], [key], 1],
      [['rsa-sha2-512', 'rsa-sha2-256'], [key, other], 0],
    ] as const) {
      const { machine } = newClient({ credentials });
      machine.start();
      const no = refuse(['publickey', 'password']);
      feed(machine, accept, no);
      machine.serverSigAlgs(late);
      assert.equal(payloads(feed(machine, no)).length, expected);
    }
  });

  it('T109: sends no signature that is not the one it asked for', () => {
    const { machine } = clientIn('signature-asked');
    machine.resolve({ type: 'sign', id: 1, signature: utf8('not a signature') });
    const outputs = drain(machine);
    assert.deepEqual(sent(outputs), []);
    assert.ok(spelled(failure(outputs)).includes('bad-signature'));
  });

  it('T115: ends with every attempt named and the reason for the server when all are refused', () => {
    const { machine } = clientIn('password-sent');
    const error = failed(machine, refuse(['password']));
    assert.deepEqual([error.code, error.fault, error.disconnect], ['AUTH_FAILED', 'caller', 14]);
  });

  it('stops after 64 requests, however many credentials there are', () => {
    const credentials = Array.from({ length: 200 }, () => ({ kind: 'keyboard-interactive' }) as const);
    const { machine } = newClient({ credentials });
    machine.start();
    const no = refuse(['keyboard-interactive']);
    const outputs = feed(machine, accept, ...Array(300).fill(no));
    assert.equal(sent(outputs).filter((number) => number === 50).length, 64);
    assert.ok(spelled(failure(outputs)).includes('attempt-limit'));
  });

  it('asks nobody anything and says nothing more after it has failed', () => {
    const { machine } = clientIn('failed');
    machine.receive(pkOk);
    machine.start();
    machine.resolve({ type: 'skip', id: 9, reason: 'late' });
    assert.deepEqual(drain(machine), []);
  });
});

describe('answers of the driver', () => {
  it('throws for an answer of another kind, number or length, and keeps the question open', () => {
    const { machine } = clientIn('prompts-asked');
    const two = [new Secret('a'), new Secret('b')];
    for (const answer of [
      { type: 'prompts', id: 2, responses: [new Secret('a')] },
      { type: 'prompts', id: 1, responses: two },
      { type: 'password', id: 1, password: new Secret('a') },
    ] as const) {
      assert.throws(() => machine.resolve(answer), { code: 'AUTH_ANSWER', fault: 'caller' });
    }
    machine.resolve({ type: 'prompts', id: 1, responses: [new Secret('42')] });
    const [payload] = payloads(drain(machine));
    const reader = new WireReader(payload ?? new Uint8Array());
    assert.deepEqual([reader.u8('n'), reader.u32('count'), reader.text('answer')], [61, 1, '42']);
  });

  it('throws for a local key without its private part', () => {
    const { machine } = clientIn('key-asked');
    assert.throws(() => machine.resolve({ type: 'load-key', id: 1, publicKey: key.publicKey }), {
      code: 'AUTH_ANSWER',
    });
  });
});
