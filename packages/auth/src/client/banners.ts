import { printable } from '@nbs-ssh/transport/wire';
import { UserauthBanner } from '../messages.ts';
import type { Tracer } from '../tracer.ts';
import { shortText } from './text.ts';

/** Longest banner handed on, in bytes. A screenful. */
const MAX_BANNER = 2048;
/** Most banners handed on. Servers send one; PAM modules a few. */
const MAX_BANNERS = 8;

/** Lets the first few texts of the server through and only counts the rest, RFC 4252 §5.4. */
export class Banners {
  readonly #tracer: Tracer;
  #seen = 0;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Banners that were not handed on. */
  get dropped(): number {
    return Math.max(0, this.#seen - MAX_BANNERS);
  }

  /**
   * @returns The text to show, or `undefined` when there were too many.
   * @throws {WireError}
   */
  receive(payload: Uint8Array): string | undefined {
    const { message } = UserauthBanner.decode(payload);
    this.#seen += 1;
    if (this.#seen > MAX_BANNERS) return undefined;
    const text = shortText(message, MAX_BANNER);
    this.#tracer.emit('auth.banner', { text: printable(text, MAX_BANNER), length: message.length });
    return text;
  }
}
