import { utf8 } from './bytes.ts';

const MASK = '[secret]';

/**
 * A password, passphrase or token on its way through the program.
 *
 * Printing, spreading, `JSON.stringify`, `structuredClone` and `util.inspect` show a mask or nothing; only
 * {@link reveal} gives the value. What a caller does with it then is the caller's care.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    // Not enumerable, so that spreading a secret copies nothing.
    Object.defineProperty(this, Symbol.for('nodejs.util.inspect.custom'), { value: () => MASK });
  }

  /** A secret from either form; secrets pass through unchanged. */
  static from(value: string | Secret): Secret {
    return value instanceof Secret ? value : new Secret(value);
  }

  reveal(): string {
    return this.#value;
  }

  revealBytes(): Uint8Array {
    return utf8(this.#value);
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }
}
