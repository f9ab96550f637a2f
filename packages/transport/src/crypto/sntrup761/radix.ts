/** The limit of the submission: two numbers below it make one below 2^28. */
const LIMIT = 16384;

/**
 * Numbers with public bounds as bytes, in a little more than the logarithm of the product of the bounds: `Encode` and
 * `Decode` of the submission. Neighbours are merged, x₀ + m₀ · x₁, and while the bound of the merged number is
 * {@link LIMIT} or more, its lowest byte is put out. That repeats with half as many numbers, until one is left.
 *
 * Which bytes there are depends only on the bounds, so it is laid out once.
 */
export interface Radix {
  readonly length: number;
  readonly levels: readonly Level[];
  readonly lastBound: number;
  readonly lastBytes: number;
}

interface Level {
  readonly bounds: Int32Array;
  /** For division by multiplication. */
  readonly reciprocals: Float64Array;
  /** How many bytes each pair puts out, and where. */
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

/** The layout for `count` numbers that are all below `bound`. */
export function radix(count: number, bound: number): Radix {
  const levels: Level[] = [];
  let bounds = new Int32Array(count).fill(bound);
  let length = 0;
  while (bounds.length > 1) {
    const pairs = bounds.length >> 1;
    const next = new Int32Array((bounds.length + 1) >> 1);
    const bytes = new Uint8Array(pairs);
    const offsets = new Int32Array(pairs);
    for (let i = 0; i < pairs; i += 1) {
      let merged = (bounds[2 * i] as number) * (bounds[2 * i + 1] as number);
      offsets[i] = length;
      for (; merged >= LIMIT; merged = (merged + 255) >> 8) {
        bytes[i] = (bytes[i] as number) + 1;
        length += 1;
      }
      next[i] = merged;
    }
    if (bounds.length % 2 === 1) next[pairs] = bounds.at(-1) as number;
    levels.push({ bounds, reciprocals: Float64Array.from(bounds, (value) => 1 / value), bytes, offsets });
    bounds = next;
  }
  const lastBound = bounds[0] as number;
  let lastBytes = 0;
  for (let rest = lastBound; rest > 1; rest = (rest + 255) >> 8) lastBytes += 1;
  return { length: length + lastBytes, levels, lastBound, lastBytes };
}

/** @param numbers - Each below its bound. Overwritten. */
export function encode(layout: Radix, numbers: Int32Array): Uint8Array {
  const out = new Uint8Array(layout.length);
  let at = 0;
  for (const { bounds, bytes } of layout.levels) {
    for (let i = 0; i < bytes.length; i += 1) {
      let merged =
        (numbers[2 * i] as number) + Math.imul(numbers[2 * i + 1] as number, bounds[2 * i] as number);
      for (let k = bytes[i] as number; k > 0; k -= 1) {
        out[at] = merged & 0xff;
        at += 1;
        merged >>= 8;
      }
      numbers[i] = merged;
    }
    if (bounds.length % 2 === 1) numbers[bytes.length] = numbers[bounds.length - 1] as number;
  }
  let rest = numbers[0] as number;
  for (let k = layout.lastBytes; k > 0; k -= 1) {
    out[at] = rest & 0xff;
    at += 1;
    rest >>= 8;
  }
  return out;
}

/**
 * The numbers that `bytes` say. Bytes that {@link encode} never makes give numbers within their bounds too, by
 * reduction: whoever must know encodes again and compares.
 *
 * @param bytes - Have the layout's length.
 */
export function decode(layout: Radix, bytes: Uint8Array): Int32Array {
  const { levels, length, lastBound, lastBytes } = layout;
  const last = littleEndian(bytes, length - lastBytes, lastBytes);
  let numbers = Int32Array.of(last - lastBound * quotient(last, lastBound, 1 / lastBound));
  for (let depth = levels.length - 1; depth >= 0; depth -= 1) {
    const level = levels[depth] as Level;
    const wider = new Int32Array(level.bounds.length);
    for (let i = 0; i < level.bytes.length; i += 1) {
      const count = level.bytes[i] as number;
      const merged =
        littleEndian(bytes, level.offsets[i] as number, count) + ((numbers[i] as number) << (8 * count));
      const [low, high] = [level.bounds[2 * i] as number, level.bounds[2 * i + 1] as number];
      const upper = quotient(merged, low, level.reciprocals[2 * i] as number);
      wider[2 * i] = merged - Math.imul(low, upper);
      wider[2 * i + 1] =
        upper - Math.imul(high, quotient(upper, high, level.reciprocals[2 * i + 1] as number));
    }
    if (wider.length % 2 === 1) wider[wider.length - 1] = numbers.at(-1) as number;
    numbers = wider;
  }
  return numbers;
}

/** `x` divided by `divisor`, rounded down, in time that depends on neither; both are below 2^30 and not negative. */
function quotient(x: number, divisor: number, reciprocal: number): number {
  // The product of doubles is off by less than one, so its integer part is right, one too small or one too large.
  const estimate = (x * reciprocal) | 0;
  const rest = x - Math.imul(estimate, divisor);
  return estimate + (rest >> 31) + 1 + ((rest - divisor) >> 31);
}

function littleEndian(bytes: Uint8Array, offset: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i -= 1) value = (value << 8) | (bytes[offset + i] as number);
  return value;
}
