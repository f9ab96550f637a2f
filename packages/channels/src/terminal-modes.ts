import { WireReader, WireWriter } from '@nbs-ssh/transport/wire';

/** One encoded terminal mode, RFC 4254 §8. Opcodes 1–159 take a uint32 argument. */
export interface TerminalMode {
  readonly opcode: number;
  readonly argument: number;
}

/** Most modes in one list. There are 159 opcodes with an argument, and no reason to repeat one. */
export const MAX_TERMINAL_MODES = 159;

const TTY_OP_END = 0;
/** First opcode that has no defined argument: parsing stops there, RFC 4254 §8. */
const FIRST_UNDEFINED = 160;

/** Opcodes by the names of RFC 4254 §8, and IUTF8 of RFC 8160. */
export const TerminalOpcode = {
  VINTR: 1,
  VQUIT: 2,
  VERASE: 3,
  VKILL: 4,
  VEOF: 5,
  VEOL: 6,
  VEOL2: 7,
  VSTART: 8,
  VSTOP: 9,
  VSUSP: 10,
  VDSUSP: 11,
  VREPRINT: 12,
  VWERASE: 13,
  VLNEXT: 14,
  VFLUSH: 15,
  VSWTCH: 16,
  VSTATUS: 17,
  VDISCARD: 18,
  IGNPAR: 30,
  PARMRK: 31,
  INPCK: 32,
  ISTRIP: 33,
  INLCR: 34,
  IGNCR: 35,
  ICRNL: 36,
  IUCLC: 37,
  IXON: 38,
  IXANY: 39,
  IXOFF: 40,
  IMAXBEL: 41,
  IUTF8: 42,
  ISIG: 50,
  ICANON: 51,
  XCASE: 52,
  ECHO: 53,
  ECHOE: 54,
  ECHOK: 55,
  ECHONL: 56,
  NOFLSH: 57,
  TOSTOP: 58,
  IEXTEN: 59,
  ECHOCTL: 60,
  ECHOKE: 61,
  PENDIN: 62,
  OPOST: 70,
  OLCUC: 71,
  ONLCR: 72,
  OCRNL: 73,
  ONOCR: 74,
  ONLRET: 75,
  CS7: 90,
  CS8: 91,
  PARENB: 92,
  PARODD: 93,
  TTY_OP_ISPEED: 128,
  TTY_OP_OSPEED: 129,
} as const;

/**
 * Encodes modes for pty-req, with TTY_OP_END at the end.
 *
 * @throws {RangeError} for an opcode outside 1–159 or an argument that is no uint32.
 */
export function encodeTerminalModes(modes: readonly TerminalMode[]): Uint8Array {
  const writer = new WireWriter(modes.length * 5 + 1);
  for (const { opcode, argument } of modes) {
    if (!(Number.isInteger(opcode) && opcode > TTY_OP_END && opcode < FIRST_UNDEFINED)) {
      throw new RangeError(`terminal mode opcode ${opcode} is not in 1–159`);
    }
    if (!Number.isInteger(argument) || argument < 0 || argument > 0xffffffff) {
      throw new RangeError(`terminal mode argument ${argument} is not a uint32`);
    }
    writer.u8(opcode).u32(argument);
  }
  return writer.u8(TTY_OP_END).finish();
}

/**
 * Reads encoded terminal modes.
 *
 * Unknown opcodes below 160 are kept; one from 160 on ends the list, as RFC 4254 §8 says. A list may end
 * without TTY_OP_END: many clients send an empty string.
 *
 * @returns `undefined` when an argument is cut off or there are more than {@link MAX_TERMINAL_MODES}.
 */
export function parseTerminalModes(encoded: Uint8Array): readonly TerminalMode[] | undefined {
  const reader = new WireReader(encoded);
  const modes: TerminalMode[] = [];
  while (reader.remaining > 0) {
    const opcode = reader.u8('opcode');
    if (opcode === TTY_OP_END || opcode >= FIRST_UNDEFINED) break;
    if (reader.remaining < 4 || modes.length === MAX_TERMINAL_MODES) return undefined;
    modes.push({ opcode, argument: reader.u32('argument') });
  }
  return modes;
}
