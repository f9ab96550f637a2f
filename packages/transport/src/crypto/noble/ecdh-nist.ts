import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { DiffieHellman } from '../ecdh.ts';
import type { OneRoundKexSuite } from '../kex.ts';
import { NISTP256, NISTP384, NISTP521, type NistCurve, nistDh, nistKex } from '../nist.ts';

export const nobleNistp256: DiffieHellman = /* @__PURE__ */ dh(NISTP256, p256);
export const nobleNistp384: DiffieHellman = /* @__PURE__ */ dh(NISTP384, p384);
export const nobleNistp521: DiffieHellman = /* @__PURE__ */ dh(NISTP521, p521);

/** RFC 5656 §4. */
export const ecdhNistp256: OneRoundKexSuite = /* @__PURE__ */ nistKex(NISTP256, nobleNistp256);
export const ecdhNistp384: OneRoundKexSuite = /* @__PURE__ */ nistKex(NISTP384, nobleNistp384);
export const ecdhNistp521: OneRoundKexSuite = /* @__PURE__ */ nistKex(NISTP521, nobleNistp521);

function dh(curve: NistCurve, noble: ECDSA): DiffieHellman {
  return nistDh(
    curve,
    (secret) => noble.getPublicKey(secret, false),
    // The shared point is 0x04 ‖ x ‖ y, and K is its x.
    (secret, peer) => noble.getSharedSecret(secret, peer, false).slice(1, 1 + curve.fieldLength),
  );
}
