/** Shortest run of characters that counts as encoded data. Shorter ones are words, names and versions. */
export const LONG_RUN = 32;

/** A run this long needs no digit to be data: 64 is a line of PEM. */
const VERY_LONG = 64;
/**
 * Bits a character. Random base64 has 4.4 to 4.9 in 32 characters and 5.1 in 64; names and paths of that length
 * have 3.3 to 4.2 and up to 4.5. Without a separator a very long run is no name or path, and encoded structures
 * with many zero bytes have as little as 3.7.
 */
const BASE64_BITS = { long: 4.2, veryLong: 4.6, unbroken: 3.6 } as const;
/** For lower case and digits only: random has 4.2 to 4.7, identifiers below 3.7. */
const LOWER_BITS = 3.9;

/** What a run of `[A-Za-z0-9+/_=-]` of at least {@link LONG_RUN} characters is, by shape and entropy. */
export function encodedKind(run: string): 'base64' | 'hex' | undefined {
  if (/^[0-9a-f]+$/i.test(run)) return /[0-9]/.test(run) || run.length >= VERY_LONG ? 'hex' : undefined;
  const upper = /[A-Z]/.test(run);
  const lower = /[a-z]/.test(run);
  const digit = /[0-9]/.test(run);
  const sample = run.slice(0, SAMPLE);
  if (upper && lower && (digit || run.length >= VERY_LONG)) {
    const long = run.length >= VERY_LONG;
    const least = !long
      ? BASE64_BITS.long
      : /[/_-]/.test(sample)
        ? BASE64_BITS.veryLong
        : BASE64_BITS.unbroken;
    return entropy(sample) >= least ? 'base64' : undefined;
  }
  if (upper !== lower && digit && /^[A-Za-z0-9=]+$/.test(run)) {
    return entropy(sample) >= LOWER_BITS ? 'base64' : undefined;
  }
  return undefined;
}

/** Characters that are enough to judge a run by. */
const SAMPLE = 256;

function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
