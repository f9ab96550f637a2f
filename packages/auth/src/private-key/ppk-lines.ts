import { fromBase64, fromHex, printable } from '@nbs-ssh/transport/wire';
import { invalid } from './errors.ts';

export const PPK_FORMAT = 'PuTTY private key';
/** Lines of base64 that a count may announce: 16,384 bits of RSA take 110. */
const MAX_LINES = 1024;
/** Longest line in characters. Only the comment may be long. */
const MAX_LINE = 16_384;

/**
 * The lines of a PuTTY key file: `Name: value` in a fixed order, and blocks of base64 behind a count of lines.
 *
 * The text has one character for each byte of the file, because the comment, of whatever encoding, is part of what
 * the MAC covers.
 */
export class PpkLines {
  readonly #lines: readonly string[];
  #next = 0;

  constructor(text: string) {
    // CR alone is what the oldest Macs wrote; PuTTY reads it too.
    this.#lines = text.split(/\r\n|\n|\r/);
  }

  /** Value of the next line, which must be the header `name`. */
  value(name: string): string {
    const line = this.#lines[this.#next];
    if (line === undefined || line === '') throw invalid(PPK_FORMAT, `the line ${name} is missing`);
    if (line.length > MAX_LINE) throw invalid(PPK_FORMAT, `the line ${name} is too long`);
    if (!line.startsWith(`${name}: `)) throw invalid(PPK_FORMAT, `there is no ${name} where it belongs`);
    this.#next += 1;
    return line.slice(name.length + 2);
  }

  /** Name and value of the first line. */
  first(): readonly [string, string] {
    const line = this.#lines[0] ?? '';
    const colon = line.indexOf(': ');
    if (colon < 0 || line.length > MAX_LINE) throw invalid(PPK_FORMAT, 'the first line is malformed');
    this.#next = 1;
    return [line.slice(0, colon), line.slice(colon + 2)];
  }

  /** A number in decimal. */
  count(name: string, most: number): number {
    const text = this.value(name);
    if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text)) throw invalid(PPK_FORMAT, `${name} is no number`);
    const value = Number(text);
    if (value > most) throw invalid(PPK_FORMAT, `${name} is ${printable(text)}, which is out of range`);
    return value;
  }

  hex(name: string): Uint8Array {
    const text = this.value(name);
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(text)) throw invalid(PPK_FORMAT, `${name} is not hexadecimal`);
    return fromHex(text);
  }

  /** The block of base64 behind the count `name`. */
  block(name: string): Uint8Array {
    const count = this.count(name, MAX_LINES);
    const lines = this.#lines.slice(this.#next, this.#next + count);
    if (lines.length < count) throw invalid(PPK_FORMAT, `the lines of ${name} are cut short`);
    this.#next += count;
    const bytes = fromBase64(lines.join(''));
    if (bytes === undefined || bytes.length === 0)
      throw invalid(PPK_FORMAT, `the lines of ${name} are not base64`);
    return bytes;
  }

  /** @throws {PrivateKeyError} unless only empty lines are left. */
  end(): void {
    if (this.#lines.slice(this.#next).some((line) => line !== '')) {
      throw invalid(PPK_FORMAT, 'lines follow the MAC');
    }
  }
}
