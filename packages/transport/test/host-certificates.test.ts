import assert from 'node:assert/strict';
import { type ForgedFields, forgeCertificate, seededRandom } from '@nbs-ssh/testing';
import type { HostKey } from '@nbs-ssh/transport';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { fingerprint, parseCertificate } from '@nbs-ssh/transport/keys';
import { describe, it } from 'vitest';
import { newKey, rsaVectorKey } from './crypto/signatures/fixtures.ts';
import { authenticated, connected, hostKey, pump, type Twins, twins } from './support/twins.ts';

const ca = newKey('ssh-ed25519');
const signer = { signatures: nodeProvider.signatures, random: seededRandom('host certificates') };

function certified(key: HostKey = hostKey(), fields: ForgedFields = {}): HostKey {
  const blob = forgeCertificate(signer, ca, key.publicKey, { type: 2, principals: ['host'], ...fields });
  return { privateKey: key.privateKey, publicKey: parseCertificate(blob) };
}

/** A handshake that may fail. */
function exchange(hostKeys: readonly HostKey[], hostKeyAlgorithms?: readonly string[]): Twins {
  const offered = hostKeyAlgorithms === undefined ? {} : { algorithms: { hostKey: hostKeyAlgorithms } };
  const pair = twins({}, offered, { hostKeys });
  pair.client.start();
  pair.server.start();
  pump(pair);
  return pair;
}

const ED25519_CERT = 'ssh-ed25519-cert-v01@openssh.com';
const print = (key: HostKey): string => fingerprint(nodeProvider.hash, key.publicKey.blob);

describe('key exchange by a host certificate', () => {
  for (const [keyType, algorithm] of [
    ['ssh-ed25519', ED25519_CERT],
    ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256-cert-v01@openssh.com'],
    ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384-cert-v01@openssh.com'],
    ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521-cert-v01@openssh.com'],
    ['ssh-rsa', 'rsa-sha2-512-cert-v01@openssh.com'],
    ['ssh-rsa', 'rsa-sha2-256-cert-v01@openssh.com'],
  ] as const) {
    it(`is proven by the certified key: ${algorithm}`, () => {
      const plain = hostKey(keyType);
      const pair = exchange([plain, certified(plain, { keyId: 'a host', serial: 3n })], [algorithm]);
      assert.equal(pair.client.error, undefined);
      const question = pair.client.outputs.find((output) => output.type === 'effect');
      assert.ok(question?.type === 'effect');
      assert.equal(question.effect.algorithm, algorithm);
      assert.equal(question.effect.hostKey.certificate?.keyId, 'a host');
      assert.deepEqual(pair.client.event('transport.hostkey.received'), {
        key_type: `${keyType}-cert-v01@openssh.com`,
        fingerprint: print(plain),
        algorithm,
        key_id: 'a host',
        serial: '3',
        ca_fingerprint: fingerprint(
          nodeProvider.hash,
          certified().publicKey.certificate?.signatureKey.blob as Uint8Array,
        ),
        valid_from: 'always',
        valid_until: 'forever',
      });
    });
  }

  it('is preferred to a plain key where the server has both, and is not asked of one that has none', () => {
    assert.equal(exchange([hostKey(), certified()]).client.machine.algorithms?.hostKey, ED25519_CERT);
    assert.equal(exchange([hostKey()]).client.machine.algorithms?.hostKey, 'ssh-ed25519');
    const none = exchange([hostKey()], [ED25519_CERT]);
    assert.equal(none.client.code, 'TRANSPORT_NO_COMMON_ALGORITHM');
  });

  it('is refused when another key than the certified one has signed', () => {
    const { publicKey } = certified();
    const pair = exchange([{ publicKey, privateKey: newKey('ssh-ed25519') }]);
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_SIGNATURE');
    assert.equal(pair.client.context['fingerprint'], print(hostKey()));
    assert.equal(pair.client.goodbye, 9);
  });

  it('is refused with a certificate that is cut, has bytes behind it, or is none', () => {
    const { publicKey, privateKey } = certified();
    const { blob } = publicKey;
    const longer = new Uint8Array(blob.length + 1);
    longer.set(blob);
    const cuts = Array.from({ length: blob.length }, (_, cut) => blob.subarray(0, cut));
    // One in seven is enough here: the parser's own test cuts everywhere.
    for (const bad of [longer, hostKey().publicKey.blob, ...cuts.filter((_, cut) => cut % 7 === 0)]) {
      const pair = exchange([{ publicKey: { ...publicKey, blob: bad }, privateKey }]);
      assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_MALFORMED', `${bad.length}`);
      assert.equal(
        pair.client.outputs.some((output) => output.type === 'effect'),
        false,
      );
    }
  });

  it('is refused with a certificate where a plain key was negotiated', () => {
    const { publicKey } = certified();
    const disguised = { ...hostKey().publicKey, blob: publicKey.blob };
    const pair = exchange([{ publicKey: disguised, privateKey: hostKey().privateKey }], ['ssh-ed25519']);
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_MALFORMED');
  });

  it('T068 is refused in a rekey by another certificate, another key, or the bare key', () => {
    const first = certified();
    for (const [now, what] of [
      [certified(hostKey(), { serial: 2n }), 'certificate'],
      [certified(hostKey('ssh-ed25519', 'b')), 'key'],
    ] as const) {
      const hostKeys = [first];
      const pair = authenticated({}, {}, { hostKeys });
      pair.server.machine.rekey();
      pump(pair);
      assert.equal(pair.client.code, undefined, 'the same certificate is fine');
      hostKeys[0] = now;
      pair.client.machine.rekey();
      pump(pair);
      assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_CHANGED_IN_REKEY');
      assert.equal(pair.client.context['what'], what);
      assert.equal(pair.client.goodbye, 9);
    }
    const hostKeys = [first];
    const pair = connected({}, {}, { hostKeys });
    hostKeys[0] = hostKey();
    pair.client.machine.rekey();
    pump(pair);
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_CHANGED_IN_REKEY');
  });

  it('is never offered with SHA-1, however old the key', () => {
    const rsa = { privateKey: rsaVectorKey(2048), publicKey: certified(hostKey('ssh-rsa')).publicKey };
    const pair = exchange([rsa], ['ssh-rsa-cert-v01@openssh.com']);
    assert.equal(pair.client.code, 'TRANSPORT_NO_COMMON_ALGORITHM');
  });
});
