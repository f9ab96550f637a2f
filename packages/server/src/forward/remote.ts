import {
  CANCEL_STREAMLOCAL_FORWARD,
  CANCEL_TCPIP_FORWARD,
  decodeStreamlocalForward,
  decodeTcpipForward,
  encodeForwardedPort,
  type GlobalEvent,
  STREAMLOCAL_FORWARD,
  type Streamlocal,
  TCPIP_FORWARD,
  type TcpipForward,
} from '@nbs-ssh/channels';
import type { LocalPort } from '@nbs-ssh/session/node';
import { EMPTY } from '@nbs-ssh/transport/wire';
import { defect, type ForwardAround, permits } from './around.ts';
import type { Connections } from './connections.ts';
import { isEverywhere, isLoopback, LOCALHOST, parseHost } from './host.ts';
import { Listening } from './listening.ts';
import { parsePath } from './path.ts';
import { invalidTarget, PROHIBITED, type Refusal, shortage } from './refused.ts';

export type ForwardRequest = Extract<GlobalEvent, { readonly type: 'global-request' }>;

/** Global requests by which clients have this server listen. */
export const FORWARD_REQUESTS: readonly string[] = [
  TCPIP_FORWARD,
  CANCEL_TCPIP_FORWARD,
  STREAMLOCAL_FORWARD,
  CANCEL_STREAMLOCAL_FORWARD,
];

/** Requests that may wait for those before them: each is short, and a client has no reason for more. */
const MAX_WAITING = 64;

/** What was asked for, as it was asked for: cancelling has to name the same. */
type Asked = TcpipForward | Streamlocal;

/** Listening that one client asks for, RFC 4254 §7.1 and OpenSSH PROTOCOL §2.4. One request is answered after another. */
export class RemoteForwards {
  readonly #around: ForwardAround;
  readonly #connections: Connections;
  readonly #listening = new Map<string, Listening>();
  readonly #over = new AbortController();
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(around: ForwardAround, connections: Connections) {
    this.#around = around;
    this.#connections = connections;
  }

  /** Resolves when nobody listens any more; to be called after {@link end}. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#last;
  }

  /** Answers one of {@link FORWARD_REQUESTS}, now or later. @throws {WireError} when it is malformed. */
  request({ name, data, token }: ForwardRequest): void {
    const { rules, reply } = this.#around;
    const overPort = name === TCPIP_FORWARD || name === CANCEL_TCPIP_FORWARD;
    // What nobody may is not looked at.
    if ((overPort ? rules.remote : rules.remotePath) === undefined || this.#waiting >= MAX_WAITING) {
      reply(token, false);
      return;
    }
    const asked = overPort ? decodeTcpipForward(data) : decodeStreamlocalForward(data);
    const cancels = name === CANCEL_TCPIP_FORWARD || name === CANCEL_STREAMLOCAL_FORWARD;
    this.#inOrder(async () => {
      if (cancels) reply(token, await this.#cancel(asked));
      else await this.#forward(asked, (port) => reply(token, port !== undefined, portReply(asked, port)));
    });
  }

  /** The client is gone. Idempotent. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    const all = [...this.#listening.values()];
    this.#listening.clear();
    const before = this.#last;
    this.#last = Promise.all([before, ...all.map((listening) => listening.withdraw())]);
  }

  #inOrder(work: () => Promise<void>): void {
    this.#waiting += 1;
    this.#last = this.#last.then(async () => {
      try {
        if (!this.#over.signal.aborted) await work();
      } catch (error) {
        this.#around.fail(defect(error));
      }
      this.#waiting -= 1;
    });
  }

  /** @param answer - Called with the port, 0 for a path, or with nothing when nobody listens. */
  async #forward(asked: Asked, answer: (port: number | undefined) => void): Promise<void> {
    const { signal } = this.#over;
    const listening = new Listening(this.#around, this.#connections, asked);
    const place =
      this.#listening.size < this.#around.limits.maxForwards
        ? await ('path' in asked ? this.#placeOfPath(asked) : this.#placeOfPort(asked))
        : shortage('too many forwards');
    const port = signal.aborted || 'word' in place ? undefined : await listening.listen(place);
    if (signal.aborted) {
      await listening.withdraw();
      return;
    }
    if ('word' in place) listening.refused(place);
    if (port !== undefined)
      this.#listening.set(keyOf('path' in asked ? asked : { ...asked, port }), listening);
    answer(port);
    if (port !== undefined) listening.go();
  }

  async #cancel(asked: Asked): Promise<boolean> {
    const key = keyOf(asked);
    const listening = this.#listening.get(key);
    this.#listening.delete(key);
    await listening?.withdraw();
    return listening !== undefined;
  }

  /** Where to listen for what was asked for: everywhere comes down to loopback where that is all that is permitted. */
  async #placeOfPort({ host, port }: TcpipForward): Promise<LocalPort | Refusal> {
    if (port > 65_535) return invalidTarget('no such port');
    const { gatewayPorts } = this.#around.rules;
    if (isEverywhere(host)) {
      if (gatewayPorts && (await this.#mayListen('*', port))) return { localHost: '', localPort: port };
      return (await this.#mayListen(LOCALHOST, port))
        ? { localHost: LOCALHOST, localPort: port }
        : PROHIBITED;
    }
    const parsed = parseHost(host);
    // A name could come to have any address.
    const address = parsed?.type === 'name' && parsed.name === LOCALHOST ? LOCALHOST : undefined;
    const place = parsed?.type === 'address' ? parsed.address : address;
    if (place === undefined) return invalidTarget('no such address');
    if (place !== LOCALHOST && !isLoopback(place) && !gatewayPorts) return PROHIBITED;
    return (await this.#mayListen(place, port)) ? { localHost: place, localPort: port } : PROHIBITED;
  }

  async #mayListen(host: string, port: number): Promise<boolean> {
    const { remote } = this.#around.rules;
    return remote !== undefined && permits(this.#around, remote, { host, port }, this.#over.signal);
  }

  async #placeOfPath(asked: Streamlocal): Promise<Streamlocal | Refusal> {
    const { remotePath } = this.#around.rules;
    const path = parsePath(asked.path);
    if (typeof path !== 'string') return path;
    if (remotePath === undefined) return PROHIBITED;
    return (await permits(this.#around, remotePath, { path }, this.#over.signal)) ? { path } : PROHIBITED;
  }
}

const keyOf = (asked: Asked): string =>
  'path' in asked ? `path ${asked.path}` : `${asked.port} ${asked.host}`;

/** The port goes with the answer only where the client left it open, RFC 4254 §7.1. */
const portReply = (asked: Asked, port: number | undefined): Uint8Array =>
  'port' in asked && asked.port === 0 && port !== undefined ? encodeForwardedPort(port) : EMPTY;
