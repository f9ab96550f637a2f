import type {
  DynamicForwardHandle,
  ForwardHandle,
  PortForwardHandle,
  RemoteDynamicForwardHandle,
} from './handle.ts';
import type {
  DynamicForwardIntent,
  ForwardIntent,
  LocalForwardIntent,
  RemoteDynamicForwardIntent,
  RemoteForwardIntent,
} from './intent.ts';
import type { ForwardManager } from './manager.ts';
import {
  type DynamicForwardOptions,
  dynamicIntent,
  type ForwardOptions,
  forwardSettings,
  type LocalForwardOptions,
  type LocalPathForwardOptions,
  localIntent,
  type PathForwardOptions,
  type RemoteDynamicForwardOptions,
  type RemoteForwardOptions,
  remoteDynamicIntent,
  remoteIntent,
  type SocketOptions,
} from './options.ts';

/** The methods by which forwards are set up: of a connection, or of whatever holds a sequence of them. */
export abstract class Forwarding {
  /** The forwards there are. */
  abstract readonly forwardManager: ForwardManager;

  /**
   * Listens on a port of this side; what connects to it reaches `remoteHost:remotePort`, as seen from the server. Whether
   * the server can reach it shows at the first connection.
   *
   * @throws {ForwardError} when nobody can listen there; `context.reason` says why.
   */
  forwardLocal(options: LocalForwardOptions): Promise<PortForwardHandle<LocalForwardIntent>>;
  forwardLocal(
    localPort: number,
    remoteHost: string,
    remotePort: number,
    options?: ForwardOptions & { readonly localHost?: string },
  ): Promise<PortForwardHandle<LocalForwardIntent>>;
  async forwardLocal(
    first: LocalForwardOptions | number,
    remoteHost = '',
    remotePort = 0,
    more: ForwardOptions & { readonly localHost?: string } = {},
  ): Promise<PortForwardHandle<LocalForwardIntent>> {
    const options = typeof first === 'number' ? { localPort: first, remoteHost, remotePort, ...more } : first;
    return ported(await this.forwardManager.local(localIntent(options), forwardSettings(options)));
  }

  /**
   * Lets the server listen on a port; what connects to it there reaches `localHost:localPort`, as seen from here.
   *
   * @throws {ForwardError} when the server does not listen; `context.reason` says why, as far as it is known.
   */
  forwardRemote(options: RemoteForwardOptions): Promise<PortForwardHandle<RemoteForwardIntent>>;
  forwardRemote(
    remotePort: number,
    localHost: string,
    localPort: number,
    options?: ForwardOptions & { readonly remoteHost?: string },
  ): Promise<PortForwardHandle<RemoteForwardIntent>>;
  async forwardRemote(
    first: RemoteForwardOptions | number,
    localHost?: string,
    localPort = 0,
    more: ForwardOptions & { readonly remoteHost?: string } = {},
  ): Promise<PortForwardHandle<RemoteForwardIntent>> {
    const here = localHost === undefined ? {} : { localHost };
    const options = typeof first === 'number' ? { remotePort: first, ...here, localPort, ...more } : first;
    return ported(await this.forwardManager.remote(remoteIntent(options), forwardSettings(options)));
  }

  /**
   * Like {@link forwardLocal}, where at least one end is a Unix socket. One on this side is made so that only this user
   * can connect to it, and removed when the forward is closed.
   */
  forwardLocalPath(options: LocalPathForwardOptions): Promise<ForwardHandle<LocalForwardIntent>>;
  forwardLocalPath(
    localPath: string,
    remotePath: string,
    options?: ForwardOptions & SocketOptions,
  ): Promise<ForwardHandle<LocalForwardIntent>>;
  async forwardLocalPath(
    first: LocalPathForwardOptions | string,
    remotePath = '',
    more: ForwardOptions & SocketOptions = {},
  ): Promise<ForwardHandle<LocalForwardIntent>> {
    const options = typeof first === 'string' ? { localPath: first, remotePath, ...more } : first;
    return this.forwardManager.local(localIntent(options), forwardSettings(options));
  }

  /** Like {@link forwardRemote}, where at least one end is a Unix socket. */
  forwardRemotePath(options: PathForwardOptions): Promise<ForwardHandle<RemoteForwardIntent>>;
  forwardRemotePath(
    remotePath: string,
    localPath: string,
    options?: ForwardOptions,
  ): Promise<ForwardHandle<RemoteForwardIntent>>;
  async forwardRemotePath(
    first: PathForwardOptions | string,
    localPath = '',
    more: ForwardOptions = {},
  ): Promise<ForwardHandle<RemoteForwardIntent>> {
    const options = typeof first === 'string' ? { remotePath: first, localPath, ...more } : first;
    return this.forwardManager.remote(remoteIntent(options), forwardSettings(options));
  }

  /**
   * Listens on a port of this side for clients of SOCKS 4, 4a and 5: each says where it wants to go, and the server
   * connects it there and resolves names. Nobody is asked for a password: whoever reaches the port uses it.
   *
   * @throws {ForwardError} when nobody can listen there; `context.reason` says why.
   */
  forwardDynamic(options: DynamicForwardOptions): Promise<DynamicForwardHandle>;
  forwardDynamic(
    localPort: number,
    options?: ForwardOptions & { readonly localHost?: string },
  ): Promise<DynamicForwardHandle>;
  async forwardDynamic(
    first: DynamicForwardOptions | number,
    more: ForwardOptions & { readonly localHost?: string } = {},
  ): Promise<DynamicForwardHandle> {
    const options = typeof first === 'number' ? { localPort: first, ...more } : first;
    const handle: ForwardHandle<DynamicForwardIntent> = await this.forwardManager.dynamic(
      dynamicIntent(options),
      forwardSettings(options),
    );
    return handle as DynamicForwardHandle;
  }

  /**
   * Lets the server listen on a port for clients of SOCKS 4, 4a and 5: each says where it wants to go, and is connected
   * there from here, where names are resolved too. Whoever reaches that port of the server uses the network of this side:
   * `permitTarget` says what of it.
   *
   * @throws {ForwardError} when the server does not listen; `context.reason` says why, as far as it is known.
   */
  forwardRemoteDynamic(options: RemoteDynamicForwardOptions): Promise<RemoteDynamicForwardHandle>;
  forwardRemoteDynamic(
    remotePort: number,
    options?: Omit<RemoteDynamicForwardOptions, 'remotePort'>,
  ): Promise<RemoteDynamicForwardHandle>;
  async forwardRemoteDynamic(
    first: RemoteDynamicForwardOptions | number,
    more: Omit<RemoteDynamicForwardOptions, 'remotePort'> = {},
  ): Promise<RemoteDynamicForwardHandle> {
    const options = typeof first === 'number' ? { remotePort: first, ...more } : first;
    const handle: ForwardHandle<RemoteDynamicForwardIntent> = await this.forwardManager.remoteDynamic(
      remoteDynamicIntent(options),
      forwardSettings(options),
    );
    return handle as RemoteDynamicForwardHandle;
  }
}

/** Both ends are ports, because the options had ports. */
const ported = <Intent extends ForwardIntent>(handle: ForwardHandle<Intent>): PortForwardHandle<Intent> =>
  handle as PortForwardHandle<Intent>;
