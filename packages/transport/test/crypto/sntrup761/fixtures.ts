import { createHash } from 'node:crypto';
import type { Kem } from '../../../src/crypto/kem.ts';
import { sntrup761 } from '../../../src/crypto/sntrup761/index.ts';

export const kem: Kem = /* @__PURE__ */ sntrup761((...parts) => {
  const state = createHash('sha512');
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
});

export const PUBLIC = 1158;
export const CIPHERTEXT = 1039;

export function changed(bytes: Uint8Array, at: number, xor: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ xor;
  return copy;
}
