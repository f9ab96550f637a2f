import { bigintToBytes, bigintToMpint, bytesToBigint, wipe } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import type { HashName } from '../hash.ts';
import type { OneRound, OneRoundKexSuite, RandomSource } from '../kex.ts';
import { bitLength, modPow } from '../modular.ts';
import { type DhGroup, modpGroup } from './groups.ts';

/** base ^ exponent mod p, whoever computes it. The exponent is secret. */
export interface DhPower {
  /** g ^ secret mod p. */
  readonly publicValue: (group: DhGroup, secret: Uint8Array) => bigint;
  /** peer ^ secret mod p. @param peer - 1 < peer < p − 1. */
  readonly shared: (group: DhGroup, secret: Uint8Array, peer: bigint) => bigint;
}

/** In JavaScript. A BigInt cannot be wiped: what is secret here is collected at some later time. */
export const bigintPower: DhPower = {
  publicValue: ({ p, g }, secret) => modPow(g, bytesToBigint(secret), p),
  shared: ({ p }, secret, peer) => modPow(peer, bytesToBigint(secret), p),
};

/**
 * Bits of a private exponent: twice the strength of any group here (200 bits at most, for 8192), and the least that
 * OpenSSH takes. Longer ones only cost time, as the best attack on a short one is as hard as half its bits.
 */
const EXPONENT_BITS = 512;

/** Diffie-Hellman in one of the MODP groups, RFC 4253 §8 and RFC 8268. */
export function fixedGroupKex(name: string, hash: HashName, bits: number, power: DhPower): OneRoundKexSuite {
  // The prime is computed when the method is used for the first time.
  const round = (): OneRound => roundIn(name, modpGroup(bits), power);
  return {
    kind: 'one-round',
    name,
    hash,
    sharedSecretEncoding: 'mpint',
    start: (random) => round().start(random),
    respond: (random, clientPublic) => round().respond(random, clientPublic),
  };
}

/** One round in a group that is known to be good. Values are bodies of mpints. */
export function roundIn(name: string, group: DhGroup, power: DhPower): OneRound {
  const shared = (secret: Uint8Array, peer: Uint8Array): Uint8Array => {
    const k = power.shared(group, secret, publicValue(name, group, peer));
    return bigintToBytes(k, Math.ceil(bitLength(group.p) / 8));
  };
  return {
    start: (random) => {
      const secret = newExponent(random);
      return {
        clientPublic: bigintToMpint(power.publicValue(group, secret)),
        finish: (serverPublic) => {
          try {
            return shared(secret, serverPublic);
          } finally {
            wipe(secret);
          }
        },
      };
    },
    respond: (random, clientPublic) => {
      const secret = newExponent(random);
      try {
        const sharedSecret = shared(secret, clientPublic);
        return { serverPublic: bigintToMpint(power.publicValue(group, secret)), sharedSecret };
      } finally {
        wipe(secret);
      }
    },
  };
}

/** The top bit is set, so that the length is what it says and 1 is no power of g with it. */
function newExponent(random: RandomSource): Uint8Array {
  const secret = random(EXPONENT_BITS / 8);
  secret[0] = (secret[0] as number) | 0x80;
  return secret;
}

/**
 * The peer's e or f: RFC 4253 §8 wants 1 ≤ e ≤ p − 1; 1 and p − 1 are left out too, because everybody knows their
 * powers. A number above p is never reduced.
 *
 * @throws {CryptoError} `CRYPTO_BAD_PUBLIC_VALUE`
 */
function publicValue(algorithm: string, { p }: DhGroup, body: Uint8Array): bigint {
  const refuse = (reason: 'length' | 'encoding' | 'range'): never => {
    throw cryptoError('CRYPTO_BAD_PUBLIC_VALUE', { algorithm, reason });
  };
  // One byte more than p when the top bit of the value is set; nothing longer is even read.
  if (body.length > Math.ceil(bitLength(p) / 8) + 1) return refuse('length');
  const first = body[0];
  if (first === undefined || first >= 0x80) return refuse('range');
  if (first === 0 && ((body[1] ?? 0) & 0x80) === 0) return refuse('encoding');
  const value = bytesToBigint(body);
  return value > 1n && value < p - 1n ? value : refuse('range');
}
