import { wipe } from '../wire/index.ts';
import { cryptoError } from './errors.ts';
import type { HashName } from './hash.ts';
import type { OneRoundKexSuite, RandomSource } from './kex.ts';

/** One Diffie-Hellman function, whoever computes it. */
export interface DiffieHellman {
  /** Length of every public value, in bytes. */
  readonly publicLength: number;
  readonly newSecret: (random: RandomSource) => Uint8Array;
  readonly publicValue: (secret: Uint8Array) => Uint8Array;
  /**
   * @param peer - Has `publicLength` bytes.
   * @returns The secret in big-endian bytes, or why there is none.
   */
  readonly shared: (secret: Uint8Array, peer: Uint8Array) => Uint8Array | 'point' | 'weak' | 'encoding';
}

/** The classic exchange, RFC 5656 §4: K is the shared secret as an mpint. */
export function ecdhKex(name: string, hash: HashName, dh: DiffieHellman): OneRoundKexSuite {
  return {
    kind: 'one-round',
    name,
    hash,
    sharedSecretEncoding: 'mpint',
    start: (random) => {
      const secret = dh.newSecret(random);
      return {
        clientPublic: dh.publicValue(secret),
        finish: (serverPublic) => {
          try {
            return sharedSecret(name, dh, secret, serverPublic);
          } finally {
            wipe(secret);
          }
        },
      };
    },
    respond: (random, clientPublic) => {
      const secret = dh.newSecret(random);
      try {
        const shared = sharedSecret(name, dh, secret, clientPublic);
        return { serverPublic: dh.publicValue(secret), sharedSecret: shared };
      } finally {
        wipe(secret);
      }
    },
  };
}

/** @throws {CryptoError} `CRYPTO_BAD_PUBLIC_VALUE` */
export function sharedSecret(
  algorithm: string,
  dh: DiffieHellman,
  secret: Uint8Array,
  peer: Uint8Array,
): Uint8Array {
  if (peer.length !== dh.publicLength) {
    throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm, reason: 'length' });
  }
  const shared = dh.shared(secret, peer);
  if (typeof shared === 'string') {
    throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm, reason: shared });
  }
  return shared;
}

/** RFC 8731 §3: an all-zero result means a point of small order and must be refused. In constant time. */
export function isAllZero(bytes: Uint8Array): boolean {
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  return bits === 0;
}
