import { type AgentProtocolError, isAgentProtocolError } from '@nbs-ssh/auth';
import type { SshError } from '@nbs-ssh/transport/wire';
import { AgentError, type AgentErrorReason } from './classes.ts';
import { textOf } from './text.ts';

/** An error of the agent: fixed words, and what is known of the key in question. */
export function agentError(
  reason: AgentErrorReason,
  message: string,
  more: { readonly code?: string; readonly originalError?: unknown } & KeyInQuestion = {},
): AgentError {
  const { code = `AGENT_${reason.toUpperCase()}`, originalError, fingerprint, comment } = more;
  return new AgentError(message, {
    code,
    fault: reason === 'no_agent' || reason === 'no_match' || reason === 'aborted' ? 'caller' : 'peer',
    retryable: reason === 'timeout' || reason === 'closed',
    context: {
      reason,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(comment === undefined ? {} : { comment }),
      ...(originalError === undefined ? {} : { originalError }),
    },
  });
}

export interface KeyInQuestion {
  /** `SHA256:…` */
  readonly fingerprint?: string;
  /** Escaped. */
  readonly comment?: string;
}

const REASONS: { readonly [Code in AgentProtocolError['code']]: AgentErrorReason } = {
  AGENT_FRAME: 'protocol',
  AGENT_ANSWER: 'protocol',
  AGENT_TOO_MANY_KEYS: 'protocol',
  AGENT_UNASKED: 'protocol',
  AGENT_REQUEST_TOO_LONG: 'protocol',
  AGENT_REFUSED: 'refused',
  AGENT_CLOSED: 'closed',
};

/** What the protocol machine found wrong, in the public class. */
export function fromAgentProtocol(error: SshError): AgentError {
  const reason = isAgentProtocolError(error) ? REASONS[error.code] : 'protocol';
  return agentError(reason, textOf(error), { code: error.code, originalError: error });
}

const UNREACHABLE: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR'];
const DENIED: readonly string[] = ['EACCES', 'EPERM'];

/** What the operating system said, by its code, in the public class. */
export function fromAgentSystem(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const code = String((error as { readonly code?: unknown } | null | undefined)?.code ?? 'UNKNOWN');
  const reason = DENIED.includes(code)
    ? 'permission_denied'
    : UNREACHABLE.includes(code)
      ? 'unreachable'
      : 'closed';
  const words = { permission_denied: 'may not be used', unreachable: 'cannot be reached', closed: 'is gone' }[
    reason
  ];
  return agentError(reason, `the agent ${words} (${code})`, { originalError: error });
}
