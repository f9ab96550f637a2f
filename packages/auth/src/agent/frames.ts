import { concat, EMPTY } from '@nbs-ssh/transport/wire';
import { agentProtocolError } from './errors.ts';

/** Longest message, in bytes: OpenSSH's and other agents' own bound. A thousand keys of the usual kind fit in. */
export const MAX_AGENT_MESSAGE = 262_144;

/** Pieces of one message that are kept apart. */
const MAX_CHUNKS = 1024;

/** Cuts a byte stream into messages, draft-ietf-sshm-ssh-agent §5: `uint32 length`, then so many bytes. */
export class AgentFrames {
  #chunks: Uint8Array[] = [];
  #held = 0;
  #wanted: number | undefined;

  /** Whether a message has begun and not ended. */
  get midMessage(): boolean {
    return this.#held > 0 || this.#wanted !== undefined;
  }

  /** Bytes kept. */
  get held(): number {
    return this.#held;
  }

  /** Takes over `bytes`, which must not change afterwards. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#held += bytes.length;
    // Whoever sends a byte at a time must not make us keep an object for each.
    if (this.#chunks.length >= MAX_CHUNKS) this.#chunks = [concat(...this.#chunks)];
  }

  /**
   * The next whole message, without its length.
   *
   * @throws {AgentProtocolError} `AGENT_FRAME`, as soon as the length is known.
   */
  next(): Uint8Array | undefined {
    if (this.#wanted === undefined) {
      if (this.#held < 4) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = this.#take(4);
      const length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      if (length === 0 || length > MAX_AGENT_MESSAGE) {
        throw agentProtocolError('AGENT_FRAME', { length, limit: MAX_AGENT_MESSAGE });
      }
      this.#wanted = length;
    }
    if (this.#held < this.#wanted) return undefined;
    const message = this.#take(this.#wanted);
    this.#wanted = undefined;
    return message;
  }

  /** Drops everything: whoever closes needs nothing of it. */
  clear(): void {
    this.#chunks = [];
    this.#held = 0;
    this.#wanted = undefined;
  }

  #take(length: number): Uint8Array {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? EMPTY) : concat(...this.#chunks);
    const rest = all.subarray(length);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    return all.subarray(0, length);
  }
}

/** A message with its length in front. */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + message.length);
  new DataView(frame.buffer).setUint32(0, message.length);
  frame.set(message, 4);
  return frame;
}
