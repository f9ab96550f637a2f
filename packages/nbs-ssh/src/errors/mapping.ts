import { isAuthError, isKnownHostsError, isPrivateKeyError, type PrivateKeyError } from '@nbs-ssh/auth';
import { isChannelsError } from '@nbs-ssh/channels';
import { isTransportError, type TransportError } from '@nbs-ssh/transport';
import { SshError } from '@nbs-ssh/transport/wire';
import {
  AuthFailed,
  ChannelError,
  ConnectionClosed,
  ConnectionLost,
  ConnectionRefused,
  ConnectionTimeout,
  type ErrorContext,
  HostKeyMismatch,
  type HostKeyMismatchReason,
  HostUnreachable,
  KeyLoadError,
  NoMutualKex,
  ProtocolError,
  SSHConnectionError,
  SSHError,
} from './classes.ts';
import { isLocalError, type LocalError } from './local.ts';
import { textOf } from './text.ts';

/** What the connection knows when it ends. */
export interface Situation extends ErrorContext {
  readonly phase: string;
  /** Attempts so far, for servers that hang up instead of answering the last one. */
  readonly attempts: AuthFailed['attempts'];
  /** Algorithms this library has and policy left out, the better ones first. */
  readonly optIn: readonly OptIn[];
}

/** Named as in the context of `NoMutualKex`. */
export interface OptIn {
  readonly nearest: string;
  /** Of an insecure one. */
  readonly risk?: string;
}

/** Turns whatever ended a connection into the public class for it. Decided by codes and state, never by text. */
export function toPublicError(error: unknown, situation: Situation): SSHError {
  if (error instanceof SSHError) return error;
  const made = classified(error, situation);
  if (situation.hop !== undefined) made.message = `jump host ${situation.hop}: ${made.message}`;
  return made;
}

function classified(error: unknown, situation: Situation): SSHError {
  if (isLocalError(error)) return fromLocal(error, situation);
  if (isTransportError(error)) return fromTransport(error, situation);
  if (isAuthError(error)) return fromAuth(error, situation);
  if (isPrivateKeyError(error)) return fromKey(error, situation);
  if (isKnownHostsError(error)) return protocolError(error, { ...situation, phase: 'host-key' });
  if (error instanceof SshError) return protocolError(error, situation);
  return fromSystem(error, situation);
}

const REASONS: Readonly<Record<string, HostKeyMismatchReason>> = {
  TRANSPORT_HOST_KEY_SIGNATURE: 'bad_signature',
  TRANSPORT_HOST_KEY_MALFORMED: 'malformed',
  TRANSPORT_HOST_KEY_CHANGED_IN_REKEY: 'changed_in_rekey',
  TRANSPORT_HOST_KEY_REJECTED: 'declined',
};

function fromLocal(error: LocalError, situation: Situation): SSHError {
  const context = contextOf(error, situation);
  if (error.code === 'CONNECT_TIMEOUT') {
    return new ConnectionTimeout(textOf(error), {
      code: error.code,
      fault: 'network',
      retryable: true,
      context: { ...context, ...base(error.context) },
    });
  }
  if (error.code === 'KEEPALIVE_TIMEOUT') {
    return new ConnectionLost(textOf(error), {
      code: error.code,
      fault: 'network',
      retryable: true,
      context,
    });
  }
  if (error.code === 'HOST_KEY_REFUSED') {
    const decided = error.context as { readonly reason: HostKeyMismatchReason };
    return new HostKeyMismatch(textOf(error), {
      code: error.code,
      fault: 'peer',
      retryable: false,
      context: { ...context, ...decided, originalError: error.cause ?? error },
    });
  }
  if (error.code === 'PROXY_COMMAND_START' || error.code === 'PROXY_COMMAND_ENDED') {
    return fromProxyCommand(error, context);
  }
  return new ConnectionClosed(textOf(error), {
    code: error.code,
    fault: 'caller',
    retryable: false,
    context,
  });
}

/** A program that ended was most often told no by the network; one that cannot be started never will be. */
function fromProxyCommand(error: LocalError, context: ErrorContext): SSHError {
  const { code, fault } = error;
  const ended = code === 'PROXY_COMMAND_ENDED';
  const init = { code, fault, retryable: ended, context: { ...context, ...error.context } };
  return ended && context.phase === 'open'
    ? new ConnectionLost(textOf(error), init)
    : new SSHConnectionError(textOf(error), init);
}

function fromTransport(error: TransportError, situation: Situation): SSHError {
  const { code } = error;
  const context = contextOf(error, situation);
  const reason = REASONS[code];
  if (reason !== undefined) {
    const known = error.context as { readonly fingerprint?: string; readonly now?: string };
    const fingerprint = known.fingerprint ?? known.now;
    return new HostKeyMismatch(textOf(error), {
      code,
      fault: 'peer',
      retryable: false,
      context: { ...context, reason, ...(fingerprint === undefined ? {} : { fingerprint }) },
    });
  }
  switch (error.code) {
    case 'TRANSPORT_CLOSED': {
      const below = error.cause;
      if (isLocalError(below)) return fromProxyCommand(below, context);
      if (below instanceof SSHError) return lostOnTheWay(below, context);
      return new ConnectionLost(closedText(context.phase, error.context.midPacket), {
        code,
        fault: 'network',
        retryable: true,
        context,
      });
    }
    case 'TRANSPORT_KEX_TIMEOUT':
      return new ConnectionTimeout(textOf(error), { code, fault: 'network', retryable: true, context });
    case 'TRANSPORT_NO_COMMON_ALGORITHM': {
      const { slot, client, server } = error.context;
      const nearest = situation.optIn.find(({ nearest }) => server.includes(nearest));
      return new NoMutualKex(textOf(error), {
        code,
        fault: 'peer',
        retryable: false,
        context: { ...context, slot, client, server, ...(nearest === undefined ? {} : nearest) },
      });
    }
    case 'TRANSPORT_DISCONNECTED':
      return fromDisconnect(error, situation);
    default:
      return protocolError(error, situation);
  }
}

/** The connection that this one went through ended. */
function lostOnTheWay(below: SSHError, context: ErrorContext): ConnectionLost {
  const { hop } = below.context;
  return new ConnectionLost(hop === undefined ? below.message : `the way is gone: ${below.message}`, {
    code: 'TRANSPORT_CLOSED',
    fault: 'network',
    retryable: true,
    context: { ...context, ...(hop === undefined ? {} : { hop }), originalError: below },
  });
}

/** Reasons that say "not now" rather than "you did wrong": RFC 4253 §11.1, 10, 11 and 12. */
const GOODBYES: readonly number[] = [10, 11, 12];

function fromDisconnect(
  error: TransportError & { readonly code: 'TRANSPORT_DISCONNECTED' },
  situation: Situation,
): SSHError {
  const { reason, name } = error.context;
  const context = { ...contextOf(error, situation), disconnectReason: reason, disconnectName: name };
  const refused = situation.attempts.some((attempt) => attempt.result === 'failure');
  // OpenSSH ends a login that took too many attempts with reason 2, others with 14; both mean the credentials.
  if (situation.phase === 'auth' && refused && (reason === 2 || reason === 14)) {
    return authFailed(
      textOf(error),
      error.code,
      situation.attempts,
      situation.attempts.at(-1)?.remaining ?? [],
      context,
    );
  }
  const init = { code: error.code, fault: 'peer' as const, retryable: GOODBYES.includes(reason), context };
  return GOODBYES.includes(reason)
    ? new ConnectionLost(textOf(error), init)
    : new ProtocolError(textOf(error), init);
}

function fromAuth(error: SshError, situation: Situation): SSHError {
  if (error.code !== 'AUTH_FAILED') return protocolError(error, situation);
  const failed = error.context as AuthFailed['context'];
  const context = contextOf(error, situation);
  const unusable = failed.attempts.find((attempt) => isPrivateKeyError(attempt.error));
  const tried = failed.attempts.some((attempt) => attempt.method !== 'none' && attempt.result !== 'skipped');
  // Nothing was shown to the server, because no key could be read: that is the news, not the refusal.
  if (!tried && isPrivateKeyError(unusable?.error)) return fromKey(unusable.error, situation);
  return authFailed(textOf(error), error.code, failed.attempts, failed.remaining, context);
}

function authFailed(
  message: string,
  code: string,
  attempts: AuthFailed['attempts'],
  remaining: readonly string[],
  context: ErrorContext,
): AuthFailed {
  return new AuthFailed(message, {
    code,
    fault: 'peer',
    retryable: false,
    context: { ...context, attempts, remaining },
  });
}

/**
 * A private key that cannot be used, as `KeyLoadError`.
 *
 * @param file - Where the key came from; errors of the content do not know it.
 */
export function fromKey(
  error: PrivateKeyError | KeyLoadError,
  situation: ErrorContext,
  file?: string,
): KeyLoadError {
  const known = error.context as { readonly path?: string; readonly originalError?: unknown };
  const path = known.path ?? file;
  const text = textOf(error);
  const message = path === undefined || text.includes(path) ? text : `${path}: ${text}`;
  return new KeyLoadError(message, {
    code: error.code,
    fault: 'caller',
    retryable: false,
    context: {
      ...base(situation),
      reason: error.context.reason,
      ...(path === undefined ? {} : { path }),
      originalError: known.originalError ?? error,
    },
  });
}

function protocolError(error: SshError, situation: Situation): SSHError {
  const context = { ...contextOf(error, situation), details: error.context };
  const { code, fault } = error;
  // Our own arguments and limits: nobody broke the protocol.
  if (fault === 'caller' && isChannelsError(error)) {
    return new ChannelError(textOf(error), { code, fault, retryable: false, context });
  }
  if (fault === 'bug' || fault === 'caller') {
    return new SSHError(textOf(error), { code, fault, retryable: false, context });
  }
  return new ProtocolError(textOf(error), {
    code,
    fault,
    retryable: false,
    context: error.disconnect === undefined ? context : { ...context, disconnectReason: error.disconnect },
  });
}

const REFUSED: readonly string[] = ['ECONNREFUSED'];
const TIMED_OUT: readonly string[] = ['ETIMEDOUT'];
const UNREACHABLE: readonly string[] = [
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'EADDRNOTAVAIL',
];
const LOST: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];

/** Errors of the operating system, by their code; several at once (one per address) by the first that is known. */
function fromSystem(error: unknown, situation: Situation): SSHError {
  const code = systemCode(error);
  const context = { ...base(situation), originalError: error };
  const at = situation.host === undefined ? 'the peer' : `${situation.host}:${situation.port}`;
  const init = { code: code ?? 'UNKNOWN', fault: 'network' as const, context };
  if (code !== undefined && REFUSED.includes(code)) {
    return new ConnectionRefused(`${at} refused the connection (${code})`, { ...init, retryable: true });
  }
  if (code !== undefined && TIMED_OUT.includes(code)) {
    return new ConnectionTimeout(`${at} did not answer (${code})`, { ...init, retryable: true });
  }
  if (code !== undefined && UNREACHABLE.includes(code)) {
    return new HostUnreachable(`${at} cannot be reached (${code})`, { ...init, retryable: true });
  }
  if (code !== undefined && LOST.includes(code)) {
    return new ConnectionLost(`the connection to ${at} was lost (${code})`, { ...init, retryable: true });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new SSHConnectionError(`cannot connect to ${at}: ${text}`, { ...init, retryable: false });
}

function systemCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(systemCode).filter((code) => code !== undefined);
    return codes.find((code) => REFUSED.includes(code)) ?? codes[0];
  }
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function closedText(phase: string | undefined, midPacket: boolean): string {
  const where = phase === undefined || phase === 'open' ? '' : ` in phase ${phase}`;
  return `the server closed the connection${where}${midPacket ? ', inside a packet' : ''}`;
}

function contextOf(error: SshError, situation: Situation): ErrorContext {
  const { phase: own, hop = situation.hop } = error.context as {
    readonly phase?: unknown;
    readonly hop?: string;
  };
  // To the transport everything after the key exchange is `open`; whether that was the login, we know.
  const phase = typeof own === 'string' && own !== 'open' ? own : situation.phase;
  return { ...base({ ...situation, phase, ...(hop === undefined ? {} : { hop }) }), originalError: error };
}

function base(situation: ErrorContext): ErrorContext {
  const { host, port, username, phase, hop } = situation;
  return {
    ...(hop === undefined ? {} : { hop }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(username === undefined ? {} : { username }),
    ...(phase === undefined ? {} : { phase }),
  };
}
