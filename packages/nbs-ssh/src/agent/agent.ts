import { type HeldKey, type KeyConstraints, Keyring } from '@nbs-ssh/auth';
import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import { fromSocket, systemClock } from '@nbs-ssh/session/node';
import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import {
  fingerprint,
  type PublicKey as KeyOnWire,
  parseCertificate,
  parsePublicKeyLine,
  plainKeyOf,
  publicKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes, Secret } from '@nbs-ssh/transport/wire';
import { outside } from '../errors/outside.ts';
import { PrivateKey } from '../keys/private-key.ts';
import { expandPath } from '../platform/platform.ts';
import type { AgentEndpoint } from './endpoint.ts';
import { type AgentListener, listenPrivately } from './listener.ts';
import { pipePair } from './pipe.ts';
import { AgentSession, type AgentUse } from './serve.ts';

/** A key to be held, with what the agent holds to. */
export interface AgentKeyOptions extends KeyConstraints {
  readonly key: PrivateKey | PrivateKeyMaterial;
  /** Default: the key's own. */
  readonly comment?: string;
  /** A certificate of the key, as a line of a `-cert.pub` file. The plain key is then not listed. */
  readonly certificate?: string;
}

export interface CreateAgentOptions {
  /** Asked before each signature by a key with `confirm`. Only `true` allows it. Default: nobody, so it is refused. */
  readonly confirm?: (use: AgentUse) => boolean | Promise<boolean>;
  readonly crypto?: CryptoProvider;
  /** For lifetimes and delays. Default: the system's. */
  readonly clock?: Clock;
}

/** An SSH agent in this process. Make it with {@link createAgent}, close it with `close()` or `await using`. */
export class Agent implements AgentEndpoint, AsyncDisposable {
  readonly #keyring: Keyring;
  readonly #crypto: CryptoProvider;
  readonly #clock: Clock;
  readonly #confirm: CreateAgentOptions['confirm'];
  readonly #sessions = new Set<AgentSession>();
  readonly #listeners = new Set<AgentListener>();
  #closed = false;

  /** @internal */
  constructor({ confirm, crypto = nobleProvider, clock = systemClock }: CreateAgentOptions) {
    this.#keyring = new Keyring(crypto);
    this.#crypto = crypto;
    this.#clock = clock;
    this.#confirm = confirm;
  }

  /** The keys that would be listed now: none while the agent is locked. */
  get keys(): readonly { readonly fingerprint: string; readonly comment: string }[] {
    this.#keyring.tick(this.#clock.now());
    return this.#keyring.keys.map(({ publicKey, comment }) => ({
      fingerprint: fingerprint(this.#crypto.hash, plainKeyOf(publicKey).blob),
      comment,
    }));
  }

  get locked(): boolean {
    return this.#keyring.lock.locked;
  }

  /** Adds a key, or replaces it. @throws {TypeError} for what is no key; {RangeError} when the agent is full. */
  add(key: PrivateKey | PrivateKeyMaterial | AgentKeyOptions): void {
    this.#keyring.tick(this.#clock.now());
    if (!this.#keyring.add(held(key))) throw new RangeError('the agent is full');
  }

  /** @param fingerprint - `SHA256:…` @returns whether there was such a key. */
  remove(print: string): boolean {
    const found = this.#keyring.keys.filter(
      ({ publicKey }) => fingerprint(this.#crypto.hash, plainKeyOf(publicKey).blob) === print,
    );
    for (const { publicKey } of found) this.#keyring.remove(publicKey.blob);
    return found.length > 0;
  }

  removeAll(): void {
    this.#keyring.removeAll();
  }

  /** Until it is unlocked, nothing is listed and nothing signed. @throws {RangeError} when locked or without a passphrase. */
  lock(passphrase: string | Secret): void {
    if (!this.#keyring.lock.lock(Secret.from(passphrase))) {
      throw new RangeError('the agent is locked already, or the passphrase is empty');
    }
  }

  /** @returns whether the passphrase was the right one. No delay: whoever calls this has the keys' memory anyway. */
  unlock(passphrase: string | Secret): boolean {
    return this.#keyring.lock.unlock(Secret.from(passphrase));
  }

  /** A new client's end of a connection. @throws {TypeError} when the agent is closed. */
  async connect(_signal?: AbortSignal): Promise<ByteDuplex> {
    const [client, ours] = pipePair();
    this.serve(ours);
    return client;
  }

  /** Answers a client over `duplex` until it ends. @throws {TypeError} when the agent is closed. */
  serve(duplex: ByteDuplex): void {
    if (this.#closed) throw new TypeError('the agent is closed');
    const session = new AgentSession(this.#keyring, duplex, {
      clock: this.#clock,
      crypto: this.#crypto,
      confirm: this.#confirm,
    });
    this.#sessions.add(session);
    void session.done.then(() => this.#sessions.delete(session));
  }

  /**
   * Answers on a unix socket that only this user can open (mode 0600; a missing folder is made with 0700), or on a
   * Windows pipe.
   *
   * @param path - `~` is expanded. Must not exist.
   * @throws what the operating system says, with its `code`.
   */
  async listen(path: string): Promise<AgentListener> {
    if (this.#closed) throw new TypeError('the agent is closed');
    const listener = await listenPrivately(path.startsWith('\\\\') ? path : expandPath(path), (socket) => {
      this.serve(fromSocket(socket));
    });
    this.#listeners.add(listener);
    return listener;
  }

  /** Forgets every key, ends every client, removes every socket. May be called more than once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#keyring.removeAll();
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    const sessions = [...this.#sessions];
    for (const session of sessions) session.close();
    await Promise.all(sessions.map(({ done }) => done));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * An agent in this process: for `createAgentAuth({ agent })`, for `ssh` and `ssh-add` through {@link Agent.listen}, and to
 * be handed on with `agentForward`.
 *
 * @throws {TypeError} for what is no key, and for a certificate of another key; {SSHError} for what is no certificate.
 */
export function createAgent(
  keys: readonly (PrivateKey | PrivateKeyMaterial | AgentKeyOptions)[] = [],
  options: CreateAgentOptions = {},
): Agent {
  const agent = new Agent(options);
  for (const key of keys) agent.add(key);
  return agent;
}

function held(given: PrivateKey | PrivateKeyMaterial | AgentKeyOptions): HeldKey {
  if (given instanceof PrivateKey) return held({ key: given });
  if ('type' in given) return held({ key: given });
  const { key, certificate, lifetimeSec, confirm = false } = given;
  if (lifetimeSec !== undefined && !(Number.isFinite(lifetimeSec) && lifetimeSec > 0)) {
    throw new TypeError(`lifetimeSec must be a positive number, got ${String(lifetimeSec)}`);
  }
  const privateKey = key instanceof PrivateKey ? key.material : key;
  const plain = publicKeyOf(privateKey);
  const comment = given.comment ?? (key instanceof PrivateKey ? key.comment : '');
  const publicKey = certificate === undefined ? plain : certificateOf(plain, certificate);
  const constraints = { confirm, ...(lifetimeSec === undefined ? {} : { lifetimeSec }) };
  return { publicKey, privateKey, comment, constraints, owned: false };
}

function certificateOf(plain: KeyOnWire, line: string): KeyOnWire {
  const parsed = outside(() => parsePublicKeyLine(line, parseCertificate)?.publicKey);
  if (parsed === undefined) throw new TypeError('the certificate is an empty line');
  if (equalBytes(plainKeyOf(parsed).blob, plain.blob)) return parsed;
  throw new TypeError('the certificate is not one of this key');
}
