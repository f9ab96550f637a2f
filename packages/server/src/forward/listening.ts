import type { Socket } from 'node:net';
import {
  encodeForwardedStreamlocal,
  encodeForwardedTcpip,
  FORWARDED_STREAMLOCAL,
  FORWARDED_TCPIP,
  type OpenOptions,
  type Streamlocal,
  type TcpipForward,
} from '@nbs-ssh/channels';
import type { Channel, ChannelListener } from '@nbs-ssh/session';
import {
  type LocalListener,
  type LocalPort,
  listenOnPath,
  listenOnPort,
  resetSocket,
  Splice,
  type Traffic,
} from '@nbs-ssh/session/node';
import { printable } from '@nbs-ssh/transport/wire';
import type { ForwardAround } from './around.ts';
import type { Connections, ForwardFields } from './connections.ts';
import { notTaken, type Refusal, shortage } from './refused.ts';

/** A port or Unix socket that listens for a client, and the connections through it. */
export class Listening {
  readonly #around: ForwardAround;
  readonly #connections: Connections;
  readonly #asked: TcpipForward | Streamlocal;
  readonly #fields: ForwardFields;
  readonly #traffic: Traffic = { sent: 0, received: 0 };
  /** What came before the client knew that somebody listens. */
  #early: Socket[] | undefined = [];
  #listener: LocalListener | undefined;
  #port = 0;
  #count = 0;
  #active = 0;
  #state: 'new' | 'listens' | 'withdrawn' | 'gone' = 'new';

  constructor(around: ForwardAround, connections: Connections, asked: TcpipForward | Streamlocal) {
    this.#around = around;
    this.#connections = connections;
    this.#asked = asked;
    this.#fields =
      'path' in asked
        ? { forward_type: 'remote', remote_path: printable(asked.path) }
        : { forward_type: 'remote', remote_host: printable(asked.host), remote_port: asked.port };
    around.trace('session.forward.establishing', { ...this.#fields });
  }

  /**
   * Listens. What comes waits for {@link go}.
   *
   * @returns the port, 0 for a path, or nothing when that failed.
   */
  async listen(place: LocalPort | Streamlocal): Promise<number | undefined> {
    const onSocket = (socket: Socket): void => this.#accept(socket);
    try {
      const listener =
        'path' in place
          ? await listenOnPath(place.path, false, onSocket)
          : await listenOnPort(place, onSocket);
      this.#listener = listener;
      this.#port = listener.port ?? 0;
      this.#state = 'listens';
      this.#around.trace('session.forward.established', {
        ...this.#fields,
        ...(listener.port === undefined ? {} : { actual_port: listener.port }),
      });
      return this.#port;
    } catch (error) {
      this.#failed('listen_failed', error instanceof Error ? error.message : 'failed');
      return undefined;
    }
  }

  /** Nobody listens, because that is not permitted. */
  refused({ word, text }: Refusal): void {
    this.#failed(word, text);
  }

  /** The client knows. */
  go(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const socket of early) this.#serve(socket);
  }

  /** Listens no more; connections go on. Never rejects. */
  async withdraw(): Promise<void> {
    for (const socket of this.#early ?? []) resetSocket(socket);
    this.#early = undefined;
    if (this.#state !== 'listens') return;
    this.#state = 'withdrawn';
    await this.#listener?.close();
    this.#closeIfOver();
  }

  #accept(socket: Socket): void {
    // One that goes away before it is served is noticed then.
    socket.on('error', () => {});
    if (this.#early !== undefined) this.#early.push(socket);
    else this.#serve(socket);
  }

  #serve(socket: Socket): void {
    const { maxConnectionsPerForward } = this.#around.limits;
    this.#count += 1;
    if (this.#state !== 'listens' || this.#active >= maxConnectionsPerForward) {
      resetSocket(socket);
      this.#connections.failed(this.#fields, shortage('too many connections through this forward'));
      return;
    }
    const begun = this.#connections.begin(this.#fields, (signal) => this.#open(socket, signal));
    if ('word' in begun) {
      resetSocket(socket);
      return;
    }
    this.#active += 1;
    void begun.then(() => {
      this.#active -= 1;
      this.#closeIfOver();
    });
  }

  /** Offers the connection to the client, who has a bounded time to take it. */
  async #open(socket: Socket, signal: AbortSignal): Promise<Splice | Refusal> {
    const { channels, clock, limits } = this.#around;
    let splice: Splice;
    try {
      const start = (listener: ChannelListener): Channel => channels.open(this.#channelTo(socket), listener);
      splice = new Splice(socket, start, this.#traffic);
    } catch {
      resetSocket(socket);
      return shortage('too many channels');
    }
    const giveUp = (): void => splice.giveUp();
    const cancelTimer = clock.after(limits.forwardSec * 1000, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    const refusal = await splice.channel.opened;
    signal.removeEventListener('abort', giveUp);
    cancelTimer();
    if (refusal === undefined) {
      splice.go();
      return splice;
    }
    splice.giveUp();
    await splice.done;
    return notTaken(refusal.description);
  }

  #channelTo({ remoteAddress = '127.0.0.1', remotePort = 0 }: Socket): OpenOptions {
    const asked = this.#asked;
    if ('path' in asked)
      return { type: FORWARDED_STREAMLOCAL, typeSpecific: encodeForwardedStreamlocal(asked) };
    const typeSpecific = encodeForwardedTcpip({
      listenHost: asked.host,
      listenPort: this.#port,
      // A client by IPv4 at a socket of both families.
      originHost: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''),
      originPort: remotePort,
    });
    return { type: FORWARDED_TCPIP, typeSpecific };
  }

  #failed(reason: string, error: string): void {
    this.#state = 'gone';
    this.#around.trace('session.forward.failed', { ...this.#fields, reason, error });
  }

  #closeIfOver(): void {
    if (this.#state !== 'withdrawn' || this.#active > 0) return;
    this.#state = 'gone';
    this.#around.trace('session.forward.closed', {
      ...this.#fields,
      connections: this.#count,
      bytes_sent: this.#traffic.sent,
      bytes_received: this.#traffic.received,
    });
  }
}
