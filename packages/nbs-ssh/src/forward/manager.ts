import type { Clock } from '@nbs-ssh/session';
import type { TraceValue } from '@nbs-ssh/transport/wire';
import type { OpenHandler } from '../connection/channel-opens.ts';
import type { ErrorContext, SSHError } from '../errors/classes.ts';
import { Forward } from './forward.ts';
import type { ForwardHandle } from './handle.ts';
import {
  type DynamicForwardIntent,
  type ForwardIntent,
  type LocalForwardIntent,
  localEndOf,
  type RemoteDynamicForwardIntent,
  type RemoteForwardIntent,
  remoteEndOf,
} from './intent.ts';
import { listenLocally, type Opener, serveTarget } from './local.ts';
import { openChannel } from './open-channel.ts';
import type { ForwardSettings } from './options.ts';
import { type FromServer, RemoteForwards, type RemoteLink, type ServeChannel } from './remote.ts';
import { serveLocalTarget } from './remote-target.ts';
import { serveSocks } from './socks/serve.ts';
import { serveSocksChannel } from './socks/serve-channel.ts';

/** What forwards need of a connection, or of a sequence of them. */
export interface ForwardBase {
  readonly clock: Clock;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
  readonly context: () => ErrorContext;
  readonly toPublic: (error: unknown) => SSHError;
  /** @throws {SSHError} when there is no connection and will be none. */
  readonly check: () => void;
  /** The connection there is, or the next one. @throws {SSHError} when there will be none; `signal.reason`. */
  readonly link: (signal?: AbortSignal) => RemoteLink | Promise<RemoteLink>;
}

/** The forwards of a connection. */
export class ForwardManager {
  readonly #base: ForwardBase;
  readonly #forwards = new Set<Forward>();
  readonly #remote: RemoteForwards;
  readonly #open: Opener = async (end, origin, make, signal) =>
    openChannel(await this.#base.link(signal), end, origin, make, signal);

  /** @internal */
  constructor(base: ForwardBase) {
    this.#base = base;
    this.#remote = new RemoteForwards(base.clock, base.emit);
  }

  /** Forwards that take connections. */
  get activeForwards(): readonly ForwardHandle[] {
    return [...this.#forwards].filter(({ isActive }) => isActive);
  }

  /** What was asked for and not withdrawn. */
  get intents(): readonly ForwardIntent[] {
    return [...this.#forwards].filter(({ isWanted }) => isWanted).map(({ intent }) => intent);
  }

  /** @internal @throws {ForwardError} {SSHError} when the connection is not open. */
  async local(intent: LocalForwardIntent, settings: ForwardSettings): Promise<Forward<LocalForwardIntent>> {
    return this.#setUp(intent, settings, (forward) =>
      listenLocally(forward, serveTarget(forward, remoteEndOf(intent), this.#open), this.#base.context()),
    );
  }

  /** @internal @throws as {@link local}; `signal.reason` when aborted. */
  async remote(
    intent: RemoteForwardIntent,
    settings: ForwardSettings,
  ): Promise<Forward<RemoteForwardIntent>> {
    return this.#setUp(intent, settings, (forward) =>
      this.#listenAtServer(forward, serveLocalTarget(forward, localEndOf(intent), this.#base.clock)),
    );
  }

  /** @internal @throws as {@link remote} */
  async remoteDynamic(
    intent: RemoteDynamicForwardIntent,
    settings: ForwardSettings,
  ): Promise<Forward<RemoteDynamicForwardIntent>> {
    return this.#setUp(intent, settings, (forward) =>
      this.#listenAtServer(forward, serveSocksChannel(forward, this.#base)),
    );
  }

  /** @internal @throws {ForwardError} {SSHError} when the connection is not open. */
  async dynamic(
    intent: DynamicForwardIntent,
    settings: ForwardSettings,
  ): Promise<Forward<DynamicForwardIntent>> {
    return this.#setUp(intent, settings, (forward) =>
      listenLocally(forward, serveSocks(forward, this.#open, this.#base), this.#base.context()),
    );
  }

  /** @internal For the channels that the server opens. */
  get handlers(): readonly (readonly [string, OpenHandler])[] {
    return this.#remote.handlers;
  }

  /** @internal The connection is over, and there will be no other one. */
  end(error: SSHError): void {
    for (const forward of this.#forwards) forward.end(error);
  }

  /** @internal Resolves when nothing is left of forwards that were ended. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all([...this.#forwards].map(({ closed }) => closed));
  }

  async #listenAtServer(forward: FromServer, serve: ServeChannel): Promise<void> {
    const { signal } = forward.settings;
    return this.#remote.listen(forward, serve, await this.#base.link(signal), signal);
  }

  async #setUp<Intent extends ForwardIntent>(
    intent: Intent,
    settings: ForwardSettings,
    establish: (forward: Forward<Intent>) => Promise<void>,
  ): Promise<Forward<Intent>> {
    settings.signal?.throwIfAborted();
    this.#base.check();
    const { emit, toPublic } = this.#base;
    const forward = new Forward(intent, settings, {
      emit,
      toPublic,
      onGone: () => this.#forwards.delete(forward),
    });
    this.#forwards.add(forward);
    try {
      await establish(forward);
      if (forward.error !== undefined) throw forward.error;
    } catch (error) {
      const told = toPublic(error);
      forward.failed(told);
      throw settings.signal?.aborted === true ? settings.signal.reason : told;
    }
    return forward;
  }
}
