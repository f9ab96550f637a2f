import { AuthMethod } from '../auth/auth-config.ts';
import type { AgentEndpoint } from './endpoint.ts';

/** Login with the keys of an SSH agent. */
export interface AgentAuth extends AgentOptions {
  readonly method: typeof AuthMethod.SSH_AGENT;
  /**
   * Only these keys are offered, in this order: fingerprints (`SHA256:…`), lines of `.pub` files, or comments. Default:
   * all, in the agent's order. Servers allow few tries (OpenSSH: six), so name the key when the agent has many.
   */
  readonly identities?: readonly string[];
}

export interface AgentOptions {
  /** Unix socket or Windows pipe; `~` is expanded. Default: `SSH_AUTH_SOCK`, on Windows also OpenSSH's own pipe. */
  readonly socketPath?: string;
  /** In place of a socket: an agent in this process, or an adapter of yours. */
  readonly agent?: AgentEndpoint;
  /** For what an agent answers by itself. Default 5. */
  readonly timeoutSec?: number;
  /** For a signature, which may wait for somebody to press a key. Default 20. */
  readonly signTimeoutSec?: number;
}

/** @throws {TypeError | RangeError} when an option makes no sense. Nothing is asked of the agent yet. */
export function createAgentAuth(options: Omit<AgentAuth, 'method'> = {}): AgentAuth {
  const config = { ...options, method: AuthMethod.SSH_AGENT };
  checkAgentAuth(config);
  return config;
}

/** Checks what the type checker cannot. @throws {TypeError | RangeError} */
export function checkAgentAuth({ identities, ...options }: Omit<AgentAuth, 'method'>): void {
  checkAgentOptions(options);
  const words =
    Array.isArray(identities) && identities.every((word) => typeof word === 'string' && word !== '');
  if (identities !== undefined && !words) throw new TypeError('auth: identities must be a list of words');
}

/** @throws {TypeError | RangeError} */
export function checkAgentOptions({ socketPath, agent, timeoutSec, signTimeoutSec }: AgentOptions): void {
  if (socketPath !== undefined && (typeof socketPath !== 'string' || socketPath === '')) {
    throw new TypeError('auth: socketPath must be a path');
  }
  if (agent !== undefined && typeof agent.connect !== 'function') {
    throw new TypeError('auth: agent must have a function connect');
  }
  for (const [name, value] of Object.entries({ timeoutSec, signTimeoutSec })) {
    if (value === undefined || (typeof value === 'number' && value > 0 && Number.isFinite(value))) continue;
    throw new RangeError(`auth: ${name} must be a positive number, got ${String(value)}`);
  }
}
