import {
  COOKIE_LENGTH,
  decodeX11Open,
  encodeX11Setup,
  MIT_MAGIC_COOKIE,
  OpenFailureReason,
  type X11Setup,
  X11SetupReader,
} from '@nbs-ssh/channels';
import {
  type Channel,
  type ChannelTable,
  type Clock,
  destroy,
  type End,
  endOf,
  join,
  pipeOver,
} from '@nbs-ssh/session';
import { equalBytes, printable, Secret, type TraceValue, toHex } from '@nbs-ssh/transport/wire';
import type { OpenHandler, OpenRequest } from '../connection/channel-opens.ts';
import { Grant } from './grant.ts';
import { resolveX11, type X11Options } from './options.ts';
import { X11Problem, type X11Reason } from './problem.ts';

/** Most programs of the server at the display at a time. A whole desktop is some dozens. */
const MAX_CHANNELS = 128;
/** Milliseconds that a program has to say what it is authorized by, and the display to take it. */
const TIMEOUT_MS = 10_000;

export interface X11Surroundings {
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
}

/**
 * Lets programs of the server use a display here, RFC 4254 §6.3.
 *
 * The server is given a cookie that is good for nothing. A program has to bring it, and only then is the display connected,
 * with a cookie of its own: the server never learns one that would open the display without us. A channel is only taken
 * while a session is open for which it was asked.
 */
export class X11Forwarding implements OpenHandler {
  readonly #around: X11Surroundings;
  readonly #grants = new Set<Grant>();
  /** Of each program that is at the display, or on its way there. */
  readonly #channels = new Set<AbortController>();

  constructor(around: X11Surroundings) {
    this.#around = around;
  }

  /**
   * Asks for it on a session channel, before the command. What the server answers only goes into the trace.
   *
   * @returns the cookie as the server gets it, so that evidence can leave it out.
   * @throws {TypeError | RangeError} when there is no display, or an option makes no sense.
   */
  request(channel: Channel, options: true | X11Options): Secret {
    const { clock, random, emit } = this.#around;
    const settings = resolveX11(options);
    const grant = new Grant(settings, random(COOKIE_LENGTH), clock);
    const { singleConnection, screen } = settings;
    const cookie = toHex(grant.cookie);
    this.#grants.add(grant);
    void channel.closed.then(() => this.#grants.delete(grant));
    const asked = channel.request({
      type: 'x11-req',
      singleConnection,
      protocol: MIT_MAGIC_COOKIE,
      cookie,
      screen,
    });
    void asked.then((granted) => {
      if (!granted) this.#grants.delete(grant);
      emit('x11.answered', { channel: channel.id, granted });
    });
    return new Secret(cookie);
  }

  /** The server has a program for the display. */
  open({ channel, typeSpecific }: OpenRequest, channels: ChannelTable): void {
    const { ADMINISTRATIVELY_PROHIBITED, RESOURCE_SHORTAGE } = OpenFailureReason;
    const origin = decodeX11Open(typeSpecific);
    const refuse = (why: X11Reason, reason: number, description: string): void => {
      this.#refused(channel, why);
      channels.reject(channel, reason, description);
    };
    if (this.#grants.size === 0) {
      refuse('not_requested', ADMINISTRATIVELY_PROHIBITED, 'X11 forwarding was not requested');
    } else if (this.#channels.size >= MAX_CHANNELS) {
      refuse('too_many', RESOURCE_SHORTAGE, 'too many X11 programs');
    } else {
      const remote = endOf(pipeOver((listener) => channels.accept(channel, listener)).duplex);
      const from = `${printable(origin.originHost, 64)}:${origin.originPort}`;
      void this.#serve(channel, remote, from);
    }
  }

  /** Takes every program away from the display: the session is over. */
  close(): void {
    for (const program of this.#channels) program.abort(new X11Problem('closed'));
  }

  /** One program, from its first byte to its last. Never rejects. */
  async #serve(channel: number, remote: End, origin: string): Promise<void> {
    const ending = new AbortController();
    const { signal } = ending;
    this.#channels.add(ending);
    let giveUp = (): void => void destroy(remote);
    signal.addEventListener('abort', () => giveUp(), { once: true });
    try {
      const display = await this.#admit(remote, ending);
      const joined = join(display, remote);
      giveUp = joined.giveUp;
      if (signal.aborted) giveUp();
      this.#around.emit('x11.opened', { channel, origin });
      await joined.done;
      this.#around.emit('x11.closed', { channel });
    } catch (error) {
      const problem: unknown = signal.aborted ? signal.reason : error;
      this.#refused(channel, problem instanceof X11Problem ? problem.reason : 'ended');
      await destroy(remote);
    } finally {
      this.#channels.delete(ending);
    }
  }

  /** @returns the display, which has been told how the program talks and the cookie that opens it. */
  async #admit(remote: End, ending: AbortController): Promise<End> {
    const cancel = this.#around.clock.after(TIMEOUT_MS, () => ending.abort(new X11Problem('timeout')));
    try {
      const { setup, rest } = await readSetup(remote);
      const grant = this.#grantOf(setup.cookie);
      const { display, cookie } = await grant.admit(ending.signal);
      try {
        ending.signal.throwIfAborted();
        await display.writer.write(encodeX11Setup(setup, cookie));
        if (rest.length > 0) await display.writer.write(rest);
        return display;
      } catch (error) {
        await destroy(display);
        throw error;
      }
    } finally {
      cancel();
    }
  }

  /** The session that a program comes from. Looks at every cookie, so that the time tells nothing. */
  #grantOf(cookie: Uint8Array): Grant {
    let found: Grant | undefined;
    for (const grant of this.#grants) if (equalBytes(grant.cookie, cookie)) found = grant;
    if (found === undefined) throw new X11Problem('wrong_cookie');
    if (found.expired) throw new X11Problem('expired');
    if (found.settings.singleConnection) this.#grants.delete(found);
    return found;
  }

  #refused(channel: number, reason: X11Reason): void {
    this.#around.emit('x11.refused', { channel, reason });
  }
}

async function readSetup({ reader }: End): Promise<{ readonly setup: X11Setup; readonly rest: Uint8Array }> {
  const parser = new X11SetupReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) throw new X11Problem('ended');
    const result = parser.receive(value);
    if (result?.type === 'refused') throw new X11Problem(result.problem);
    if (result !== undefined) return result;
  }
}
