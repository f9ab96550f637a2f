import { systemClock } from '@nbs-ssh/session/node';
import { AgentError } from '../errors/classes.ts';
import { type AgentOptions, checkAgentOptions } from './agent-auth.ts';
import { endpointOf } from './agent-keys.ts';
import { AgentLink } from './link.ts';

/** An agent that is there says so at once. */
const TIMEOUT_SEC = 2;

/**
 * Whether an agent answers. It is really asked: a socket that nobody listens on, and one whose owner hangs, are none.
 * An agent without keys and a locked one are.
 */
export async function getAgentAvailable(
  options: AgentOptions & { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  const { signal, ...agent } = options;
  checkAgentOptions(agent);
  signal?.throwIfAborted();
  const timeoutMs = (agent.timeoutSec ?? TIMEOUT_SEC) * 1000;
  try {
    const link = await AgentLink.open(endpointOf(agent), systemClock, timeoutMs, signal);
    const stop = (): void => link.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await link.ask({ type: 'list' }, timeoutMs);
      return true;
    } finally {
      signal?.removeEventListener('abort', stop);
      link.close();
    }
  } catch (error) {
    if (error instanceof AgentError) {
      signal?.throwIfAborted();
      // An agent that will not list its keys is there all the same.
      return error.reason === 'refused';
    }
    throw error;
  }
}
