import type { SSHConnection } from '../connection/connection.ts';
import type { ForwardError } from '../errors/classes.ts';
import type { ForwardHandle } from '../forward/handle.ts';
import type { ForwardOptions } from '../forward/options.ts';
import type { ForwardEnd, ForwardSpec } from '../ssh-config/forward.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import { explain } from './explain.ts';
import { showForward, showSpec, showTraffic } from './forward-text.ts';
import type { Report } from './report.ts';
import { inUsersWords, UsageError } from './usage.ts';

/** The forwards that the command line and the configuration ask for. */
export class Forwards {
  readonly #connection: SSHConnection;
  readonly #settings: HostSettings;
  readonly #report: Report;
  readonly #handles: ForwardHandle[] = [];

  constructor(connection: SSHConnection, settings: HostSettings, report: Report) {
    this.#connection = connection;
    this.#settings = settings;
    this.#report = report;
  }

  /**
   * Sets all of them up, at the same time. One that fails is told and left out, unless ExitOnForwardFailure says
   * otherwise.
   *
   * @throws {ForwardError} the first failure in the order of the settings, where it must not be left out.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { forwards, exitOnForwardFailure } = this.#settings;
    const outcomes = await Promise.allSettled(forwards.map((spec) => this.#setUp(spec, signal)));
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') {
        this.#handles.push(outcome.value);
        this.#tellPort(outcome.value);
        continue;
      }
      if (signal.aborted || exitOnForwardFailure || !this.#connection.isConnected) throw outcome.reason;
      const { cause, remedy } = explain(outcome.reason);
      const spec = forwards[at];
      this.#report.warning(`the ${spec === undefined ? 'forward' : showSpec(spec)} is left out: ${cause}`);
      this.#report.warning(remedy);
    }
  }

  /** What there is, a line each. */
  get lines(): readonly string[] {
    return this.#handles
      .filter(({ isActive }) => isActive)
      .map((handle) => `${showForward(handle)}: ${showTraffic(handle)}`);
  }

  /** Takes no more connections, and waits for those there are, as ssh does when its command is over. */
  async finish(signal: AbortSignal): Promise<void> {
    const active = this.#handles.reduce((sum, { stats }) => sum + stats.active, 0);
    if (active === 0 || signal.aborted) return;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    this.#report.warning(
      `waiting for ${active === 1 ? 'a forwarded connection' : `${active} forwarded connections`} to end; Ctrl-C ends them now`,
    );
    for (const handle of this.#handles) void handle.close({ connections: 'finish' });
    await Promise.race([Promise.all(this.#handles.map(({ closed }) => closed)), aborted]);
  }

  async #setUp(spec: ForwardSpec, signal: AbortSignal): Promise<ForwardHandle> {
    const options: ForwardOptions = { signal, onConnectionError: (error) => this.#tell(spec, error) };
    try {
      return await setUp(this.#connection, spec, this.#settings, options);
    } catch (error) {
      // What the library finds wrong with its arguments is the user's mistake.
      return inUsersWords((): never => {
        throw error;
      });
    }
  }

  /** Where a port was left to the other side. */
  #tellPort(handle: ForwardHandle): void {
    const { intent } = handle;
    if ('remotePort' in intent && intent.remotePort === 0) this.#report.warning(showForward(handle));
  }

  /** One connection that was not made. One that broke is told by its own program. */
  #tell(spec: ForwardSpec, error: ForwardError): void {
    if (error.reason === 'broken' || error.reason === 'withdrawn') return;
    const { cause, remedy } = explain(error);
    this.#report.warning(`${showSpec(spec)}: ${cause} ${remedy}`);
  }
}

/** @throws {UsageError | TypeError | RangeError} at once, when it makes no sense. */
function setUp(
  connection: SSHConnection,
  spec: ForwardSpec,
  { gatewayPorts, streamLocalBindUnlink: replaceStale }: HostSettings,
  options: ForwardOptions,
): Promise<ForwardHandle> {
  const { type, listen, target } = spec;
  if (type === 'dynamic') {
    if ('path' in listen) throw new UsageError(`A dynamic forward listens on a port, not on ${listen.path}.`);
    return connection.forwardDynamic({ ...options, ...localListen(listen, gatewayPorts) });
  }
  if (target === undefined) {
    if ('path' in listen)
      throw new UsageError(`A remote forward for SOCKS listens on a port, not on ${listen.path}.`);
    return connection.forwardRemoteDynamic({ ...options, ...remoteListen(listen) });
  }
  if (type === 'local') {
    const to = 'path' in target ? { remotePath: target.path } : remoteTarget(target);
    const ends = {
      ...options,
      ...('path' in listen ? { localPath: listen.path } : localListen(listen, gatewayPorts)),
      ...to,
    };
    if ('localPath' in ends || 'remotePath' in ends)
      return connection.forwardLocalPath({ ...ends, replaceStale });
    return connection.forwardLocal(ends);
  }
  const to = 'path' in target ? { localPath: target.path } : localTarget(target);
  const ends = {
    ...options,
    ...('path' in listen ? { remotePath: listen.path } : remoteListen(listen)),
    ...to,
  };
  if ('localPath' in ends || 'remotePath' in ends) return connection.forwardRemotePath(ends);
  return connection.forwardRemote(ends);
}

type Port = Extract<ForwardEnd, { readonly port: number }>;

/** Loopback where nothing is said, unless GatewayPorts opens all addresses. */
function localListen({ host, port }: Port, gatewayPorts: boolean): { localPort: number; localHost?: string } {
  const localHost = host ?? (gatewayPorts ? '' : undefined);
  return { localPort: port, ...(localHost === undefined ? {} : { localHost }) };
}

/** The server decides by its own GatewayPorts. */
function remoteListen({ host, port }: Port): { remotePort: number; remoteHost?: string } {
  return { remotePort: port, ...(host === undefined ? {} : { remoteHost: host === '*' ? '' : host }) };
}

const remoteTarget = ({ host = '', port }: Port) => ({ remoteHost: host, remotePort: port });
const localTarget = ({ host = '', port }: Port) => ({ localHost: host, localPort: port });
