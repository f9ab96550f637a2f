import type { NetConnectOpts } from 'node:net';
import {
  type ChannelEvent,
  DIRECT_STREAMLOCAL,
  DIRECT_TCPIP,
  decodeDirectStreamlocal,
  decodeDirectTcpip,
} from '@nbs-ssh/channels';
import { Splice } from '@nbs-ssh/session/node';
import { printable } from '@nbs-ssh/transport/wire';
import { type ForwardAround, permits } from './around.ts';
import type { Connections, ForwardFields } from './connections.ts';
import { Dialler } from './dial.ts';
import { LOCALHOST, LOOPBACK, parseHost } from './host.ts';
import { parsePath } from './path.ts';
import { CLIENT_GONE, connectFailed, invalidTarget, PROHIBITED, type Refusal } from './refused.ts';

export type OpenRequest = Extract<ChannelEvent, { readonly type: 'open-request' }>;

/** Types of channels by which clients reach something from here. */
export const DIRECT_TYPES: readonly string[] = [DIRECT_TCPIP, DIRECT_STREAMLOCAL];

/** Where to dial, at `until` at the latest, in milliseconds of the clock. */
type Find = (signal: AbortSignal, until: number) => Promise<readonly NetConnectOpts[] | Refusal>;

/** Connections from here that one client asks for: RFC 4254 §7.2 and OpenSSH PROTOCOL §2.4. */
export class DirectForwards {
  readonly #around: ForwardAround;
  readonly #connections: Connections;
  readonly #dialler: Dialler;

  constructor(around: ForwardAround, connections: Connections) {
    this.#around = around;
    this.#connections = connections;
    this.#dialler = new Dialler(around.clock);
  }

  /** Answers the request, now or later. @throws {WireError} when it is malformed. */
  open({ channel, channelType, typeSpecific }: OpenRequest): void {
    const { local, localPath } = this.#around.rules;
    // What nobody may is not looked at.
    if (channelType === DIRECT_TCPIP ? local === undefined : localPath === undefined) {
      this.#reject(channel, PROHIBITED);
      this.#connections.failed({ forward_type: 'local' }, PROHIBITED);
    } else if (channelType === DIRECT_TCPIP) {
      const { host, port } = decodeDirectTcpip(typeSpecific);
      const fields: ForwardFields = {
        forward_type: 'local',
        remote_host: printable(host),
        remote_port: port,
      };
      this.#begin(channel, fields, (signal, until) => this.#findPort(host, port, signal, until));
    } else {
      const { path } = decodeDirectStreamlocal(typeSpecific);
      const fields: ForwardFields = { forward_type: 'local', remote_path: printable(path) };
      this.#begin(channel, fields, (signal) => this.#findPath(path, signal));
    }
  }

  #begin(channel: OpenRequest['channel'], fields: ForwardFields, find: Find): void {
    const { channels, clock, limits } = this.#around;
    const begun = this.#connections.begin(fields, async (signal) => {
      const found = await find(signal, clock.now() + limits.forwardSec * 1000);
      const dialled =
        'word' in found
          ? { refusal: found }
          : await this.#dialler.connect(found, clock.now() + limits.forwardSec * 1000, signal);
      if ('refusal' in dialled) {
        if (!signal.aborted) this.#reject(channel, dialled.refusal);
        return dialled.refusal;
      }
      if (signal.aborted) {
        dialled.socket.destroy();
        return CLIENT_GONE;
      }
      try {
        const splice = new Splice(dialled.socket, (listener) => channels.accept(channel, listener));
        splice.go();
        return splice;
      } catch {
        // The session failed in this very turn.
        dialled.socket.destroy();
        return CLIENT_GONE;
      }
    });
    if ('word' in begun) this.#reject(channel, begun);
  }

  #reject(channel: OpenRequest['channel'], { reason, text }: Refusal): void {
    this.#around.channels.reject(channel, reason, text);
  }

  /** The addresses that are both the target's and permitted. Nobody is asked for them again when they are dialled. */
  async #findPort(
    text: string,
    port: number,
    signal: AbortSignal,
    until: number,
  ): Promise<readonly NetConnectOpts[] | Refusal> {
    const rule = this.#around.rules.local;
    const host = parseHost(text);
    if (port < 1 || port > 65_535) return invalidTarget('no such port');
    if (host === undefined) return invalidTarget('no such host');
    if (rule === undefined) return PROHIBITED;
    const name = host.type === 'name' ? host.name : host.address;
    let addresses: readonly string[];
    if (host.type === 'address') addresses = [name];
    else if (name === LOCALHOST) addresses = LOOPBACK;
    else if (!rule.mayBe(name, port)) return PROHIBITED;
    else {
      try {
        addresses = await this.#dialler.addressesOf(name, until, signal);
      } catch (error) {
        return connectFailed(error);
      }
    }
    const permitted = await Promise.all(
      addresses.map((address) => permits(this.#around, rule, { host: name, port, address }, signal)),
    );
    const targets = addresses
      .filter((_, i) => permitted[i] === true)
      .map((address) => ({ host: address, port }));
    return targets.length === 0 ? PROHIBITED : targets;
  }

  async #findPath(text: string, signal: AbortSignal): Promise<readonly NetConnectOpts[] | Refusal> {
    const rule = this.#around.rules.localPath;
    const path = parsePath(text);
    if (typeof path !== 'string') return path;
    if (rule === undefined) return PROHIBITED;
    return (await permits(this.#around, rule, { path }, signal)) ? [{ path }] : PROHIBITED;
  }
}
