import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What can go wrong with signed messages, before anything is decided about a signature. */
export interface SshsigErrors {
  /** `what` is a part of the format, never content. */
  AUTH_SSHSIG_MALFORMED: { readonly what: string };
  /** Whoever was asked to sign gave something else than a signature by that key. */
  AUTH_SSHSIG_SIGNER: { readonly algorithm: string };
  /** Counted from 1. A list of revoked keys that cannot be read as a whole revokes nothing reliably. */
  AUTH_SSHSIG_REVOKED_KEYS: { readonly line: number; readonly what: string };
}

const CATALOGUE: ErrorCatalogue<SshsigErrors> = {
  AUTH_SSHSIG_MALFORMED: { fault: 'peer', message: (c) => `not a signature of a message: ${c.what}` },
  AUTH_SSHSIG_SIGNER: {
    fault: 'caller',
    message: (c) => `the signer gave no valid ${c.algorithm} signature by its key`,
  },
  AUTH_SSHSIG_REVOKED_KEYS: {
    fault: 'caller',
    message: (c) => `the list of revoked keys cannot be used, line ${c.line}: ${c.what}`,
  },
};

export type SshsigError = CodedError<SshsigErrors>;
export const sshsigError: ErrorFactory<SshsigErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isSshsigError = (error: unknown): error is SshsigError => isErrorOf(CATALOGUE, error);

export const malformed = (
  what: string,
  cause?: unknown,
): ReturnType<typeof sshsigError<'AUTH_SSHSIG_MALFORMED'>> =>
  sshsigError('AUTH_SSHSIG_MALFORMED', { what }, { cause });
