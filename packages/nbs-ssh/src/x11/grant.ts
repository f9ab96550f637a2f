import { type Clock, type End, endOf } from '@nbs-ssh/session';
import { socketEndpoint } from '../agent/endpoint.ts';
import { dialTcp } from '../connection/dial.ts';
import { ownCookie, untrustedCookie } from './cookies.ts';
import type { X11Settings } from './options.ts';
import { X11Problem } from './problem.ts';

/** A connection to the display, and the cookie that opens it. */
export interface Admission {
  readonly display: End;
  readonly cookie: Uint8Array | undefined;
}

/** What one session was promised: programs that bring this cookie get to this display. */
export class Grant {
  /** Made by us. It is good for nothing but telling programs of this session from others. */
  readonly cookie: Uint8Array;
  readonly settings: X11Settings;
  readonly #clock: Clock;
  readonly #expiresAt: number;
  #untrusted: Uint8Array | undefined;

  constructor(settings: X11Settings, cookie: Uint8Array, clock: Clock) {
    this.settings = settings;
    this.cookie = cookie;
    this.#clock = clock;
    const { trusted, cookieTimeoutMs } = settings;
    const forever = trusted || cookieTimeoutMs === 0;
    this.#expiresAt = forever ? Number.POSITIVE_INFINITY : clock.now() + cookieTimeoutMs;
  }

  get expired(): boolean {
    return this.#clock.now() >= this.#expiresAt;
  }

  /** Connects to the display. @throws {X11Problem}; `signal.reason` when aborted. */
  async admit(signal: AbortSignal): Promise<Admission> {
    const { address } = this.settings.display;
    // The display makes a cookie for untrusted programs once; asking does not need the connection below.
    const untrusted = this.settings.trusted ? undefined : await this.#untrustedCookie(signal);
    const { end, ip } = await this.#dial(address, signal);
    try {
      return { display: end, cookie: untrusted ?? (await ownCookie(this.settings, ip)) };
    } catch (error) {
      await Promise.allSettled([end.reader.cancel(), end.writer.abort()]);
      throw error;
    }
  }

  async #untrustedCookie(signal: AbortSignal): Promise<Uint8Array> {
    this.#untrusted ??= await untrustedCookie(this.settings, signal);
    return this.#untrusted;
  }

  async #dial(
    address: X11Settings['display']['address'],
    signal: AbortSignal,
  ): Promise<{ readonly end: End; readonly ip: string | undefined }> {
    try {
      if (address.type === 'unix') {
        return { end: endOf(await socketEndpoint(address.path).connect(signal)), ip: undefined };
      }
      const { host, port } = address;
      const dialled = await dialTcp({ host, port, bindAddress: undefined, family: 0 }, signal);
      return { end: endOf(dialled.duplex), ip: dialled.address };
    } catch (cause) {
      throw signal.aborted ? signal.reason : new X11Problem('display_unreachable', { cause });
    }
  }
}
