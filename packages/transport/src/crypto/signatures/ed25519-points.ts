import { fromHex, toHex } from '../../wire/index.ts';

/** 2^255 − 19, little-endian. */
const PRIME: Uint8Array = /* @__PURE__ */ fromHex(
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
);

/** y of the eight points whose order divides 8, little-endian; x and −x share one. */
const SMALL_ORDER: ReadonlySet<string> = /* @__PURE__ */ new Set([
  '0100000000000000000000000000000000000000000000000000000000000000', // order 1
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // order 2
  '0000000000000000000000000000000000000000000000000000000000000000', // order 4
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
]);

/**
 * Says whether 32 bytes may be an Ed25519 public key: y is reduced, as RFC 8032 §5.1.3 wants, and the point is not
 * of small order. Libraries that come from the reference code check neither. Whether it is on the curve they check.
 */
export function isAcceptableEd25519(publicKey: Uint8Array): boolean {
  const y = new Uint8Array(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return isBelowPrime(y) && !SMALL_ORDER.has(toHex(y));
}

function isBelowPrime(y: Uint8Array): boolean {
  for (let i = 31; i >= 0; i -= 1) {
    const difference = (y[i] as number) - (PRIME[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
