/** Bytes of key: r (clamped here) and s. */
const KEY = 32;
/** Bytes of tag. */
const TAG = 16;
const BLOCK = 16;
/** A short last block with its bit. Holds what was authenticated, which no one needs to hide. */
const LAST: Uint8Array = /* @__PURE__ */ new Uint8Array(BLOCK);
const LAST_VIEW: DataView = /* @__PURE__ */ new DataView(LAST.buffer);
const MASK22 = 0x3fffff;
const LIMB = 2 ** 22;
const PER_LIMB = 2 ** -22;
/** Weight of bit 130 in the top limb. */
const TOP = 2 ** 20;
/** Adding and taking away 1.5 · 2^52 rounds a double of smaller size to the nearest integer. */
const ROUND = 6_755_399_441_055_744;

/**
 * Poly1305, RFC 8439 §2.5, of the first `length` bytes of `data` under the one-time `key` of 32 bytes; the tag
 * goes to the first 16 bytes of `out`.
 *
 * Numbers are six limbs of 22 bits in doubles: a product of two limbs has 44 bits, a column of products less than
 * 2^52, so the arithmetic is exact, and multiplying doubles is what JavaScript engines do fastest. Limbs are balanced
 * (they may be negative) until the end. 2^132 = 4 · 2^130 ≡ 20 folds the upper columns down. Two blocks are taken
 * at once, (h + m₁) · r² + m₂ · r, so that one carry serves both. No branch and no address depends on a secret.
 */
export function poly1305(
  key: Uint8Array,
  data: Uint8Array,
  out: Uint8Array,
  length: number = data.length,
): void {
  if (key.length < KEY || out.length < TAG)
    throw new RangeError('poly1305 needs 32 bytes of key and 16 of room');
  const k = new DataView(key.buffer, key.byteOffset, KEY);
  const k0 = k.getUint32(0, true) & 0x0fffffff;
  const k1 = k.getUint32(4, true) & 0x0ffffffc;
  const k2 = k.getUint32(8, true) & 0x0ffffffc;
  const k3 = k.getUint32(12, true) & 0x0ffffffc;
  const r0 = k0 & MASK22;
  const r1 = ((k0 >>> 22) | (k1 << 10)) & MASK22;
  const r2 = ((k1 >>> 12) | (k2 << 20)) & MASK22;
  const r3 = (k2 >>> 2) & MASK22;
  const r4 = ((k2 >>> 24) | (k3 << 8)) & MASK22;
  const r5 = k3 >>> 14;
  const v1 = 20 * r1;
  const v2 = 20 * r2;
  const v3 = 20 * r3;
  const v4 = 20 * r4;
  const v5 = 20 * r5;

  // r², in nearly balanced limbs.
  let c = 0;
  let q0 = r0 * r0 + 2 * (r1 * v5 + r2 * v4) + r3 * v3;
  let q1 = 2 * (r0 * r1 + r2 * v5 + r3 * v4);
  let q2 = 2 * (r0 * r2 + r3 * v5) + r1 * r1 + r4 * v4;
  let q3 = 2 * (r0 * r3 + r1 * r2 + r4 * v5);
  let q4 = 2 * (r0 * r4 + r1 * r3) + r2 * r2 + r5 * v5;
  let q5 = 2 * (r0 * r5 + r1 * r4 + r2 * r3);
  c = q0 * PER_LIMB + ROUND - ROUND;
  q0 -= c * LIMB;
  q1 += c;
  c = q1 * PER_LIMB + ROUND - ROUND;
  q1 -= c * LIMB;
  q2 += c;
  c = q2 * PER_LIMB + ROUND - ROUND;
  q2 -= c * LIMB;
  q3 += c;
  c = q3 * PER_LIMB + ROUND - ROUND;
  q3 -= c * LIMB;
  q4 += c;
  c = q4 * PER_LIMB + ROUND - ROUND;
  q4 -= c * LIMB;
  q5 += c;
  c = q5 * PER_LIMB + ROUND - ROUND;
  q5 -= c * LIMB;
  q0 += 20 * c;
  c = q0 * PER_LIMB + ROUND - ROUND;
  q0 -= c * LIMB;
  q1 += c;
  const w1 = 20 * q1;
  const w2 = 20 * q2;
  const w3 = 20 * q3;
  const w4 = 20 * q4;
  const w5 = 20 * q5;

  let h0 = 0;
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  let h5 = 0;
  const view = new DataView(data.buffer, data.byteOffset, length);
  const pairs = length - 31;
  let at = 0;
  for (; at < pairs; at += 32) {
    let t0 = view.getUint32(at, true);
    let t1 = view.getUint32(at + 4, true);
    let t2 = view.getUint32(at + 8, true);
    let t3 = view.getUint32(at + 12, true);
    h0 += t0 & MASK22;
    h1 += ((t0 >>> 22) | (t1 << 10)) & MASK22;
    h2 += ((t1 >>> 12) | (t2 << 20)) & MASK22;
    h3 += (t2 >>> 2) & MASK22;
    h4 += ((t2 >>> 24) | (t3 << 8)) & MASK22;
    h5 += (t3 >>> 14) | 0x40000;
    t0 = view.getUint32(at + 16, true);
    t1 = view.getUint32(at + 20, true);
    t2 = view.getUint32(at + 24, true);
    t3 = view.getUint32(at + 28, true);
    const m0 = t0 & MASK22;
    const m1 = ((t0 >>> 22) | (t1 << 10)) & MASK22;
    const m2 = ((t1 >>> 12) | (t2 << 20)) & MASK22;
    const m3 = (t2 >>> 2) & MASK22;
    const m4 = ((t2 >>> 24) | (t3 << 8)) & MASK22;
    const m5 = (t3 >>> 14) | 0x40000;

    let d0 = h0 * q0 + h1 * w5 + h2 * w4 + h3 * w3 + h4 * w2 + h5 * w1;
    let d1 = h0 * q1 + h1 * q0 + h2 * w5 + h3 * w4 + h4 * w3 + h5 * w2;
    let d2 = h0 * q2 + h1 * q1 + h2 * q0 + h3 * w5 + h4 * w4 + h5 * w3;
    let d3 = h0 * q3 + h1 * q2 + h2 * q1 + h3 * q0 + h4 * w5 + h5 * w4;
    let d4 = h0 * q4 + h1 * q3 + h2 * q2 + h3 * q1 + h4 * q0 + h5 * w5;
    let d5 = h0 * q5 + h1 * q4 + h2 * q3 + h3 * q2 + h4 * q1 + h5 * q0;
    d0 += m0 * r0 + m1 * v5 + m2 * v4 + m3 * v3 + m4 * v2 + m5 * v1;
    d1 += m0 * r1 + m1 * r0 + m2 * v5 + m3 * v4 + m4 * v3 + m5 * v2;
    d2 += m0 * r2 + m1 * r1 + m2 * r0 + m3 * v5 + m4 * v4 + m5 * v3;
    d3 += m0 * r3 + m1 * r2 + m2 * r1 + m3 * r0 + m4 * v5 + m5 * v4;
    d4 += m0 * r4 + m1 * r3 + m2 * r2 + m3 * r1 + m4 * r0 + m5 * v5;
    d5 += m0 * r5 + m1 * r4 + m2 * r3 + m3 * r2 + m4 * r1 + m5 * r0;

    // Two short chains side by side, 0→1→2→3→4 and 3→4→5→0→1.
    let e = d3 * PER_LIMB + ROUND - ROUND;
    c = d0 * PER_LIMB + ROUND - ROUND;
    d3 -= e * LIMB;
    d0 -= c * LIMB;
    d4 += e;
    d1 += c;
    e = d4 * PER_LIMB + ROUND - ROUND;
    c = d1 * PER_LIMB + ROUND - ROUND;
    d4 -= e * LIMB;
    d1 -= c * LIMB;
    d5 += e;
    d2 += c;
    e = d5 * PER_LIMB + ROUND - ROUND;
    c = d2 * PER_LIMB + ROUND - ROUND;
    d5 -= e * LIMB;
    d2 -= c * LIMB;
    d0 += 20 * e;
    d3 += c;
    e = d0 * PER_LIMB + ROUND - ROUND;
    c = d3 * PER_LIMB + ROUND - ROUND;
    h0 = d0 - e * LIMB;
    h3 = d3 - c * LIMB;
    h1 = d1 + e;
    h4 = d4 + c;
    h2 = d2;
    h5 = d5;
  }
  for (; at < length; at += BLOCK) {
    let block = view;
    let from = at;
    let top = 0x40000;
    if (length - at < BLOCK) {
      // The bit behind the last byte goes into the block itself.
      LAST.fill(0);
      LAST.set(data.subarray(at, length));
      LAST[length - at] = 1;
      block = LAST_VIEW;
      from = 0;
      top = 0;
    }
    const t0 = block.getUint32(from, true);
    const t1 = block.getUint32(from + 4, true);
    const t2 = block.getUint32(from + 8, true);
    const t3 = block.getUint32(from + 12, true);
    h0 += t0 & MASK22;
    h1 += ((t0 >>> 22) | (t1 << 10)) & MASK22;
    h2 += ((t1 >>> 12) | (t2 << 20)) & MASK22;
    h3 += (t2 >>> 2) & MASK22;
    h4 += ((t2 >>> 24) | (t3 << 8)) & MASK22;
    h5 += (t3 >>> 14) | top;
    const d0 = h0 * r0 + h1 * v5 + h2 * v4 + h3 * v3 + h4 * v2 + h5 * v1;
    let d1 = h0 * r1 + h1 * r0 + h2 * v5 + h3 * v4 + h4 * v3 + h5 * v2;
    let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * v5 + h4 * v4 + h5 * v3;
    let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * v5 + h5 * v4;
    let d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0 + h5 * v5;
    let d5 = h0 * r5 + h1 * r4 + h2 * r3 + h3 * r2 + h4 * r1 + h5 * r0;
    c = d0 * PER_LIMB + ROUND - ROUND;
    h0 = d0 - c * LIMB;
    d1 += c;
    c = d1 * PER_LIMB + ROUND - ROUND;
    h1 = d1 - c * LIMB;
    d2 += c;
    c = d2 * PER_LIMB + ROUND - ROUND;
    h2 = d2 - c * LIMB;
    d3 += c;
    c = d3 * PER_LIMB + ROUND - ROUND;
    h3 = d3 - c * LIMB;
    d4 += c;
    c = d4 * PER_LIMB + ROUND - ROUND;
    h4 = d4 - c * LIMB;
    d5 += c;
    c = d5 * PER_LIMB + ROUND - ROUND;
    h5 = d5 - c * LIMB;
    h0 += 20 * c;
    c = h0 * PER_LIMB + ROUND - ROUND;
    h0 -= c * LIMB;
    h1 += c;
  }

  // Folding at bit 130 takes the multiple of p away that h5 holds. The limbs below are balanced, so together they stay
  // under 2^110 − 5 in size: what is left lies between −2^110 and p, and is negative only when h5 became 0. The chain
  // then leaves −1 in h5, and a second pass adds p once. So the result is already the least one; no comparison with p.
  for (let pass = 0; pass < 2; pass += 1) {
    c = Math.floor(h5 / TOP);
    h5 -= c * TOP;
    h0 += 5 * c;
    c = Math.floor(h0 / LIMB);
    h0 -= c * LIMB;
    h1 += c;
    c = Math.floor(h1 / LIMB);
    h1 -= c * LIMB;
    h2 += c;
    c = Math.floor(h2 / LIMB);
    h2 -= c * LIMB;
    h3 += c;
    c = Math.floor(h3 / LIMB);
    h3 -= c * LIMB;
    h4 += c;
    c = Math.floor(h4 / LIMB);
    h4 -= c * LIMB;
    h5 += c;
  }

  const tag = new DataView(out.buffer, out.byteOffset, TAG);
  let f = ((h0 | (h1 << 22)) >>> 0) + k.getUint32(16, true);
  tag.setUint32(0, f, true);
  f = (((h1 >>> 10) | (h2 << 12)) >>> 0) + k.getUint32(20, true) + Math.floor(f / 2 ** 32);
  tag.setUint32(4, f, true);
  f = (((h2 >>> 20) | (h3 << 2) | (h4 << 24)) >>> 0) + k.getUint32(24, true) + Math.floor(f / 2 ** 32);
  tag.setUint32(8, f, true);
  f = (((h4 >>> 8) | (h5 << 14)) >>> 0) + k.getUint32(28, true) + Math.floor(f / 2 ** 32);
  tag.setUint32(12, f, true);
}
