import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What can go wrong in the server role beside the protocol's own errors. */
export interface ServerErrors {
  SERVER_LOGIN_GRACE: { readonly limitSec: number; readonly phase: string };
  SERVER_TOO_MANY_CONNECTIONS: { readonly limit: number; readonly per: 'server' | 'address' | 'login' };
  SERVER_DISPLACED: { readonly limit: number; readonly per: 'server' | 'address' | 'login' };
  /** The server, or the application, ended the connection. */
  SERVER_CLOSED: Readonly<Record<never, never>>;
  /** Something was written to a session that has ended, or its input broke off. */
  SERVER_SESSION_ENDED: { readonly operation: string };
  /** The client said that it reads no more output. */
  SERVER_OUTPUT_UNREAD: Record<never, never>;
  /** A handler of the application threw; `cause` is what it threw. */
  SERVER_HANDLER_FAILED: { readonly handler: string };
  SERVER_HANDLER_TIMEOUT: { readonly handler: string; readonly limitSec: number };
  /** A handler gave something that is no exit status. */
  SERVER_EXIT_STATUS: { readonly received: string };
  SERVER_LISTENER: { readonly what: string };
}

const CATALOGUE: ErrorCatalogue<ServerErrors> = {
  SERVER_LOGIN_GRACE: {
    fault: 'peer',
    disconnect: 14,
    message: (c) => `nobody logged in within ${c.limitSec} s (phase ${c.phase})`,
  },
  SERVER_TOO_MANY_CONNECTIONS: {
    fault: 'peer',
    disconnect: 12,
    message: (c) => `more than ${c.limit} connections per ${c.per}`,
  },
  SERVER_DISPLACED: {
    fault: 'peer',
    disconnect: 12,
    message: (c) => `an idle stranger made room for another one (limit ${c.limit} per ${c.per})`,
  },
  SERVER_CLOSED: { fault: 'caller', disconnect: 11, message: () => 'the server closed the connection' },
  SERVER_SESSION_ENDED: { fault: 'network', message: (c) => `${c.operation}: the session has ended` },
  SERVER_OUTPUT_UNREAD: { fault: 'network', message: () => 'write: the client reads no more output' },
  SERVER_HANDLER_FAILED: { fault: 'caller', message: (c) => `the ${c.handler} handler threw` },
  SERVER_HANDLER_TIMEOUT: {
    fault: 'caller',
    message: (c) => `the ${c.handler} handler gave no answer within ${c.limitSec} s`,
  },
  SERVER_EXIT_STATUS: { fault: 'caller', message: (c) => `not an exit status: ${c.received}` },
  SERVER_LISTENER: { fault: 'network', message: (c) => c.what },
};

export type ServerError = CodedError<ServerErrors>;
export const serverError: ErrorFactory<ServerErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isServerError = (error: unknown): error is ServerError => isErrorOf(CATALOGUE, error);
