import type { ByteDuplex } from '@nbs-ssh/session';
import { printable } from '@nbs-ssh/transport/wire';
import type { ConnectionEvidence } from '../connection/evidence.ts';
import type { ConnectionConfig, SSHConnectionOptions } from '../connection/options.ts';
import type { Seat } from '../connection/seat.ts';
import { ForwardError, HostUnreachable, type SSHError } from '../errors/classes.ts';
import type { OpenTcpOptions } from '../forward/open-tcp.ts';
import type { Ask } from '../interaction/credentials.ts';
import { inheritedOptions } from './inherited.ts';
import type { JumpHost } from './jump-host.ts';

/** What a route needs of a connection to a host on the way. */
export interface Hop {
  readonly phase: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  connect(): Promise<void>;
  openTcp(host: string, port: number, options?: OpenTcpOptions): Promise<ByteDuplex>;
  close(): Promise<void>;
}

export type CreateHop = (options: SSHConnectionOptions, seat: Seat) => Hop;

/**
 * The way to a target through jump hosts: one connection for each, every one inside the one before.
 *
 * Each hop checks its own host key and uses its own credentials; between us and the target nobody can read along.
 */
export class Route {
  readonly #config: ConnectionConfig;
  readonly #evidence: ConnectionEvidence;
  readonly #ask: Ask;
  readonly #createHop: CreateHop;
  readonly #hops: Hop[] = [];
  #connecting: { readonly hop: Hop; readonly label: string } | undefined;
  #closed: Promise<void> | undefined;

  constructor(config: ConnectionConfig, evidence: ConnectionEvidence, ask: Ask, createHop: CreateHop) {
    this.#config = config;
    this.#evidence = evidence;
    this.#ask = ask;
    this.#createHop = createHop;
  }

  /** The hop that is being connected to now, and how far that is. */
  get current(): (Pick<Hop, 'phase' | 'host' | 'port' | 'username'> & { readonly hop: string }) | undefined {
    if (this.#connecting === undefined) return undefined;
    const { phase, host, port, username } = this.#connecting.hop;
    return { hop: this.#connecting.label, phase, host, port, username };
  }

  /**
   * Connects to the hops in turn, and opens the way from the last one to the target.
   *
   * @throws {SSHError} of the hop that failed: `context.hop` names it. `signal.reason` when aborted.
   */
  async open(signal: AbortSignal): Promise<ByteDuplex> {
    let last: { readonly hop: Hop; readonly label: string } | undefined;
    for (const jump of this.#config.jumps) {
      const stream = last === undefined ? undefined : await this.#through(last, jump, signal);
      last = await this.#enter(jump, stream, signal);
    }
    if (last === undefined) throw new RangeError('a route needs a jump host');
    return this.#through(last, this.#config, signal);
  }

  /** Closes the hops, the last one first. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      for (const hop of this.#hops.reverse()) await hop.close();
    })();
    return this.#closed;
  }

  async #enter(
    jump: JumpHost,
    stream: ByteDuplex | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly hop: Hop; readonly label: string }> {
    // Ends the attempt only: later the hops are closed in their order, after the goodbye of what goes through them.
    const attempt = new AbortController();
    const abort = (): void => attempt.abort(signal.reason);
    const hop = this.#createHop(
      {
        ...inheritedOptions(this.#config, jump),
        ...definedOf(jump),
        ...(stream === undefined ? {} : { stream }),
        signal: attempt.signal,
      },
      {
        hop: hopLabel(jump),
        ask: this.#ask,
        record: (event) => this.#evidence.record(event),
      },
    );
    const label = hopLabel(hop);
    this.#hops.push(hop);
    this.#connecting = { hop, label };
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      await hop.connect();
    } finally {
      signal.removeEventListener('abort', abort);
    }
    this.#connecting = undefined;
    return { hop, label };
  }

  async #through(
    { hop, label }: { readonly hop: Hop; readonly label: string },
    { host, port = 22 }: { readonly host: string; readonly port?: number },
    signal: AbortSignal,
  ): Promise<ByteDuplex> {
    try {
      return await hop.openTcp(host, port, { signal });
    } catch (error) {
      throw error instanceof ForwardError ? refusedBy(label, { host, port }, error) : error;
    }
  }
}

/** A hop's name in errors and evidence: `user@host:port`, as far as it was said. */
export function hopLabel({
  username,
  host,
  port,
}: {
  username?: string;
  host: string;
  port?: number;
}): string {
  const name = `${username === undefined ? '' : `${username}@`}${host.includes(':') ? `[${host}]` : host}`;
  return printable(port === undefined ? name : `${name}:${port}`);
}

function refusedBy(
  hop: string,
  { host, port }: { readonly host: string; readonly port: number },
  error: ForwardError,
): SSHError {
  const { code, fault, retryable } = error;
  const context = { host, port, phase: 'tcp', hop, originalError: error };
  const said = error.context.description ?? error.message;
  if (error.reason === 'connect_failed') {
    const text = `the jump host ${hop} cannot connect to ${printable(host)}:${port}: ${said}`;
    return new HostUnreachable(text, { code, fault: 'network', retryable, context });
  }
  const text = `the jump host ${hop} does not open a way to ${printable(host)}:${port}: ${said}`;
  return new ForwardError(text, { code, fault, retryable, context: { ...error.context, ...context } });
}

function definedOf(jump: JumpHost): JumpHost {
  return Object.fromEntries(Object.entries(jump).filter(([, value]) => value !== undefined)) as JumpHost;
}
