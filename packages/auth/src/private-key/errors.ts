import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** Why a key could not be loaded. */
export type PrivateKeyErrorReason =
  | 'file_not_found'
  | 'permission_denied'
  | 'wrong_passphrase'
  | 'passphrase_required'
  | 'invalid_format'
  | 'unsupported';

/** Why a certificate is not shown to any server. */
export type CertificateFileProblem = 'malformed' | 'wrong-type' | 'mismatch';

const CERTIFICATE_PROBLEMS: { readonly [P in CertificateFileProblem]: string } = {
  malformed: 'it is no well-formed certificate',
  'wrong-type': 'it is for hosts, not for users',
  mismatch: 'it belongs to another key',
};

/**
 * What can be wrong with a private key. `context.reason` is the public vocabulary of `KeyLoadError`.
 *
 * Contexts name formats, fields, sizes and paths: never a byte of the key, never the passphrase.
 */
export interface PrivateKeyErrors {
  AUTH_KEY_FILE_NOT_FOUND: { readonly reason: 'file_not_found'; readonly path: string };
  /** `mode` (octal) when the file is refused because others may read it too. */
  AUTH_KEY_PERMISSION_DENIED: {
    readonly reason: 'permission_denied';
    readonly path: string;
    readonly mode?: string;
  };
  /** The path is no regular file, or cannot be read for a reason that is not permission. */
  AUTH_KEY_NOT_A_FILE: { readonly reason: 'invalid_format'; readonly path: string; readonly what: string };
  /** A wrong passphrase and a damaged file look the same: nothing in the format tells them apart. */
  AUTH_KEY_WRONG_PASSPHRASE: { readonly reason: 'wrong_passphrase'; readonly cipher: string };
  AUTH_KEY_PASSPHRASE_REQUIRED: { readonly reason: 'passphrase_required'; readonly cipher: string };
  AUTH_KEY_INVALID_FORMAT: {
    readonly reason: 'invalid_format';
    readonly format: string;
    readonly what: string;
  };
  /** A certificate that goes with a key. `path` is absent when it was given as a text. */
  AUTH_KEY_CERTIFICATE: {
    readonly reason: 'invalid_format';
    readonly problem: CertificateFileProblem;
    readonly path?: string;
  };
  /** `hint` says in plain words what the user can do. */
  AUTH_KEY_UNSUPPORTED: { readonly reason: 'unsupported'; readonly what: string; readonly hint: string };
}

const CATALOGUE: ErrorCatalogue<PrivateKeyErrors> = {
  AUTH_KEY_FILE_NOT_FOUND: { fault: 'caller', message: (c) => `there is no file ${c.path}` },
  AUTH_KEY_PERMISSION_DENIED: {
    fault: 'caller',
    message: (c) =>
      c.mode === undefined
        ? `${c.path} may not be read by this user`
        : `${c.path} has mode ${c.mode}, so other users can read it; chmod 600 it`,
  },
  AUTH_KEY_NOT_A_FILE: { fault: 'caller', message: (c) => `${c.path} cannot be a key file: ${c.what}` },
  AUTH_KEY_WRONG_PASSPHRASE: {
    fault: 'caller',
    message: () => 'the passphrase is wrong, or the encrypted key is damaged',
  },
  AUTH_KEY_PASSPHRASE_REQUIRED: {
    fault: 'caller',
    message: () => 'the key is encrypted and no passphrase was given',
  },
  AUTH_KEY_INVALID_FORMAT: {
    fault: 'caller',
    message: (c) => `not a well-formed private key (${c.format}): ${c.what}`,
  },
  AUTH_KEY_CERTIFICATE: {
    fault: 'caller',
    message: (c) => `${c.path ?? 'the certificate'} cannot be used: ${CERTIFICATE_PROBLEMS[c.problem]}`,
  },
  AUTH_KEY_UNSUPPORTED: { fault: 'caller', message: (c) => `${c.what} is not supported; ${c.hint}` },
};

export type PrivateKeyError = CodedError<PrivateKeyErrors>;
export const privateKeyError: ErrorFactory<PrivateKeyErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isPrivateKeyError = (error: unknown): error is PrivateKeyError => isErrorOf(CATALOGUE, error);

/** Shorthands for the two codes that every parser here throws. */
export const invalid = (
  format: string,
  what: string,
  cause?: unknown,
): ReturnType<typeof privateKeyError<'AUTH_KEY_INVALID_FORMAT'>> =>
  privateKeyError('AUTH_KEY_INVALID_FORMAT', { reason: 'invalid_format', format, what }, { cause });
export const unsupported = (
  what: string,
  hint: string,
): ReturnType<typeof privateKeyError<'AUTH_KEY_UNSUPPORTED'>> =>
  privateKeyError('AUTH_KEY_UNSUPPORTED', { reason: 'unsupported', what, hint });
/** @param cipher - As the format calls it. */
export const wrongPassphrase = (
  cipher: string,
): ReturnType<typeof privateKeyError<'AUTH_KEY_WRONG_PASSPHRASE'>> =>
  privateKeyError('AUTH_KEY_WRONG_PASSPHRASE', { reason: 'wrong_passphrase', cipher });
