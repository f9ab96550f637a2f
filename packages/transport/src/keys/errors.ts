import type { DsaProblem } from '../crypto/signatures/dsa-limits.ts';
import type { RsaProblem } from '../crypto/signatures/rsa-limits.ts';
import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '../wire/index.ts';

/** What can be wrong with a public key. Names from outside are already made printable. */
export interface KeysErrors {
  /** `part` is what was being read: `blob`, `point`, `line`, … */
  KEYS_MALFORMED: { readonly keyType: string; readonly part: string };
  KEYS_UNSUPPORTED_TYPE: { readonly keyType: string };
  /** A certificate where a plain key is wanted. Never to be read as the key inside it. */
  KEYS_CERTIFICATE: { readonly keyType: string };
  /** A plain key where a certificate is wanted. */
  KEYS_NOT_CERTIFICATE: { readonly keyType: string };
  KEYS_RSA_LIMITS: {
    readonly reason: RsaProblem;
    readonly bits: number;
  };
  /** DSA has one size in SSH: 1024 bits, with an order of 160. */
  KEYS_DSA_LIMITS: {
    readonly reason: DsaProblem;
    readonly bits: number;
  };
  /** We were asked to sign with an algorithm that the provider lacks or that is not of this key. */
  KEYS_SIGNATURE_ALGORITHM: { readonly algorithm: string; readonly keyType: string };
}

/** RFC 4253 §11.1: SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE. */
const NOT_VERIFIABLE = 9;

const CATALOGUE: ErrorCatalogue<KeysErrors> = {
  KEYS_MALFORMED: {
    fault: 'peer',
    disconnect: NOT_VERIFIABLE,
    message: (c) => `not a well-formed public key of type ${c.keyType} (${c.part})`,
  },
  KEYS_UNSUPPORTED_TYPE: {
    fault: 'peer',
    disconnect: NOT_VERIFIABLE,
    message: (c) => `public key type ${c.keyType} is not supported`,
  },
  KEYS_CERTIFICATE: {
    fault: 'peer',
    disconnect: NOT_VERIFIABLE,
    message: (c) => `${c.keyType} is a certificate, not a plain public key`,
  },
  KEYS_NOT_CERTIFICATE: {
    fault: 'peer',
    disconnect: NOT_VERIFIABLE,
    message: (c) => `${c.keyType} is a plain public key, not a certificate`,
  },
  KEYS_RSA_LIMITS: {
    fault: 'peer',
    disconnect: NOT_VERIFIABLE,
    message: (c) => `RSA key of ${c.bits} bits is not acceptable (${c.reason})`,
  },
  KEYS_DSA_LIMITS: {
    fault: 'peer',
    disconnect: NOT_VERIFIABLE,
    message: (c) => `DSA key of ${c.bits} bits is not acceptable (${c.reason})`,
  },
  KEYS_SIGNATURE_ALGORITHM: {
    fault: 'caller',
    message: (c) => `cannot sign with ${c.algorithm} by a key of type ${c.keyType}`,
  },
};

export type KeysError = CodedError<KeysErrors>;
export const keysError: ErrorFactory<KeysErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isKeysError = (error: unknown): error is KeysError => isErrorOf(CATALOGUE, error);
