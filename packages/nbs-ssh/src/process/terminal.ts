import { type SessionRequest, type TerminalMode, TerminalOpcode } from '@nbs-ssh/channels';

/** Name of a terminal mode, as in RFC 4254 §8 and RFC 8160. */
export type TerminalModeName = keyof typeof TerminalOpcode;

/**
 * Modes of a terminal by name. `true` and `false` for those that are on or off, the character's code for those that
 * begin with `V` (255: none), bits per second for the two speeds.
 */
export type TerminalModes = { readonly [M in TerminalModeName]?: boolean | number };

/** A pseudo-terminal, RFC 4254 §6.2. */
export interface PtyOptions {
  /** Value of TERM. Default `xterm-256color`. */
  readonly term?: string;
  /** Default 80. */
  readonly columns?: number;
  /** Default 24. */
  readonly rows?: number;
  /** Default 0: not known. */
  readonly widthPixels?: number;
  readonly heightPixels?: number;
  /**
   * Added to the default, which is IUTF8: text here is UTF-8, and a terminal must know to erase a whole character. All
   * other modes are left to the server, as `ssh` leaves them when it has no terminal of its own.
   */
  readonly modes?: TerminalModes;
}

/** Size in pixels, where it is known. */
export interface PixelSize {
  readonly widthPixels?: number;
  readonly heightPixels?: number;
}

const MAX_UINT32 = 0xffff_ffff;

const DEFAULT_MODES: TerminalModes = { IUTF8: true };

/** @throws {TypeError | RangeError} for a mode that has no such name or no such value, and for what is no size. */
export function ptyRequest(pty: true | PtyOptions): SessionRequest {
  if (pty !== true && (typeof pty !== 'object' || pty === null)) {
    throw new TypeError('pty is true, false or an object with options');
  }
  const {
    term = 'xterm-256color',
    columns = 80,
    rows = 24,
    widthPixels = 0,
    heightPixels = 0,
    modes,
  } = pty === true ? {} : pty;
  const size = { columns, rows, widthPixels, heightPixels };
  checkSize(size);
  return { type: 'pty-req', term, ...size, modes: encodedModes({ ...DEFAULT_MODES, ...modes }) };
}

/** @throws {RangeError} for a number that SSH cannot say. */
export function checkSize(sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (Number.isInteger(value) && value >= 0 && value <= MAX_UINT32) continue;
    throw new RangeError(`${name} must be a whole number from 0 to ${MAX_UINT32}, got ${value}`);
  }
}

function encodedModes(modes: TerminalModes): readonly TerminalMode[] {
  return Object.entries(modes).map(([name, value]) => {
    if (!Object.hasOwn(TerminalOpcode, name)) throw new TypeError(`there is no terminal mode ${name}`);
    const argument = typeof value === 'boolean' ? Number(value) : value;
    if (
      typeof argument !== 'number' ||
      !Number.isInteger(argument) ||
      argument < 0 ||
      argument > MAX_UINT32
    ) {
      throw new TypeError(`the terminal mode ${name} takes true, false or a whole number, got ${value}`);
    }
    return { opcode: TerminalOpcode[name as TerminalModeName], argument };
  });
}
