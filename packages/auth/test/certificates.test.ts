import assert from 'node:assert/strict';
import { forgeCertificate } from '@nbs-ssh/testing';
import { type CertifiedKey, parseCertificate, signData } from '@nbs-ssh/transport/keys';
import { WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import type { ClientCredential, ServerAuth, ServerAuthOutput } from '../src/index.ts';
import {
  publicKeyFields,
  ServiceRequest,
  signedData,
  UserauthPkOk,
  UserauthRequest,
} from '../src/messages.ts';
import { accept, refuse } from './client/phases.ts';
import { password } from './server/phases.ts';
import {
  ALL_ALGORITHMS,
  crypto,
  drain,
  ecdsa,
  ed25519,
  failure,
  type KeyPair,
  last,
  newClient,
  newServer,
  payloads,
  request,
  rsa,
  run,
  SESSION_ID,
  sent,
} from './support.ts';

const ca = ed25519();
const certify = (pair: KeyPair, serial = 1n): CertifiedKey =>
  parseCertificate(
    forgeCertificate(crypto, ca.privateKey, pair.publicKey, { keyId: 'ada', principals: ['ada'], serial }),
  );
const ED25519_CERT = 'ssh-ed25519-cert-v01@openssh.com';

describe('a login with a certificate, both sides ours', () => {
  for (const [pair, algorithm] of [
    [ed25519(), ED25519_CERT],
    [ecdsa(), 'ecdsa-sha2-nistp256-cert-v01@openssh.com'],
    [rsa(), 'rsa-sha2-512-cert-v01@openssh.com'],
  ] as const) {
    it(`shows it, is signed for by its key, and is told on both sides: ${algorithm}`, () => {
      const publicKey = certify(pair);
      const client = newClient({ credentials: [{ kind: 'publickey', publicKey, position: 3 }] });
      const server = newServer();
      const seen: unknown[] = [];
      const { client: outputs, server: told } = run(
        client.machine,
        server.machine,
        () => ({ type: 'load-key', ...pair }),
        (effect) => {
          if (effect.type !== 'check-key') return false;
          seen.push([effect.algorithm, effect.signed, effect.publicKey.certificate?.keyId]);
          return true;
        },
      );
      assert.deepEqual(seen, [
        [algorithm, false, 'ada'],
        [algorithm, true, 'ada'],
      ]);
      const success = last(told);
      assert.deepEqual(success.type === 'success' && success.certificates.map(({ serial }) => serial), [1n]);
      const end = last(outputs);
      const attempt = end.type === 'success' ? end.attempts.at(-1) : undefined;
      assert.deepEqual(
        [attempt?.credential, attempt?.algorithm, attempt?.certificate?.serial],
        [3, algorithm, '1'],
      );
      for (const { trace } of [client, server]) {
        const result = trace.findLast(({ name }) => name === 'auth.result');
        assert.deepEqual([result?.fields['key_id'], result?.fields['serial']], ['ada', '1']);
      }
    });
  }

  it('chooses the algorithm of an RSA certificate by the plain names that the server lists', () => {
    const publicKey = certify(rsa());
    for (const [listed, algorithm] of [
      [['rsa-sha2-256'], 'rsa-sha2-256-cert-v01@openssh.com'],
      [['rsa-sha2-256-cert-v01@openssh.com'], 'rsa-sha2-256-cert-v01@openssh.com'],
      [['ssh-ed25519', 'ssh-rsa'], undefined],
    ] as const) {
      const { machine } = newClient({ credentials: [{ kind: 'publickey', publicKey }] });
      machine.start();
      machine.serverSigAlgs(listed);
      machine.receive(accept);
      drain(machine);
      machine.receive(refuse(['publickey']));
      const shown = payloads(drain(machine)).map((payload) =>
        new TextDecoder().decode(UserauthRequest.decode(payload).fields),
      );
      if (algorithm === undefined) assert.deepEqual(shown, []);
      else assert.equal(shown[0]?.includes(algorithm), true);
    }
  });
});

describe('a client with a certificate', () => {
  const pair = ed25519();
  const publicKey = certify(pair);
  const pkOk = (key: CertifiedKey | KeyPair['publicKey'], algorithm: string): Uint8Array =>
    UserauthPkOk.encode({ algorithm, publicKey: key.blob });
  const probed = (credential: Partial<ClientCredential> = {}, ...more: readonly ClientCredential[]) => {
    const { machine } = newClient({
      credentials: [{ kind: 'publickey', publicKey, ...credential } as ClientCredential, ...more],
    });
    machine.start();
    machine.receive(accept);
    machine.receive(refuse(['publickey']));
    drain(machine);
    return machine;
  };

  it('takes no answer about the key in it for one about the certificate, nor about another certificate', () => {
    for (const answer of [
      pkOk(pair.publicKey, 'ssh-ed25519'),
      pkOk(pair.publicKey, ED25519_CERT),
      pkOk(publicKey, 'ssh-ed25519'),
      pkOk(certify(pair, 2n), ED25519_CERT),
    ]) {
      const machine = probed();
      machine.receive(answer);
      assert.equal(failure(drain(machine)).code, 'AUTH_PK_OK_MISMATCH');
    }
  });

  it('asks an external signer for a plain signature, and does not send one by another key', () => {
    for (const [signer, numbers] of [
      [pair, [50]],
      [ed25519(), []],
    ] as const) {
      const machine = probed({ signer: 'external' });
      machine.receive(pkOk(publicKey, ED25519_CERT));
      const [output] = drain(machine);
      assert.ok(output?.type === 'effect' && output.effect.type === 'sign');
      const { id, algorithm, data } = output.effect;
      assert.equal(algorithm, 'ssh-ed25519');
      assert.equal(output.effect.publicKey, publicKey);
      const signature = signData(crypto, algorithm, signer.privateKey, data);
      machine.resolve({ type: 'sign', id, signature });
      assert.deepEqual(sent(drain(machine)), numbers);
    }
  });

  it('is not signed for by another key than the one in it', () => {
    const machine = probed();
    machine.receive(pkOk(publicKey, ED25519_CERT));
    const [output] = drain(machine);
    assert.ok(output?.type === 'effect');
    machine.resolve({ type: 'load-key', id: output.effect.id, ...ed25519() });
    drain(machine);
    assert.equal(machine.attempts.at(-1)?.skipReason, 'key-mismatch');
  });

  it('shows another certificate of the same key when the first was refused, but not the same one again', () => {
    const second = certify(pair, 2n);
    const machine = probed({}, { kind: 'publickey', publicKey: second }, { kind: 'publickey', publicKey });
    machine.receive(refuse(['publickey']));
    assert.deepEqual(sent(drain(machine)), [50]);
    machine.receive(refuse(['publickey']));
    assert.deepEqual(
      machine.attempts.map(({ certificate, skipReason, result }) => [
        certificate?.serial,
        skipReason ?? result,
      ]),
      [
        [undefined, 'failure'],
        ['1', 'failure'],
        ['2', 'failure'],
        ['1', 'already-refused'],
      ],
    );
  });
});

describe('a server that is shown a certificate', () => {
  const pair = ed25519();
  const publicKey = certify(pair);

  function signedRequest(
    options: { algorithm?: string; blob?: Uint8Array; signer?: KeyPair; inside?: string } = {},
    username = 'ada',
  ): Uint8Array {
    const {
      algorithm = ED25519_CERT,
      blob = publicKey.blob,
      signer = pair,
      inside = 'ssh-ed25519',
    } = options;
    const data = signedData(SESSION_ID, username, algorithm, blob);
    const raw = signData(crypto, 'ssh-ed25519', signer.privateKey, data);
    const reader = new WireReader(raw);
    reader.text('algorithm');
    const signature = new WireWriter().text(inside).string(reader.string('signature')).finish();
    return request('publickey', publicKeyFields(true, algorithm, blob).string(signature), username);
  }
  const feed = (machine: ServerAuth, ...messages: readonly Uint8Array[]): ServerAuthOutput[] => {
    for (const message of messages) machine.receive(message);
    return drain(machine);
  };
  function ready(config: Parameters<typeof newServer>[0] = {}): ServerAuth {
    const { machine } = newServer(config);
    feed(machine, ServiceRequest.encode({ service: 'ssh-userauth' }));
    return machine;
  }
  function pass(machine: ServerAuth, message: Uint8Array): ServerAuthOutput[] {
    const [output] = feed(machine, message);
    if (output?.type !== 'effect') return output === undefined ? [] : [output];
    machine.resolve({ id: output.effect.id, verdict: true });
    return drain(machine);
  }

  it('asks nobody when the signature is another key’s, or the names do not fit', () => {
    for (const options of [
      { signer: ca },
      { signer: ed25519() },
      { algorithm: 'ssh-ed25519' },
      { algorithm: 'ecdsa-sha2-nistp256-cert-v01@openssh.com' },
      { blob: pair.publicKey.blob },
      { blob: publicKey.blob.subarray(0, -1) },
      { inside: ED25519_CERT },
    ]) {
      assert.deepEqual(
        sent(feed(ready(), signedRequest(options))),
        [51],
        JSON.stringify(Object.keys(options)),
      );
    }
    const without = ready({ serverSigAlgs: ALL_ALGORITHMS.filter((name) => name !== 'ssh-ed25519') });
    assert.deepEqual(sent(feed(without, signedRequest())), [51]);
  });

  it('T132 counts a key once, with and without its certificate', () => {
    const required = [['publickey', 'publickey']] as const;
    const machine = ready({ required });
    assert.deepEqual(sent(pass(machine, signedRequest())), [51]);
    const plain = { algorithm: 'ssh-ed25519', blob: pair.publicKey.blob };
    assert.deepEqual(sent(feed(machine, signedRequest(plain))), [51]);
    assert.equal(machine.phase, 'request-awaited');
    assert.deepEqual(sent(feed(machine, signedRequest({ blob: certify(pair, 9n).blob }))), [51]);
  });

  it('T132 tells all certificates of a login that took several steps, and none of another user’s', () => {
    const machine = ready({ required: [['publickey', 'password']] });
    pass(machine, signedRequest());
    const end = last(pass(machine, password('pw')));
    assert.deepEqual(end.type === 'success' && end.certificates, [publicKey.certificate]);

    const other = ready({ required: [['publickey', 'password']] });
    pass(other, signedRequest({}, 'eve'));
    assert.deepEqual(sent(feed(other, password('pw', 'ada'))), [51]);
    pass(other, signedRequest());
    const mine = last(pass(other, password('pw')));
    assert.equal(mine.type === 'success' && mine.certificates.length, 1);
  });
});
