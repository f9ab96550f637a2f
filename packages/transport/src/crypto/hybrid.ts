import { concat, wipe } from '../wire/index.ts';
import { type DiffieHellman, sharedSecret } from './ecdh.ts';
import { cryptoError } from './errors.ts';
import type { HashName } from './hash.ts';
import type { Encapsulation, Kem } from './kem.ts';
import type { OneRoundKexSuite, RandomSource } from './kex.ts';

/**
 * A post-quantum exchange beside a classic one, RFC 9941 §3 and draft-ietf-sshm-mlkem-hybrid-kex §2: C_INIT is the
 * mechanism's public key with the classic value behind it, S_REPLY its ciphertext with the classic value behind it, and K,
 * a string, the hash of both shared secrets in this order.
 */
export function hybridKex(
  name: string,
  hash: HashName,
  kem: Kem,
  dh: DiffieHellman,
  digest: (bytes: Uint8Array) => Uint8Array,
): OneRoundKexSuite {
  const split = (value: Uint8Array, postQuantumLength: number): readonly [Uint8Array, Uint8Array] => {
    if (value.length !== postQuantumLength + dh.publicLength) {
      throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm: name, reason: 'length' });
    }
    return [value.subarray(0, postQuantumLength), value.subarray(postQuantumLength)];
  };
  const combine = (postQuantum: Uint8Array, classic: Uint8Array): Uint8Array => {
    const both = concat(postQuantum, classic);
    const k = digest(both);
    wipe(both, postQuantum, classic);
    return k;
  };
  return {
    kind: 'one-round',
    name,
    hash,
    sharedSecretEncoding: 'string',
    start: (random) => {
      const pair = kem.keygen(random);
      const secret = dh.newSecret(random);
      return {
        clientPublic: concat(pair.publicKey, dh.publicValue(secret)),
        finish: (serverPublic) => {
          try {
            const [ciphertext, point] = split(serverPublic, kem.ciphertextLength);
            const classic = sharedSecret(name, dh, secret, point);
            return combine(kem.decapsulate(ciphertext, pair.secretKey), classic);
          } finally {
            wipe(secret, pair.secretKey);
          }
        },
      };
    },
    respond: (random, clientPublic) => {
      const [publicKey, point] = split(clientPublic, kem.publicLength);
      const secret = dh.newSecret(random);
      try {
        // First the cheap check: a server must not encapsulate for a value it refuses anyway.
        const classic = sharedSecret(name, dh, secret, point);
        const answer = encapsulate(name, kem, publicKey, random);
        return {
          serverPublic: concat(answer.ciphertext, dh.publicValue(secret)),
          sharedSecret: combine(answer.sharedSecret, classic),
        };
      } finally {
        wipe(secret);
      }
    },
  };
}

function encapsulate(
  algorithm: string,
  kem: Kem,
  publicKey: Uint8Array,
  random: RandomSource,
): Encapsulation {
  try {
    return kem.encapsulate(publicKey, random);
  } catch (cause) {
    throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm, reason: 'encoding' }, { cause });
  }
}
