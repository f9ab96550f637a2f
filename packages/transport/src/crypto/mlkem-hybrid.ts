import { concat, wipe } from '../wire/index.ts';
import { type DiffieHellman, sharedSecret } from './ecdh.ts';
import { cryptoError } from './errors.ts';
import type { OneRoundKexSuite } from './kex.ts';

/** ML-KEM as bytes in, bytes out; every random input is an argument (FIPS 203 §6). */
export interface Kem {
  readonly seedLength: number;
  readonly messageLength: number;
  readonly publicLength: number;
  readonly ciphertextLength: number;
  readonly keygen: (seed: Uint8Array) => { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  /** @throws when `publicKey` fails the modulus check, FIPS 203 §7.2. */
  readonly encapsulate: (
    publicKey: Uint8Array,
    message: Uint8Array,
  ) => { readonly cipherText: Uint8Array; readonly sharedSecret: Uint8Array };
  /** A damaged ciphertext gives an unrelated secret, FIPS 203 §6.3: the exchange then fails at the signature. */
  readonly decapsulate: (ciphertext: Uint8Array, secretKey: Uint8Array) => Uint8Array;
}

/**
 * `mlkem768x25519-sha256`, draft-ietf-sshm-mlkem-hybrid-kex: C_INIT is the ML-KEM encapsulation key with the X25519
 * value behind it, S_REPLY the ciphertext with the X25519 value, K the hash of both shared secrets in this order.
 */
export function mlkemHybrid(
  name: string,
  kem: Kem,
  dh: DiffieHellman,
  sha256: (bytes: Uint8Array) => Uint8Array,
): OneRoundKexSuite {
  const split = (value: Uint8Array, postQuantumLength: number): readonly [Uint8Array, Uint8Array] => {
    if (value.length !== postQuantumLength + dh.publicLength) {
      throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm: name, reason: 'length' });
    }
    return [value.subarray(0, postQuantumLength), value.subarray(postQuantumLength)];
  };
  const combine = (postQuantum: Uint8Array, classic: Uint8Array): Uint8Array => {
    const both = concat(postQuantum, classic);
    const k = sha256(both);
    wipe(both, postQuantum, classic);
    return k;
  };
  return {
    kind: 'one-round',
    name,
    hash: 'sha256',
    sharedSecretEncoding: 'string',
    start: (random) => {
      const seed = random(kem.seedLength);
      const pair = kem.keygen(seed);
      wipe(seed);
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
      const message = random(kem.messageLength);
      const secret = dh.newSecret(random);
      try {
        // First the cheap check: a server must not compute ML-KEM for a value it refuses anyway.
        const classic = sharedSecret(name, dh, secret, point);
        const answer = encapsulate(name, kem, publicKey, message);
        return {
          serverPublic: concat(answer.cipherText, dh.publicValue(secret)),
          sharedSecret: combine(answer.sharedSecret, classic),
        };
      } finally {
        wipe(secret, message);
      }
    },
  };
}

function encapsulate(
  algorithm: string,
  kem: Kem,
  publicKey: Uint8Array,
  message: Uint8Array,
): ReturnType<Kem['encapsulate']> {
  try {
    return kem.encapsulate(publicKey, message);
  } catch (cause) {
    throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm, reason: 'encoding' }, { cause });
  }
}
