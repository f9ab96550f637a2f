import {
  CANCEL_STREAMLOCAL_FORWARD,
  CANCEL_TCPIP_FORWARD,
  decodeForwardedPort,
  decodeForwardedStreamlocal,
  decodeForwardedTcpip,
  encodeStreamlocalForward,
  encodeTcpipForward,
  FORWARDED_STREAMLOCAL,
  FORWARDED_TCPIP,
  OpenFailureReason,
  STREAMLOCAL_FORWARD,
  TCPIP_FORWARD,
} from '@nbs-ssh/channels';
import type { ChannelTable, Clock } from '@nbs-ssh/session';
import type { Splice } from '@nbs-ssh/session/node';
import { isWireError, printable, type TraceValue } from '@nbs-ssh/transport/wire';
import type { OpenHandler, OpenRequest } from '../connection/channel-opens.ts';
import type { GlobalAnswer } from '../connection/global-questions.ts';
import { portReplyError, remoteListenError, requestError } from './errors.ts';
import type { About, Forward } from './forward.ts';
import {
  type RemoteDynamicForwardIntent,
  type RemoteEnd,
  type RemoteForwardIntent,
  remoteEndOf,
} from './intent.ts';
import type { StartChannel, TcpOpener } from './open-channel.ts';

/** Milliseconds that a server has for saying that it listens no more. What it opens meanwhile is refused anyway. */
const CANCEL_PATIENCE_MS = 10_000;

/** What listening at the server needs of a connection. */
export interface RemoteLink extends TcpOpener {
  /** Sends a global request; the answer is told at once when it comes, `undefined` when the session is over. */
  readonly ask: (
    name: string,
    data: Uint8Array,
    onAnswer: (answer: GlobalAnswer | undefined) => void,
  ) => void;
}

/** A channel that the server opened and that waits for an answer. */
export interface OfferedChannel {
  /** @throws {ChannelsError} when the session is over. */
  readonly accept: StartChannel;
  /** Refuses it. Where the session is over, nothing happens. */
  readonly reject: (reason: number, why: string) => void;
}

/**
 * Makes a connection of a channel that the server opened.
 *
 * @throws when there is none; the channel was then refused or closed.
 */
export type ServeChannel = (offered: OfferedChannel, signal: AbortSignal, about: About) => Promise<Splice>;

/** A forward whose connections come from the server. */
export type FromServer = Forward<RemoteForwardIntent | RemoteDynamicForwardIntent>;

/** A place where the server listens for us. */
interface Place {
  readonly forward: FromServer;
  readonly serve: ServeChannel;
  /** With the real port. */
  readonly end: RemoteEnd;
}

/**
 * The places where the server listens for us, and the channels that it opens for what comes there. A connection for a
 * place that nobody asked for, or that was withdrawn, is refused.
 */
export class RemoteForwards {
  readonly #clock: Clock;
  readonly #emit: (name: string, fields: Record<string, TraceValue>) => void;
  readonly #places = new Set<Place>();

  constructor(clock: Clock, emit: (name: string, fields: Record<string, TraceValue>) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** For the channels `forwarded-tcpip` and `forwarded-streamlocal@openssh.com`. */
  get handlers(): readonly (readonly [string, OpenHandler])[] {
    return [
      [FORWARDED_TCPIP, { open: (request, channels) => this.#openedPort(request, channels) }],
      [FORWARDED_STREAMLOCAL, { open: (request, channels) => this.#openedPath(request, channels) }],
    ];
  }

  /**
   * Asks the server to listen. A forward that had a port before asks for the same one.
   *
   * @throws {ForwardError} when it does not; {SSHError} what ended the connection; `signal.reason` when aborted.
   */
  listen(
    forward: FromServer,
    serve: ServeChannel,
    link: RemoteLink,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { intent } = forward;
    const asked: RemoteEnd =
      'remotePath' in intent
        ? remoteEndOf(intent)
        : { remoteHost: intent.remoteHost, remotePort: forward.remotePort ?? intent.remotePort };
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      let given = false;
      const abort = (): void => {
        given = true;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const onAnswer = (answer: GlobalAnswer | undefined): void => {
        signal?.removeEventListener('abort', abort);
        if (answer === undefined) reject(link.toPublic(undefined));
        else if (!answer.success) reject(remoteListenError(asked, link.context));
        else {
          const end = actualEnd(asked, answer.data);
          if (typeof end === 'string') reject(portReplyError(asked, end, link.context));
          else if (given) void this.#cancel(end, link);
          else {
            this.#listens({ forward, serve, end }, link);
            resolve();
          }
        }
      };
      try {
        link.ask(...listenRequest(asked), onAnswer);
      } catch (error) {
        signal?.removeEventListener('abort', abort);
        reject(requestError(asked, error, link.context) ?? error);
      }
    });
  }

  #listens(place: Place, link: RemoteLink): void {
    const { forward, end } = place;
    this.#places.add(place);
    forward.established('remotePort' in end ? end.remotePort : undefined, () => {
      this.#places.delete(place);
      return this.#cancel(end, link);
    });
  }

  /** Takes it back. Resolves with the answer, whatever it is, the end of the session or of our patience. Never rejects. */
  #cancel(end: RemoteEnd, link: RemoteLink): Promise<void> {
    return new Promise((resolve) => {
      const giveUp = this.#clock.after(CANCEL_PATIENCE_MS, resolve);
      const done = (): void => {
        giveUp();
        resolve();
      };
      try {
        link.ask(...cancelRequest(end), done);
      } catch {
        done();
      }
    });
  }

  #openedPort(request: OpenRequest, channels: ChannelTable): void {
    const { listenHost, listenPort } = decodeForwardedTcpip(request.typeSpecific);
    const here = [...this.#places].filter(({ end }) => 'remotePort' in end && end.remotePort === listenPort);
    // A server may say the address that it listens on, and not the one that it was asked for.
    const place =
      here.find(({ end }) => 'remoteHost' in end && end.remoteHost === listenHost) ??
      (here.length === 1 ? here[0] : undefined);
    const fields = { remote_host: printable(listenHost, 256), remote_port: listenPort };
    this.#opened(request, channels, place, fields);
  }

  #openedPath(request: OpenRequest, channels: ChannelTable): void {
    const { path } = decodeForwardedStreamlocal(request.typeSpecific);
    const place = [...this.#places].find(({ end }) => 'remotePath' in end && end.remotePath === path);
    this.#opened(request, channels, place, { remote_path: printable(path, 256) });
  }

  #opened(
    { channel }: OpenRequest,
    channels: ChannelTable,
    place: Place | undefined,
    fields: Record<string, TraceValue>,
  ): void {
    if (place === undefined) {
      this.#emit('session.forward.unasked', { ...fields, channel });
      const { ADMINISTRATIVELY_PROHIBITED } = OpenFailureReason;
      channels.reject(channel, ADMINISTRATIVELY_PROHIBITED, 'nobody asked for this forward');
      return;
    }
    const offered: OfferedChannel = {
      accept: (listener) => channels.accept(channel, listener),
      reject: (reason, why) => reject(channels, channel, reason, why),
    };
    const taken = place.forward.connect((signal, about) => place.serve(offered, signal, about));
    if (!taken) offered.reject(OpenFailureReason.RESOURCE_SHORTAGE, 'too many connections');
  }
}

/** Where the session is over, nobody waits for an answer. */
function reject(channels: ChannelTable, id: OpenRequest['channel'], reason: number, why: string): void {
  try {
    channels.reject(id, reason, why);
  } catch {
    // The channel is gone with its session.
  }
}

function listenRequest(end: RemoteEnd): readonly [string, Uint8Array] {
  return 'remotePath' in end
    ? [STREAMLOCAL_FORWARD, encodeStreamlocalForward({ path: end.remotePath })]
    : [TCPIP_FORWARD, encodeTcpipForward({ host: end.remoteHost, port: end.remotePort })];
}

function cancelRequest(end: RemoteEnd): readonly [string, Uint8Array] {
  return 'remotePath' in end
    ? [CANCEL_STREAMLOCAL_FORWARD, encodeStreamlocalForward({ path: end.remotePath })]
    : [CANCEL_TCPIP_FORWARD, encodeTcpipForward({ host: end.remoteHost, port: end.remotePort })];
}

/** @returns the end with the port that the server chose, or in words what it said when that cannot be one. */
function actualEnd(asked: RemoteEnd, data: Uint8Array): RemoteEnd | string {
  if ('remotePath' in asked || asked.remotePort !== 0) return asked;
  try {
    const remotePort = decodeForwardedPort(data);
    return remotePort > 0 && remotePort <= 65_535 ? { ...asked, remotePort } : `port ${remotePort}`;
  } catch (error) {
    if (!isWireError(error)) throw error;
    return 'no number';
  }
}
