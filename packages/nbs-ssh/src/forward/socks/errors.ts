import { isSocksError, type SocksFailure } from '@nbs-ssh/channels';
import { printable } from '@nbs-ssh/transport/wire';
import { type ErrorContext, ForwardError } from '../../errors/classes.ts';
import { textOf } from '../../errors/text.ts';
import { brokenConnection } from '../errors.ts';

/**
 * What went wrong with a client before its request was complete, as everybody else sees it.
 *
 * @param signal - Of the forward: aborted, its reason stays what it is.
 */
export function clientError(error: unknown, signal: AbortSignal, context: ErrorContext): unknown {
  if (signal.aborted) return error;
  if (!isSocksError(error)) return brokenConnection('socket', error);
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
