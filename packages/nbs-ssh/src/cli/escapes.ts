/** What an escape asks for. */
export type EscapeCommand =
  | 'leave'
  | 'suspend'
  | 'help'
  | 'forwards'
  | 'break'
  | 'rekey'
  | 'more-verbose'
  | 'less-verbose';

export type Typed =
  /** Goes to the server. Never empty. */
  | { readonly type: 'keys'; readonly bytes: Uint8Array }
  | { readonly type: 'command'; readonly command: EscapeCommand };

const CR = 0x0d;
const LF = 0x0a;
const CTRL_Z = 0x1a;

const COMMANDS: ReadonlyMap<number, EscapeCommand> = new Map([
  [code('.'), 'leave'],
  [CTRL_Z, 'suspend'],
  [code('?'), 'help'],
  [code('#'), 'forwards'],
  [code('B'), 'break'],
  [code('R'), 'rekey'],
  [code('v'), 'more-verbose'],
  [code('V'), 'less-verbose'],
]);

/**
 * Takes the escapes out of what is typed, as ssh does: the escape character at the start of a line, and one key behind
 * it. Twice, it goes to the server once; in front of a key that is no escape, both go there. The escape character
 * itself is kept until the key behind it is known.
 */
export class EscapeMachine {
  readonly #escape: number | undefined;
  #lineStart = true;
  #pending = false;

  /** @param escapeChar - The character as a byte; `undefined`: no key is an escape. */
  constructor(escapeChar: number | undefined) {
    this.#escape = escapeChar;
  }

  /** What `bytes` mean, in order. */
  take(bytes: Uint8Array): readonly Typed[] {
    const escapeChar = this.#escape;
    if (escapeChar === undefined) return bytes.length === 0 ? [] : [{ type: 'keys', bytes }];
    const typed: Typed[] = [];
    let keys: number[] = [];
    const flush = (): void => {
      if (keys.length > 0) typed.push({ type: 'keys', bytes: Uint8Array.from(keys) });
      keys = [];
    };
    for (const byte of bytes) {
      if (this.#pending) {
        this.#pending = false;
        const command = byte === escapeChar ? undefined : COMMANDS.get(byte);
        if (command !== undefined) {
          flush();
          typed.push({ type: 'command', command });
          continue;
        }
        if (byte !== escapeChar) keys.push(escapeChar);
      } else if (this.#lineStart && byte === escapeChar) {
        this.#pending = true;
        continue;
      }
      keys.push(byte);
      this.#lineStart = byte === CR || byte === LF;
    }
    flush();
    return typed;
  }

  /** The input is over. @returns the escape character that waited for another key, if one did. */
  end(): readonly Typed[] {
    if (!this.#pending || this.#escape === undefined) return [];
    this.#pending = false;
    return [{ type: 'keys', bytes: Uint8Array.of(this.#escape) }];
  }
}

/** What the escapes are, a line each. @param escapeChar - As {@link EscapeMachine} has it. */
export function escapeHelp(escapeChar: number): readonly string[] {
  const shown = showEscape(escapeChar);
  return [
    'Escapes, at the start of a line:',
    ` ${shown}.   leaves: the connection is closed`,
    ` ${shown}^Z  suspends nbs-ssh`,
    ` ${shown}#   lists the forwards`,
    ` ${shown}B   sends a break`,
    ` ${shown}R   negotiates new keys`,
    ` ${shown}v   tells more of what happens; ${shown}V tells less`,
    ` ${shown}?   this text`,
    ` ${shown}${shown}   sends ${shown}`,
  ];
}

/** As it is written in a configuration. */
export function showEscape(escapeChar: number): string {
  return escapeChar < 0x20 ? `^${String.fromCharCode(escapeChar + 0x40)}` : String.fromCharCode(escapeChar);
}

function code(character: string): number {
  return character.charCodeAt(0);
}
