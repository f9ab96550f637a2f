import { bigintToBytes, bytesToBigint, wipe } from '../wire/index.ts';
import { type DiffieHellman, ecdhKex } from './ecdh.ts';
import type { HashName } from './hash.ts';
import type { OneRoundKexSuite, RandomSource } from './kex.ts';

/** A NIST curve as RFC 5656 §6.2.1 uses it for key exchange. */
export interface NistCurve {
  readonly kex: string;
  readonly hash: HashName;
  /** Name in OpenSSL, and so in `node:crypto`. */
  readonly openssl: string;
  /** Bytes of a coordinate. */
  readonly fieldLength: number;
  /** SEC 2 §2.4, §2.5, §2.6. */
  readonly order: bigint;
}

export const NISTP256: NistCurve = {
  kex: 'ecdh-sha2-nistp256',
  hash: 'sha256',
  openssl: 'prime256v1',
  fieldLength: 32,
  order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
};
export const NISTP384: NistCurve = {
  kex: 'ecdh-sha2-nistp384',
  hash: 'sha384',
  openssl: 'secp384r1',
  fieldLength: 48,
  order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};
export const NISTP521: NistCurve = {
  kex: 'ecdh-sha2-nistp521',
  hash: 'sha512',
  openssl: 'secp521r1',
  fieldLength: 66,
  order:
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

/** A random source that gives 64 bad scalars in a row (at worst one in 2^32 is bad) is broken, not unlucky. */
const TRIES = 64;
const UNCOMPRESSED = 0x04;

/** The curve's Diffie-Hellman from its two operations; checks and scalars are the same for every provider. */
export function nistDh(
  curve: NistCurve,
  publicValue: (secret: Uint8Array) => Uint8Array,
  /** @throws when `peer`, which begins with 0x04, is not a point of the curve. */
  multiplyX: (secret: Uint8Array, peer: Uint8Array) => Uint8Array,
): DiffieHellman {
  return {
    publicLength: 1 + 2 * curve.fieldLength,
    newSecret: (random) => newScalar(curve, random),
    publicValue,
    shared: (secret, peer) => {
      // RFC 5656 §4 leaves compressed points to an agreement that SSH never makes; infinity is one zero byte.
      if (peer[0] !== UNCOMPRESSED) return 'encoding';
      try {
        return multiplyX(secret, peer);
      } catch {
        return 'point';
      }
    },
  };
}

export const nistKex = (curve: NistCurve, dh: DiffieHellman): OneRoundKexSuite =>
  ecdhKex(curve.kex, curve.hash, dh);

/** Uniform in [1, n − 1], by rejection: FIPS 186-5 A.3.2. */
function newScalar(curve: NistCurve, random: RandomSource): Uint8Array {
  const topBits = curve.order.toString(2).length % 8;
  const mask = topBits === 0 ? 0xff : (1 << topBits) - 1;
  for (let i = 0; i < TRIES; i += 1) {
    const candidate = random(curve.fieldLength);
    candidate[0] = (candidate[0] as number) & mask;
    const value = bytesToBigint(candidate);
    if (value > 0n && value < curve.order) return bigintToBytes(value, curve.fieldLength);
    wipe(candidate);
  }
  throw new RangeError(`the random source gives no scalar for ${curve.kex}`);
}
