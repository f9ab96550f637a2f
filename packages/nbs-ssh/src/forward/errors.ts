import { isChannelsError } from '@nbs-ssh/channels';
import { SocketPathError } from '@nbs-ssh/session/node';
import { printable } from '@nbs-ssh/transport/wire';
import { type ErrorContext, ForwardError, type ForwardReason } from '../errors/classes.ts';
import { type LocalEnd, type RemoteEnd, showEnd } from './intent.ts';

/** What the operating system says when a socket cannot be made or used. */
const SYSTEM: ReadonlyMap<string, ForwardReason> = new Map([
  ['EADDRINUSE', 'address_in_use'],
  ['EEXIST', 'path_exists'],
  ['EACCES', 'permission_denied'],
  ['EPERM', 'permission_denied'],
  ['EADDRNOTAVAIL', 'address_not_available'],
  ['EAFNOSUPPORT', 'address_not_available'],
  ['ENOTFOUND', 'address_not_available'],
  ['EAI_AGAIN', 'address_not_available'],
  ['ENOENT', 'path_unsafe'],
  ['ENOTDIR', 'path_unsafe'],
  ['ENAMETOOLONG', 'path_too_long'],
]);

const SENTENCES: { readonly [R in ForwardReason]?: string } = {
  address_in_use: 'somebody listens there already',
  address_not_available: 'this machine has no such address',
  permission_denied: 'it is not permitted',
  path_exists: 'there is a file already',
  path_unsafe: 'its folder is missing',
  path_too_long: 'the path is too long for a socket',
};

/** Reasons that may be gone at the next try. */
const PASSING: readonly ForwardReason[] = [
  'address_in_use',
  'connect_failed',
  'timeout',
  'resource_shortage',
];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';

/** Nobody listens at `end` of this side: `error` says why. */
export function listenError(end: LocalEnd, error: unknown, context: ErrorContext): ForwardError {
  if (error instanceof ForwardError) return error;
  const reason = error instanceof SocketPathError ? error.problem : (SYSTEM.get(codeOf(error)) ?? 'other');
  const why = error instanceof SocketPathError ? error.message : (SENTENCES[reason] ?? codeOf(error));
  return forwardError('FORWARD_LISTEN', `cannot listen on ${showEnd(end)}: ${why}`, {
    ...context,
    ...end,
    reason,
    originalError: error,
  });
}

/** A connection that came from the server cannot be handed on to `end`. */
export function targetError(end: LocalEnd, error: unknown): ForwardError {
  const code = codeOf(error);
  const reason =
    code === 'EACCES' ? 'permission_denied' : code === 'ETIMEDOUT' ? 'timeout' : 'connect_failed';
  return forwardError('FORWARD_TARGET', `cannot connect to ${showEnd(end)}: ${code}`, {
    ...end,
    reason,
    originalError: error,
  });
}

/** The server does not listen at `end`. */
export function remoteListenError(end: RemoteEnd, context: ErrorContext): ForwardError {
  const why = 'it may be in use there, or forwarding may not be allowed';
  return forwardError('FORWARD_REMOTE_REFUSED', `the server does not listen on ${showEnd(end)}: ${why}`, {
    ...context,
    ...end,
    reason: 'refused',
  });
}

/** The server listens, but says a port that cannot be one. */
export function portReplyError(end: RemoteEnd, said: string, context: ErrorContext): ForwardError {
  return forwardError('FORWARD_BAD_REPLY', `the server said ${said} when asked which port it has chosen`, {
    ...context,
    ...end,
    reason: 'bad_reply',
  });
}

export function tooManyConnections(limit: number): ForwardError {
  return forwardError('FORWARD_LIMIT', `more than ${limit} connections at a time through one forward`, {
    reason: 'resource_shortage',
  });
}

/** The forward was withdrawn while a connection was being made, and nothing was to be left of it. */
export function withdrawnError(): ForwardError {
  return forwardError('FORWARD_WITHDRAWN', 'the forward was closed', { reason: 'withdrawn' });
}

/** A connection was made and broke before both sides had ended. */
export function brokenConnection(by: 'socket' | 'session', error: unknown): ForwardError {
  const why = by === 'session' ? 'the session is over' : `the socket failed: ${codeOf(error)}`;
  return forwardError('FORWARD_BROKEN', `a connection broke: ${why}`, {
    reason: 'broken',
    originalError: error,
  });
}

/** The server cannot even be asked. `undefined` when `error` says something else. */
export function requestError(
  end: RemoteEnd,
  error: unknown,
  context: ErrorContext,
): ForwardError | undefined {
  if (!isChannelsError(error)) return undefined;
  const shortage = error.code === 'CHANNELS_LIMIT';
  return forwardError(error.code, error.message, {
    ...context,
    ...printableEnd(end),
    reason: shortage ? 'resource_shortage' : 'invalid_target',
    originalError: error,
  });
}

/** An end for an error: names are escaped. */
export function printableEnd(end: RemoteEnd): RemoteEnd {
  if ('remotePath' in end) return { remotePath: printable(end.remotePath) };
  return { remoteHost: printable(String(end.remoteHost)), remotePort: end.remotePort };
}

const PEERS: ReadonlySet<string> = new Set(['FORWARD_REMOTE_REFUSED', 'FORWARD_BAD_REPLY']);

function forwardError(code: string, message: string, context: ForwardError['context']): ForwardError {
  const network = code === 'FORWARD_BROKEN' || code === 'FORWARD_TARGET';
  return new ForwardError(printable(message, 1024), {
    code,
    fault: PEERS.has(code) ? 'peer' : network ? 'network' : 'caller',
    retryable: PASSING.includes(context.reason),
    context,
  });
}
