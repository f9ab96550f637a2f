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
  /** `hop`: the jump host that was being connected to; the names with it are its own. */
  CONNECT_TIMEOUT: {
    readonly phase: string;
    readonly limitMs: number;
    readonly hop?: string;
    readonly host?: string;
    readonly port?: number;
    readonly username?: string;
  };
  KEEPALIVE_TIMEOUT: { readonly missed: number; readonly intervalMs: number };
  CONNECT_ABORTED: { readonly phase: string };
  CONNECT_CLOSED: { readonly phase: string };
  HOST_KEY_REFUSED: HostKeyMismatchContext;
  PROXY_COMMAND_START: { readonly command: string };
  PROXY_COMMAND_ENDED: {
    readonly command: string;
    readonly exitCode: number | null;
    readonly signal: string | null;
    /** Its last words, escaped. */
    readonly stderr: string;
  };
}

const CATALOGUE: ErrorCatalogue<LocalErrors> = {
  CONNECT_TIMEOUT: {
    fault: 'network',
    disconnect: 11,
    message: (c) =>
      `no connection within ${c.limitMs / 1000} s, stuck in phase ${c.phase}${c.hop === undefined ? '' : ` of the jump host ${c.hop}`}`,
  },
  KEEPALIVE_TIMEOUT: {
    fault: 'network',
    disconnect: 10,
    message: (c) => `the server was silent for ${(c.missed * c.intervalMs) / 1000} s`,
  },
  CONNECT_ABORTED: { fault: 'caller', disconnect: 11, message: (c) => `aborted in phase ${c.phase}` },
  CONNECT_CLOSED: { fault: 'caller', message: (c) => `closed by the caller in phase ${c.phase}` },
  HOST_KEY_REFUSED: {
    fault: 'peer',
    disconnect: 9,
    message: (c) =>
      `host key ${c.fingerprint ?? ''}${c.host === undefined ? '' : ` of ${c.host}:${c.port ?? 22}`} is not accepted: ${c.reason}`,
  },
  PROXY_COMMAND_START: {
    fault: 'caller',
    message: (c) => `the proxy command ${c.command} cannot be started`,
  },
  PROXY_COMMAND_ENDED: {
    fault: 'network',
    message: (c) => {
      const how = c.signal === null ? `with status ${c.exitCode}` : `by ${c.signal}`;
      return `the proxy command ${c.command} ended ${how}${c.stderr === '' ? '' : `: ${c.stderr}`}`;
    },
  },
};

export type LocalError = CodedError<LocalErrors>;
export const localError: ErrorFactory<LocalErrors> = errorFactory(CATALOGUE);
export const isLocalError = (error: unknown): error is LocalError => isErrorOf(CATALOGUE, error);
