import { isWireError } from '@nbs-ssh/transport/wire';
import type { ForwardAround } from './around.ts';
import { Connections } from './connections.ts';
import { DirectForwards, type OpenRequest } from './direct.ts';
import { type ForwardRequest, RemoteForwards } from './remote.ts';

/** The server role of forwarding, for one client that has logged in. */
export class Forwarding {
  readonly #around: ForwardAround;
  readonly #connections: Connections;
  readonly #direct: DirectForwards;
  readonly #remote: RemoteForwards;

  constructor(around: ForwardAround) {
    this.#around = around;
    this.#connections = new Connections(around);
    this.#direct = new DirectForwards(around, this.#connections);
    this.#remote = new RemoteForwards(around, this.#connections);
  }

  /** Resolves when nothing is left; to be called after {@link end}. Never rejects. */
  get settled(): Promise<unknown> {
    return Promise.all([this.#connections.settled, this.#remote.settled]);
  }

  /** The client asks for a channel of {@link DIRECT_TYPES}. */
  open(request: OpenRequest): void {
    this.#orFail(() => this.#direct.open(request));
  }

  /** The client sends one of {@link FORWARD_REQUESTS}. */
  request(request: ForwardRequest): void {
    this.#orFail(() => this.#remote.request(request));
  }

  /** The client is gone. */
  end(): void {
    this.#remote.end();
    this.#connections.end();
  }

  #orFail(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      if (!isWireError(error)) throw error;
      this.#around.fail(error);
    }
  }
}
