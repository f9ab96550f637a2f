/** RFC 5116 §5.1 and RFC 5647 §7.1: 12 bytes of nonce, of which 8 count invocations. All lengths in bytes. */
export const GCM_NONCE = 12;
export const GCM_TAG = 16;
const FIXED = 4;

/**
 * Moves a GCM nonce to the next packet, RFC 5647 §7.1: the last 8 bytes are a counter, big-endian. It begins
 * anywhere, so it may wrap within itself; the fixed 4 bytes never change.
 */
export function advanceNonce(nonce: Uint8Array): void {
  for (let i = GCM_NONCE - 1; i >= FIXED; i -= 1) {
    const next = ((nonce[i] as number) + 1) & 0xff;
    nonce[i] = next;
    if (next !== 0) return;
  }
}
