import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';
import type { HostKeyMismatchContext } from './classes.ts';

/** Endings that this package itself decides, in the vocabulary of the packages below. */
export interface LocalErrors {
  CONNECT_TIMEOUT: { readonly phase: string; readonly limitMs: number };
  CONNECT_ABORTED: { readonly phase: string };
  CONNECT_CLOSED: { readonly phase: string };
  HOST_KEY_REFUSED: HostKeyMismatchContext;
}

const CATALOGUE: ErrorCatalogue<LocalErrors> = {
  CONNECT_TIMEOUT: {
    fault: 'network',
    disconnect: 11,
    message: (c) => `no connection within ${c.limitMs / 1000} s, stuck in phase ${c.phase}`,
  },
  CONNECT_ABORTED: { fault: 'caller', disconnect: 11, message: (c) => `aborted in phase ${c.phase}` },
  CONNECT_CLOSED: { fault: 'caller', message: (c) => `closed by the caller in phase ${c.phase}` },
  HOST_KEY_REFUSED: {
    fault: 'peer',
    disconnect: 9,
    message: (c) => `host key ${c.fingerprint ?? ''} is not accepted: ${c.reason}`,
  },
};

export type LocalError = CodedError<LocalErrors>;
export const localError: ErrorFactory<LocalErrors> = errorFactory(CATALOGUE);
export const isLocalError = (error: unknown): error is LocalError => isErrorOf(CATALOGUE, error);
