import type { CryptoProvider } from '../crypto/index.ts';
import { plainKeyOf } from './certificate.ts';
import { keyBits, keyLabel } from './describe.ts';
import type { FingerprintHash } from './fingerprint.ts';
import type { PublicKey } from './types.ts';

/** The field that OpenSSH draws on. */
const WIDTH = 17;
const HEIGHT = 9;
/** By how often the bishop came by; the last two mark where it began and where it ended. */
const SYMBOLS = ' .o+=*BOX@%&#/^SE';
const START = SYMBOLS.length - 2;
const END = SYMBOLS.length - 1;

/**
 * The picture of a key that `ssh-keygen -l -v` draws: the walk of the drunken bishop over its fingerprint. Of a
 * certificate it is that of the certified key.
 *
 * @returns eleven lines, without a line end after the last one.
 */
export function randomart(
  hash: CryptoProvider['hash'],
  publicKey: PublicKey,
  name: FingerprintHash = 'sha256',
): string {
  const label = keyLabel(publicKey);
  const full = `[${label} ${keyBits(publicKey.material)}]`;
  // OpenSSH prints into as many bytes as the field is wide, and drops the size when even that overflows.
  const title = full.length > WIDTH ? `[${label}]` : full.slice(0, WIDTH - 1);
  const field = walk(hash(name, plainKeyOf(publicKey).blob));
  const rows = field.map((row) => `|${row.map((count) => SYMBOLS.charAt(count)).join('')}|`);
  return [border(title), ...rows, border(`[${name.toUpperCase()}]`)].join('\n');
}

/** Two bits for each step, least significant first: right or left, down or up; walls are slid along. */
function walk(digest: Uint8Array): readonly (readonly number[])[] {
  const field = Array.from({ length: HEIGHT }, () => new Array<number>(WIDTH).fill(0));
  const middle = { x: (WIDTH - 1) / 2, y: (HEIGHT - 1) / 2 };
  const bishop = { ...middle };
  const mark = ({ x, y }: typeof middle, change: (count: number) => number): void => {
    const row = field[y] as number[];
    row[x] = change(row[x] as number);
  };
  for (const byte of digest) {
    for (let shift = 0; shift < 8; shift += 2) {
      bishop.x = within(bishop.x + ((byte >> shift) & 1 ? 1 : -1), WIDTH);
      bishop.y = within(bishop.y + ((byte >> shift) & 2 ? 1 : -1), HEIGHT);
      mark(bishop, (count) => Math.min(count + 1, START - 1));
    }
  }
  mark(middle, () => START);
  mark(bishop, () => END);
  return field;
}

const within = (at: number, size: number): number => Math.max(0, Math.min(at, size - 1));

function border(title: string): string {
  const left = Math.floor((WIDTH - title.length) / 2);
  return `+${'-'.repeat(left)}${title}${'-'.repeat(WIDTH - left - title.length)}+`;
}
