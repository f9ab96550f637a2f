import { createHash } from 'node:crypto';
import type { RandomSource } from '@nbs-ssh/transport/crypto';

/**
 * Randomness that is the same in every run with the same seed.
 *
 * INSECURE by design: for tests only, where a whole session must be a function of its inputs. Block n is
 * SHA-256 of `seed ‖ n`.
 */
export function seededRandom(seed: string | number): RandomSource {
  let block: Uint8Array = new Uint8Array(0);
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      if (block.length === 0) {
        block = createHash('sha256').update(`${seed}/${counter}`).digest();
        counter += 1;
      }
      const part = block.subarray(0, length - filled);
      out.set(part, filled);
      block = block.subarray(part.length);
      filled += part.length;
    }
    return out;
  };
}

/** Whole numbers from 0 up to, not including, `limit`. Slightly uneven, which tests do not mind. */
export function randomInteger(random: RandomSource, limit: number): number {
  const bytes = random(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % limit;
}
