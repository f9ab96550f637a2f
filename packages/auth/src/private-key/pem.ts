import { fromBase64, printable } from '@nbs-ssh/transport/wire';
import { invalid } from './errors.ts';

/** One `-----BEGIN label-----` block, RFC 7468. */
export interface PemBlock {
  readonly label: string;
  readonly body: Uint8Array;
  /** Header lines of the old PEM encryption (RFC 1421), which modern blocks do not have. */
  readonly headers: readonly string[];
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
/** Blocks looked at in one file: an EC file has two, parameters and key. */
const MAX_BLOCKS = 16;

/**
 * The first block that `wanted` accepts. Text around blocks is skipped, as OpenSSL does.
 *
 * @returns `undefined` when there is no such block.
 * @throws {PrivateKeyError} `AUTH_KEY_INVALID_FORMAT` when a block has no end or is not base64.
 */
export function findPemBlock(text: string, wanted: (label: string) => boolean): PemBlock | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  let blocks = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const label = labelOf(lines[at] as string, BEGIN);
    if (label === undefined) continue;
    blocks += 1;
    if (blocks > MAX_BLOCKS) throw invalid('PEM', `more than ${MAX_BLOCKS} blocks`);
    const end = lines.indexOf(`${END}${label}${DASHES}`, at + 1);
    if (end === -1) throw invalid('PEM', `the ${printable(label, 64)} block has no end`);
    if (wanted(label)) return decode(label, lines.slice(at + 1, end));
    at = end;
  }
  return undefined;
}

function labelOf(line: string, start: string): string | undefined {
  const fits = line.startsWith(start) && line.endsWith(DASHES) && line.length > start.length + DASHES.length;
  return fits ? line.slice(start.length, -DASHES.length) : undefined;
}

function decode(label: string, lines: readonly string[]): PemBlock {
  // A header has a colon, which base64 never has; continuation lines run up to the first empty line.
  const headed = lines[0]?.includes(':') === true;
  const gap = headed ? lines.indexOf('') : 0;
  const headers = headed ? lines.slice(0, gap === -1 ? lines.length : gap) : [];
  const body = fromBase64(lines.slice(headers.length).join('').replace(/[ \t]/g, ''));
  if (body === undefined) throw invalid('PEM', `the ${printable(label, 64)} block is not base64`);
  return { label, body, headers };
}
