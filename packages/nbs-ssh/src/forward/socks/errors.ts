import { isSocksError, type SocksFailure } from '@nbs-ssh/channels';
import { printable } from '@nbs-ssh/transport/wire';
import { type ErrorContext, ForwardError } from '../../errors/classes.ts';
import { textOf } from '../../errors/text.ts';
import { showEnd } from '../intent.ts';

/** What went wrong with a client, as everybody else sees it: what it did wrong itself is a `ForwardError`. */
export function clientError(error: unknown, context: ErrorContext): unknown {
  if (!isSocksError(error)) return error;
  return new ForwardError(printable(textOf(error), 1024), {
    code: error.code,
    fault: 'peer',
    retryable: false,
    context: { ...context, reason: 'bad_request', originalError: error },
  });
}

/** Why a target of this side was not reached, by what the operating system says. */
const SYSTEM: ReadonlyMap<unknown, SocksFailure> = new Map<unknown, SocksFailure>([
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'host-unreachable'],
  ['EHOSTDOWN', 'host-unreachable'],
  ['ENOTFOUND', 'host-unreachable'],
  ['EAI_AGAIN', 'host-unreachable'],
  ['ENETUNREACH', 'network-unreachable'],
  ['ENETDOWN', 'network-unreachable'],
  ['ETIMEDOUT', 'timed-out'],
  ['EACCES', 'not-allowed'],
  ['EPERM', 'not-allowed'],
]);

/**
 * What a client is told of it. SSH has one word for a target that refuses, is not reachable or has no such name
 * (SSH_OPEN_CONNECT_FAILED): that is `refused`.
 */
export function failureOf(error: unknown): SocksFailure {
  if (!(error instanceof ForwardError)) return 'failed';
  const { reason, originalError } = error.context;
  const code = originalError instanceof Error && 'code' in originalError ? originalError.code : undefined;
  const known = SYSTEM.get(code);
  if (known !== undefined) return known;
  if (reason === 'prohibited') return 'not-allowed';
  return reason === 'connect_failed' ? 'refused' : 'failed';
}

/** The policy of this side does not let a client go there. */
export function targetProhibited(localHost: string, localPort: number, context: ErrorContext): ForwardError {
  return new ForwardError(`clients may not go to ${printable(showEnd({ localHost, localPort }), 1024)}`, {
    code: 'FORWARD_PROHIBITED',
    fault: 'peer',
    retryable: false,
    context: { ...context, localHost, localPort, reason: 'prohibited' },
  });
}

/** The client closed its channel before it was answered. */
export function clientLeft(context: ErrorContext): ForwardError {
  return new ForwardError('the client left while its target was being reached', {
    code: 'FORWARD_BROKEN',
    fault: 'network',
    retryable: false,
    context: { ...context, reason: 'broken' },
  });
}
