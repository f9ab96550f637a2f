import type { DynamicForwardHandle, ForwardHandle, PortForwardHandle } from './handle.ts';
import type { DynamicForwardIntent, LocalForwardIntent } from './intent.ts';
import type { ForwardManager } from './manager.ts';
import {
  type DynamicForwardOptions,
  dynamicIntent,
  type ForwardOptions,
  forwardSettings,
  type LocalForwardOptions,
  localIntent,
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
    const handle: ForwardHandle<LocalForwardIntent> = await this.forwardManager.local(
      localIntent(options),
      forwardSettings(options),
    );
    return handle as PortForwardHandle<LocalForwardIntent>;
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
}
