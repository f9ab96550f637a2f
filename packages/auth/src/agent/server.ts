import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { signData } from '@nbs-ssh/transport/keys';
import { type Secret, SshError, WireWriter } from '@nbs-ssh/transport/wire';
import { type BoundSession, SessionBindings } from './bindings.ts';
import { agentProtocolError } from './errors.ts';
import { AgentFrames, framed, MAX_AGENT_MESSAGE } from './frames.ts';
import type { HeldKey, Keyring } from './keyring.ts';
import { AGENT, QUERY, SESSION_BIND, SIGN_FLAG } from './numbers.ts';
import { type ReceivedRequest, readAgentRequest } from './received.ts';

/** What somebody outside must decide. Answered once with {@link AgentServer.resolve}. */
export interface ConfirmUse {
  readonly type: 'confirm';
  readonly id: number;
  readonly key: HeldKey;
  /** Which sessions the request came through, nearest first. Empty for a program that does not say. */
  readonly sessions: readonly BoundSession[];
}

export type AgentServerOutput =
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  | { readonly type: 'effect'; readonly effect: ConfirmUse }
  /** Last output: the client sent what cannot be taken apart any more. */
  | { readonly type: 'failed'; readonly error: SshError };

const FAILURE = /* @__PURE__ */ Uint8Array.of(AGENT.FAILURE);
const SUCCESS = /* @__PURE__ */ Uint8Array.of(AGENT.SUCCESS);
const EXTENSION_FAILURE = /* @__PURE__ */ Uint8Array.of(AGENT.EXTENSION_FAILURE);

type State =
  | { readonly phase: 'ready' }
  | {
      readonly phase: 'confirming';
      readonly id: number;
      readonly key: HeldKey;
      readonly data: Uint8Array;
      readonly flags: number;
    }
  | { readonly phase: 'unlocking'; readonly at: number; readonly passphrase: Secret }
  | { readonly phase: 'failed' };

/**
 * An agent's side of one connection, draft-ietf-sshm-ssh-agent. Many share one {@link Keyring}.
 *
 * A request that is malformed, unknown or not granted is answered with failure, and the next one is read. Only a
 * length that no message has ends the connection.
 */
export class AgentServer {
  readonly #keyring: Keyring;
  readonly #crypto: Pick<CryptoProvider, 'signatures' | 'random'>;
  readonly #frames = new AgentFrames();
  readonly #bindings: SessionBindings;
  readonly #outputs: AgentServerOutput[] = [];
  #state: State = { phase: 'ready' };
  #lastId = 0;

  constructor(keyring: Keyring, crypto: Pick<CryptoProvider, 'signatures' | 'random'>) {
    this.#keyring = keyring;
    this.#crypto = crypto;
    this.#bindings = new SessionBindings(crypto);
  }

  /** Whether more should be read: not while somebody is asked, so that a client cannot pile up requests. */
  get wantsInput(): boolean {
    return this.#state.phase === 'ready';
  }

  /** When {@link tick} has something to do; `undefined` when nothing waits for time. */
  deadline(): number | undefined {
    return this.#state.phase === 'unlocking' ? this.#state.at : undefined;
  }

  /** @param now - Monotonic milliseconds, the same clock as the keyring's. */
  tick(now: number): void {
    this.#keyring.tick(now);
    const state = this.#state;
    if (state.phase !== 'unlocking' || now < state.at) return;
    this.#state = { phase: 'ready' };
    this.#answer(this.#keyring.lock.unlock(state.passphrase) ? SUCCESS : FAILURE);
  }

  /** Takes bytes of the client, which must not change afterwards. Never throws because of what they are. */
  receive(bytes: Uint8Array): void {
    if (this.#state.phase === 'failed') return;
    this.#frames.push(bytes);
    const { held } = this.#frames;
    if (this.#state.phase !== 'ready' && held > 2 * MAX_AGENT_MESSAGE) {
      this.#fail(agentProtocolError('AGENT_FRAME', { length: held, limit: 2 * MAX_AGENT_MESSAGE }));
    }
  }

  /** Answers the open effect. Ignored for one that is not open any more. */
  resolve(id: number, allowed: boolean): void {
    const state = this.#state;
    if (state.phase !== 'confirming' || state.id !== id) return;
    this.#state = { phase: 'ready' };
    // Meanwhile the key may have expired or been removed, or the agent locked.
    const held = allowed && this.#keyring.find(state.key.publicKey.blob) === state.key;
    this.#answer(held ? this.#signed(state.key, state.data, state.flags) : FAILURE);
  }

  /**
   * The next thing to do. Requests are answered one at a time, when this is called: small ones have large answers, so
   * whoever writes each answer before it asks for the next one holds one, and not one for each five bytes received.
   */
  poll(): AgentServerOutput | undefined {
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined || !this.#handleNext()) return output;
    }
  }

  /** @returns whether there was a request, or the end of them. */
  #handleNext(): boolean {
    if (this.#state.phase !== 'ready') return false;
    try {
      const message = this.#frames.next();
      if (message === undefined) return false;
      this.#handle(message);
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      this.#fail(error);
    }
    return true;
  }

  #fail(error: SshError): void {
    this.#state = { phase: 'failed' };
    this.#frames.clear();
    this.#outputs.push({ type: 'failed', error });
  }

  #handle(message: Uint8Array): void {
    let request: ReceivedRequest;
    try {
      request = readAgentRequest(message);
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      this.#answer(FAILURE);
      return;
    }
    const answer = this.#answerTo(request);
    if (answer !== undefined) this.#answer(answer);
  }

  /** @returns `undefined` when the answer comes later. */
  #answerTo(request: ReceivedRequest): Uint8Array | undefined {
    const { lock } = this.#keyring;
    switch (request.type) {
      case 'list':
        return this.#list();
      case 'sign':
        return this.#sign(request);
      case 'lock':
        return lock.lock(request.passphrase) ? SUCCESS : FAILURE;
      case 'unlock': {
        const at = lock.reserve(this.#keyring.now);
        if (at <= this.#keyring.now) return lock.unlock(request.passphrase) ? SUCCESS : FAILURE;
        this.#state = { phase: 'unlocking', at, passphrase: request.passphrase };
        return undefined;
      }
      case 'unknown':
        return FAILURE;
      case 'extension':
        return this.#extension(request.name, request.contents);
      default:
        return !lock.locked && this.#change(request) ? SUCCESS : FAILURE;
    }
  }

  #change(request: Extract<ReceivedRequest, { readonly type: 'add' | 'remove' | 'remove-all' }>): boolean {
    switch (request.type) {
      case 'add': {
        const { publicKey, privateKey, comment, constraints } = request;
        return this.#keyring.add({ publicKey, privateKey, comment, constraints, owned: true });
      }
      case 'remove':
        return this.#keyring.remove(request.blob);
      case 'remove-all':
        this.#keyring.removeAll();
        return true;
    }
  }

  #list(): Uint8Array {
    const { keys } = this.#keyring;
    const writer = new WireWriter(4096).u8(AGENT.IDENTITIES_ANSWER).u32(keys.length);
    for (const { publicKey, comment } of keys) writer.string(publicKey.blob).text(comment);
    const message = writer.finish();
    // A thousand certificates do not fit into one message.
    return message.length > MAX_AGENT_MESSAGE ? FAILURE : message;
  }

  #sign({ blob, data, flags }: ReceivedRequest & { readonly type: 'sign' }): Uint8Array | undefined {
    const key = this.#keyring.find(blob);
    if (key === undefined) return FAILURE;
    if (key.constraints.confirm !== true) return this.#signed(key, data, flags);
    this.#lastId += 1;
    const id = this.#lastId;
    this.#state = { phase: 'confirming', id, key, data, flags };
    const effect: ConfirmUse = { type: 'confirm', id, key, sessions: this.#bindings.sessions };
    this.#outputs.push({ type: 'effect', effect });
    return undefined;
  }

  #signed({ privateKey }: HeldKey, data: Uint8Array, flags: number): Uint8Array {
    const algorithm = algorithmFor(privateKey, flags);
    try {
      const signature = signData(this.#crypto, algorithm, privateKey, data);
      return new WireWriter().u8(AGENT.SIGN_RESPONSE).string(signature).finish();
    } catch (error) {
      // A provider without the algorithm, or a key that does not sign right.
      if (error instanceof SshError) return FAILURE;
      throw error;
    }
  }

  #extension(name: string, contents: Uint8Array): Uint8Array {
    if (name === QUERY) {
      return new WireWriter().u8(AGENT.EXTENSION_RESPONSE).text(QUERY).text(SESSION_BIND).finish();
    }
    if (name !== SESSION_BIND) return FAILURE;
    try {
      return this.#bindings.add(contents) ? SUCCESS : EXTENSION_FAILURE;
    } catch (error) {
      if (error instanceof SshError) return EXTENSION_FAILURE;
      throw error;
    }
  }

  #answer(message: Uint8Array): void {
    this.#outputs.push({ type: 'write', bytes: framed(message) });
  }
}

/**
 * RSA without a flag asks for SHA-1, which nothing here signs with. The signature says what it is: `ssh-add -T`, which asks
 * so, takes it, and whoever insists on SHA-1 does not.
 */
function algorithmFor(key: HeldKey['privateKey'], flags: number): string {
  switch (key.type) {
    case 'ed25519':
      return 'ssh-ed25519';
    case 'ecdsa':
      return `ecdsa-sha2-${key.curve}`;
    case 'rsa':
      return (flags & SIGN_FLAG.RSA_SHA2_512) === 0 ? 'rsa-sha2-256' : 'rsa-sha2-512';
  }
}
