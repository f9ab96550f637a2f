import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';
import type { AuthAttempt } from './client/types.ts';

/** What can go wrong in RFC 4252 and 4256. Strings from the peer are escaped and bounded in every context. */
export interface AuthErrors {
  AUTH_UNEXPECTED_MESSAGE: {
    readonly phase: string;
    readonly expected: readonly number[];
    readonly received: number;
  };
  /** The server said "you are in" where nothing that could earn it had been sent. */
  AUTH_UNEXPECTED_SUCCESS: { readonly phase: string };
  AUTH_SERVICE_MISMATCH: { readonly expected: string; readonly received: string };
  AUTH_SERVICE_UNAVAILABLE: { readonly service: string };
  AUTH_PK_OK_MISMATCH: {
    readonly offered: string;
    readonly received: string;
    readonly sameKey: boolean;
  };
  AUTH_LIMIT: { readonly what: string; readonly limit: number; readonly received: number };
  AUTH_FAILED: {
    readonly username: string;
    readonly attempts: readonly AuthAttempt[];
    /** Methods that the server still offered at the end. */
    readonly remaining: readonly string[];
  };
  AUTH_TOO_MANY_ATTEMPTS: { readonly what: 'failures' | 'key queries'; readonly limit: number };
  AUTH_ANSWER: { readonly id: number; readonly expected: string; readonly received: string };
  AUTH_INTERNAL: { readonly phase: string };
}

const CATALOGUE: ErrorCatalogue<AuthErrors> = {
  AUTH_UNEXPECTED_MESSAGE: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `message ${c.received} is not legal in ${c.phase}, expected [${c.expected.join(',')}]`,
  },
  AUTH_UNEXPECTED_SUCCESS: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `the server accepted the login in ${c.phase}, before any credential was proven`,
  },
  AUTH_SERVICE_MISMATCH: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `asked for service ${c.expected}, the server accepted ${c.received}`,
  },
  AUTH_SERVICE_UNAVAILABLE: {
    fault: 'peer',
    disconnect: 7,
    message: (c) => `service ${c.service} is not available here`,
  },
  AUTH_PK_OK_MISMATCH: {
    fault: 'peer',
    disconnect: 2,
    message: (c) =>
      c.sameKey
        ? `offered a key for ${c.offered}, the server accepted it for ${c.received}`
        : `the server accepted a key that was not offered (${c.received})`,
  },
  AUTH_LIMIT: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.what}: ${c.received}, limit ${c.limit}`,
  },
  AUTH_FAILED: {
    fault: 'caller',
    disconnect: 14,
    message: (c) =>
      `no credential was accepted for ${c.username} (tried: ${tried(c.attempts)}${passedOver(c.attempts)}; offered: ${c.remaining.join(',') || 'nothing'})`,
  },
  AUTH_TOO_MANY_ATTEMPTS: {
    fault: 'peer',
    disconnect: 14,
    message: (c) => `more than ${c.limit} ${c.what}`,
  },
  AUTH_ANSWER: {
    fault: 'caller',
    message: (c) => `effect ${c.id} wants ${c.expected}, the answer is ${c.received}`,
  },
  AUTH_INTERNAL: {
    fault: 'bug',
    disconnect: 11,
    message: (c) => `authentication stopped in ${c.phase} because of a defect here`,
  },
};

function tried(attempts: readonly AuthAttempt[]): string {
  const methods = attempts.filter((attempt) => attempt.result !== 'skipped').map((attempt) => attempt.method);
  return [...new Set(methods)].join(',') || 'nothing';
}

/** What never reached the server, and why: often that is the news. */
function passedOver(attempts: readonly AuthAttempt[]): string {
  const skipped = attempts.filter(({ result }) => result === 'skipped');
  const told = skipped.map(({ method, skipReason = 'unknown' }) => `${method} ${skipReason}`);
  return told.length === 0 ? '' : `; skipped: ${[...new Set(told)].join(',')}`;
}

export type AuthError = CodedError<AuthErrors>;
export const authError: ErrorFactory<AuthErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isAuthError = (error: unknown): error is AuthError => isErrorOf(CATALOGUE, error);
