import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '../wire/index.ts';

export interface CryptoErrors {
  CRYPTO_BAD_PUBLIC_VALUE: {
    readonly algorithm: string;
    readonly reason: 'length' | 'point' | 'weak' | 'encoding' | 'range';
  };
  /** Group exchange: the server's group is not of the sizes asked for, or no group in which secrets stay secret. */
  CRYPTO_BAD_GROUP: {
    readonly algorithm: string;
    readonly reason: 'size' | 'generator' | 'not-safe';
    /** Of the prime. */
    readonly bits: number;
  };
  CRYPTO_KEY_TYPE: { readonly algorithm: string; readonly keyType: string };
  CRYPTO_SIGNATURE_SELF_CHECK: { readonly algorithm: string };
  CRYPTO_KEY_GENERATION: { readonly algorithm: string; readonly reason: 'random' | 'self-check' };
}

const CATALOGUE: ErrorCatalogue<CryptoErrors> = {
  CRYPTO_BAD_PUBLIC_VALUE: {
    fault: 'peer',
    disconnect: 3,
    message: (c) => `${c.algorithm}: the peer's public value is not acceptable (${c.reason})`,
  },
  CRYPTO_BAD_GROUP: {
    fault: 'peer',
    disconnect: 3,
    message: (c) => `${c.algorithm}: the server's group of ${c.bits} bits is not acceptable (${c.reason})`,
  },
  CRYPTO_KEY_TYPE: {
    fault: 'caller',
    message: (c) => `${c.algorithm} cannot use a key of type ${c.keyType}`,
  },
  CRYPTO_SIGNATURE_SELF_CHECK: {
    fault: 'bug',
    message: (c) => `${c.algorithm}: the new signature does not verify, so it was not released`,
  },
  CRYPTO_KEY_GENERATION: {
    fault: 'bug',
    message: (c) =>
      c.reason === 'random'
        ? `${c.algorithm}: no key was found in far more tries than it takes; the random numbers are not random`
        : `${c.algorithm}: the new key does not verify its own signature, so it was not released`,
  },
};

export type CryptoError = CodedError<CryptoErrors>;
export const cryptoError: ErrorFactory<CryptoErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isCryptoError = (error: unknown): error is CryptoError => isErrorOf(CATALOGUE, error);
