import { type SessionBinding, SIGN_FLAG } from '@nbs-ssh/auth';
import type { Clock } from '@nbs-ssh/session';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { plainKeyOf, plainName, verifySignature } from '@nbs-ssh/transport/keys';
import { isWireError, printable, type TraceValue, WireReader } from '@nbs-ssh/transport/wire';
import { agentError } from '../errors/agent.ts';
import { AgentError } from '../errors/classes.ts';
import type { AgentOptions } from './agent-auth.ts';
import { type AgentEndpoint, agentPath, socketEndpoint } from './endpoint.ts';
import { type AgentKey, usableKeys } from './identities.ts';
import { AgentLink } from './link.ts';

const DEFAULT_TIMEOUT_SEC = 5;
const DEFAULT_SIGN_TIMEOUT_SEC = 20;

export interface AgentSurroundings {
  readonly crypto: Pick<CryptoProvider, 'hash' | 'signatures'>;
  readonly clock: Clock;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
  /** Aborts everything that waits for the agent. */
  readonly signal?: AbortSignal | undefined;
}

/** The keys of one agent, for one login: one connection, opened when it is first needed. */
export class AgentKeys {
  readonly #options: AgentOptions;
  readonly #around: AgentSurroundings;
  #link: AgentLink | undefined;
  #closed = false;

  constructor(options: AgentOptions, around: AgentSurroundings) {
    this.#options = options;
    this.#around = around;
  }

  /**
   * What there is to offer. Never rejects: an agent that cannot be used is a reason like any other.
   *
   * @param binding - Told first: an agent may hide or refuse keys that were not meant for this server.
   */
  async list(
    binding: SessionBinding | undefined,
    wanted: readonly string[] | undefined,
  ): Promise<{ readonly keys: readonly AgentKey[]; readonly unusable: readonly AgentError[] }> {
    try {
      this.#link = await this.#open();
      // Nobody waits for what was opened too late, and nobody else would close it.
      if (this.#closed) throw agentError('closed', 'the connection to the agent was closed here');
      const bound = binding === undefined ? undefined : await this.#bind(this.#link, binding);
      const reply = await this.#link.ask({ type: 'list' }, this.#timeoutMs);
      const identities = reply.type === 'identities' ? reply.identities : [];
      this.#around.emit('agent.listed', { keys: identities.length, bound: bound ?? null });
      return usableKeys(identities, wanted, this.#around.crypto.hash);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#around.emit('agent.failed', {
        reason: error.reason,
        code: error.code,
        message: printable(error.message),
      });
      this.#drop();
      return { keys: [], unusable: [error] };
    }
  }

  /**
   * Has `data` signed, and checks that it was.
   *
   * @returns `string algorithm ‖ string signature`.
   * @throws {AgentError}
   */
  async sign(key: AgentKey, algorithm: string, data: Uint8Array): Promise<Uint8Array> {
    const link = this.#link;
    if (link === undefined) throw agentError('closed', 'the connection to the agent is closed', key);
    const plain = plainName(algorithm);
    const { blob } = key.publicKey;
    try {
      const request = { type: 'sign', blob, data, flags: FLAGS[plain] ?? 0 } as const;
      const reply = await link.ask(
        request,
        (this.#options.signTimeoutSec ?? DEFAULT_SIGN_TIMEOUT_SEC) * 1000,
      );
      const signature = reply.type === 'signature' ? reply.signature : new Uint8Array(0);
      checkSignature(key, plain, data, signature, this.#around.crypto);
      this.#around.emit('agent.signed', { fingerprint: key.fingerprint, algorithm });
      return signature;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const told = error.context.fingerprint === undefined ? about(key, error) : error;
      this.#around.emit('agent.refused', { fingerprint: key.fingerprint, algorithm, reason: told.reason });
      throw told;
    }
  }

  /** Why nothing more can be signed; `undefined` while it can. */
  get error(): AgentError | undefined {
    return this.#link?.error;
  }

  /** For good, also when the connection is being opened. */
  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  get #timeoutMs(): number {
    return (this.#options.timeoutSec ?? DEFAULT_TIMEOUT_SEC) * 1000;
  }

  #open(): Promise<AgentLink> {
    const { clock, signal } = this.#around;
    return AgentLink.open(endpointOf(this.#options), clock, this.#timeoutMs, signal);
  }

  /** @returns whether the agent took it. One that does not know the extension says no, and goes on as before. */
  async #bind(link: AgentLink, binding: SessionBinding): Promise<boolean> {
    try {
      await link.ask({ type: 'bind', binding }, this.#timeoutMs);
      return true;
    } catch (error) {
      if (error instanceof AgentError && error.reason === 'refused') return false;
      throw error;
    }
  }
}

const FLAGS: Readonly<Record<string, number>> = {
  'rsa-sha2-256': SIGN_FLAG.RSA_SHA2_256,
  'rsa-sha2-512': SIGN_FLAG.RSA_SHA2_512,
};

/** @throws {AgentError} `no_agent` when nothing says where one is. */
export function endpointOf({ agent, socketPath }: AgentOptions): AgentEndpoint {
  if (agent !== undefined) return agent;
  const path = agentPath(socketPath);
  if (path === undefined) throw agentError('no_agent', 'SSH_AUTH_SOCK is not set');
  return socketEndpoint(path);
}

function checkSignature(
  { publicKey, fingerprint, comment }: AgentKey,
  algorithm: string,
  data: Uint8Array,
  signature: Uint8Array,
  crypto: Pick<CryptoProvider, 'signatures'>,
): void {
  const used = algorithmOf(signature);
  if (used !== undefined && used !== algorithm) {
    const text = `the agent signed with ${printable(used, 64)} in place of ${algorithm}`;
    throw agentError('wrong_algorithm', text, { fingerprint, comment });
  }
  // Whether an authenticator must have been touched is for the server to say: it knows `no-touch-required`.
  const expected = { algorithm, presence: 'any' } as const;
  if (verifySignature(crypto, expected, plainKeyOf(publicKey), data, signature)) return;
  throw agentError('bad_signature', `the agent's signature is not one by ${fingerprint}`, {
    fingerprint,
    comment,
  });
}

function algorithmOf(signature: Uint8Array): string | undefined {
  try {
    return new WireReader(signature).text('algorithm');
  } catch (error) {
    if (isWireError(error)) return undefined;
    throw error;
  }
}

function about({ fingerprint, comment }: AgentKey, error: AgentError): AgentError {
  const text = `${error.message}: ${fingerprint}${comment === '' ? '' : ` ${comment}`}`;
  const { code, reason } = error;
  return agentError(reason, text, {
    code,
    fingerprint,
    comment,
    originalError: error.context.originalError ?? error,
  });
}
