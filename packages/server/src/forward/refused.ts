import { OpenFailureReason } from '@nbs-ssh/channels';

/** Why a client does not get what it wants forwarded: for SSH_MSG_CHANNEL_OPEN_FAILURE and for the trace. */
export interface Refusal {
  /** In a word, as the client's own errors have it. */
  readonly word: 'prohibited' | 'connect_failed' | 'resource_shortage' | 'invalid_target';
  /** RFC 4254 §5.1. */
  readonly reason: number;
  /** For people at the other end. */
  readonly text: string;
}

/** The same text for whatever is not permitted: it tells nothing about what is there. */
export const PROHIBITED: Refusal = {
  word: 'prohibited',
  reason: OpenFailureReason.ADMINISTRATIVELY_PROHIBITED,
  text: 'forwarding to this target is not permitted',
};

export const invalidTarget = (text: string): Refusal => ({
  word: 'invalid_target',
  reason: OpenFailureReason.ADMINISTRATIVELY_PROHIBITED,
  text,
});

export const shortage = (text: string): Refusal => ({
  word: 'resource_shortage',
  reason: OpenFailureReason.RESOURCE_SHORTAGE,
  text,
});

/** What the operating system says about a target, in words. Its own messages name addresses, which are not the client's business. */
export function connectFailed(error: unknown): Refusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return {
    word: 'connect_failed',
    reason: OpenFailureReason.CONNECT_FAILED,
    text: SENTENCES.get(code) ?? 'the target cannot be reached',
  };
}

export const DIAL_TIMEOUT: Refusal = {
  word: 'connect_failed',
  reason: OpenFailureReason.CONNECT_FAILED,
  text: 'the target does not answer: timed out',
};

/** The client does not take a connection that came for it. */
export const notTaken = (text: string): Refusal => ({
  word: 'connect_failed',
  reason: OpenFailureReason.CONNECT_FAILED,
  text: `the client did not take it: ${text}`,
});

/** Nobody hears it. */
export const CLIENT_GONE: Refusal = {
  word: 'connect_failed',
  reason: OpenFailureReason.CONNECT_FAILED,
  text: 'the client is gone',
};

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset'],
  ['ETIMEDOUT', 'the target does not answer: timed out'],
  ['EHOSTUNREACH', 'No route to host'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['EADDRNOTAVAIL', 'the address is not available here'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name cannot be looked up now'],
  ['ENOENT', 'no such socket'],
  ['ENOTSOCK', 'not a socket'],
  ['EACCES', 'Permission denied'],
]);
