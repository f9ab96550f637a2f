import { createServer, type Server, type Socket } from 'node:net';
import type { ByteDuplex } from '@nbs-ssh/session';
import { fromSocket, systemClock } from '@nbs-ssh/session/node';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { fingerprint, formatPublicKeyLine, type PublicKey } from '@nbs-ssh/transport/keys';
import { admit } from './admission.ts';
import { type RemotePeer, ServerConnection } from './connection.ts';
import { serverError } from './errors.ts';
import { type ConnectionOptions, resolveOptions, type ServerConfig } from './options.ts';
import { sendAway } from './refusal.ts';

export interface ServerOptions extends ConnectionOptions {
  /** Address to listen on. Default `127.0.0.1`: nobody from outside. */
  readonly host?: string;
  /** Default 0: any free port, see {@link SSHServer.address}. */
  readonly port?: number;
}

/** Refused connections that are still told why; further ones are closed without a word. */
const MAX_GOODBYES = 64;

/** An SSH server on a TCP port. Runs until {@link SSHServer.close}. */
export class SSHServer implements AsyncDisposable {
  readonly #config: ServerConfig;
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #open = new Set<ServerConnection>();
  readonly #sentAway = new Set<Socket>();
  readonly address: { readonly host: string; readonly port: number };
  #closing: Promise<void> | undefined;

  private constructor(config: ServerConfig, server: Server, host: string, port: number) {
    this.#config = config;
    this.#server = server;
    this.address = { host, port };
    server.on('connection', (socket) => this.#accept(socket));
    server.on('error', (cause) => {
      config.onError(serverError('SERVER_LISTENER', { what: 'the listener failed' }, { cause }), {
        phase: 'listen',
      });
    });
  }

  /**
   * Starts listening.
   *
   * @throws {RangeError} when no authentication handler is given, or an option is out of range.
   * @throws {PrivateKeyError} for an unusable host key. @throws {KeysError} for an unusable certificate or CA.
   * @throws {ServerError} `SERVER_LISTENER` when the port cannot be opened; `cause` says why.
   */
  static async listen(options: ServerOptions): Promise<SSHServer> {
    const config = resolveOptions(options, PLATFORM);
    const { host = '127.0.0.1', port = 0 } = options;
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void => {
        reject(serverError('SERVER_LISTENER', { what: `cannot listen on ${host} port ${port}` }, { cause }));
      };
      server.once('error', failed);
      server.listen({ host, port }, () => {
        server.off('error', failed);
        resolve();
      });
    });
    const address = server.address();
    const actual = address !== null && typeof address === 'object' ? address.port : port;
    return new SSHServer(config, server, host, actual);
  }

  /**
   * Serves one connection over any byte pipe, without a listener and without its limits on strangers. A host key is
   * made for it alone unless `hostKeys` is given.
   *
   * @throws {RangeError} and {PrivateKeyError} as {@link listen}.
   */
  static accept(duplex: ByteDuplex, options: ConnectionOptions, remote: RemotePeer = {}): ServerConnection {
    return new ServerConnection(duplex, resolveOptions(options, PLATFORM), remote);
  }

  /** Of the host keys, `SHA256:…`, in the order they were given. */
  get fingerprints(): readonly string[] {
    const { crypto, hostKeys } = this.#config;
    return plainKeys(hostKeys).map((key) => fingerprint(crypto.hash, key.blob));
  }

  /** Lines for a known_hosts file. A certificate needs none, but one for its CA. */
  get hostKeyLines(): readonly string[] {
    const { host, port } = this.address;
    const name = port === 22 ? host : `[${host}]:${port}`;
    return plainKeys(this.#config.hostKeys).map((key) => `${name} ${formatPublicKeyLine(key)}`);
  }

  /** Connections that are open, oldest first. */
  get connections(): readonly ServerConnection[] {
    return [...this.#open];
  }

  /** Stops listening, says goodbye to every client, and waits until all sockets are gone. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sentAway) socket.destroy();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    await stopped;
  }

  #accept(socket: Socket): void {
    const { limits, clock, software } = this.#config;
    const address = socket.remoteAddress;
    const admission = admit(this.#open, address, limits, clock.now());
    if (admission.type === 'refuse' || this.#closing !== undefined) {
      this.#refuse(socket, software);
      if (admission.type === 'refuse') {
        this.#config.onError(serverError('SERVER_TOO_MANY_CONNECTIONS', admission.full), {
          phase: 'accept',
          ...(address === undefined ? {} : { remoteAddress: address }),
        });
      }
      return;
    }
    if (admission.type === 'displace') {
      admission.connection.fail(serverError('SERVER_DISPLACED', admission.full));
    }
    const remote = {
      ...(address === undefined ? {} : { address }),
      ...(socket.remotePort === undefined ? {} : { port: socket.remotePort }),
    };
    const connection = new ServerConnection(fromSocket(socket), this.#config, remote, {
      onEnd: (ended) => this.#open.delete(ended),
    });
    this.#open.add(connection);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #refuse(socket: Socket, software: string): void {
    if (this.#sentAway.size >= MAX_GOODBYES) {
      socket.destroy();
      return;
    }
    this.#sentAway.add(socket);
    socket.once('close', () => this.#sentAway.delete(socket));
    sendAway(socket, software);
  }
}

/** A key with a certificate is there without it as well. */
function plainKeys(hostKeys: ServerConfig['hostKeys']): readonly PublicKey[] {
  return hostKeys.map((key) => key.publicKey).filter((key) => key.certificate === undefined);
}

const PLATFORM = { crypto: nodeProvider, clock: systemClock };
