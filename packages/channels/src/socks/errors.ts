import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What a client of SOCKS can do wrong. It is `peer` in what follows, although it is often a program nearby. */
export interface SocksErrors {
  /** The first byte is no version that there is; `speaks` is what clients begin with it. */
  SOCKS_VERSION: { readonly received: number; readonly speaks: 'HTTP' | 'TLS' | undefined };
  /** Every method that the client offered asks for more than we do. */
  SOCKS_METHODS: { readonly offered: readonly number[] };
  /** BIND, UDP ASSOCIATE, or none that there is. */
  SOCKS_COMMAND: { readonly received: number };
  SOCKS_ADDRESS_TYPE: { readonly received: number };
  SOCKS_HOST: { readonly reason: string };
  SOCKS_PORT: { readonly received: number };
  /** Lengths in bytes. */
  SOCKS_TOO_LONG: { readonly field: string; readonly limit: number };
  /** The client ended what it sends inside its request, or before it. */
  SOCKS_CLOSED: { readonly received: number };
  /** It did not say in time what it wants. */
  SOCKS_TIMEOUT: { readonly limitMs: number };
  /** So many clients came after it that have not said what they want either. */
  SOCKS_CROWDED: { readonly limit: number };
  SOCKS_STATE: { readonly operation: string; readonly phase: string };
}

const COMMANDS: ReadonlyMap<number, string> = /* @__PURE__ */ new Map([
  [2, 'BIND'],
  [3, 'UDP ASSOCIATE'],
]);

const CATALOGUE: ErrorCatalogue<SocksErrors> = {
  SOCKS_VERSION: {
    fault: 'peer',
    message: (c) =>
      c.speaks === undefined
        ? `version ${c.received} of SOCKS, there are 4 and 5`
        : `the client speaks ${c.speaks}, this is a port for SOCKS 4, 4a and 5`,
  },
  SOCKS_METHODS: {
    fault: 'peer',
    message: (c) =>
      `the client offers authentication methods [${c.offered.join(',')}], and not 0, which is none`,
  },
  SOCKS_COMMAND: {
    fault: 'peer',
    message: (c) => `command ${COMMANDS.get(c.received) ?? c.received}, only CONNECT is served`,
  },
  SOCKS_ADDRESS_TYPE: {
    fault: 'peer',
    message: (c) => `address type ${c.received}, there are 1, 3 and 4`,
  },
  SOCKS_HOST: { fault: 'peer', message: (c) => `the name of the target ${c.reason}` },
  SOCKS_PORT: { fault: 'peer', message: (c) => `port ${c.received} of the target` },
  SOCKS_TOO_LONG: { fault: 'peer', message: (c) => `${c.field} of more than ${c.limit} bytes` },
  SOCKS_CLOSED: {
    fault: 'peer',
    message: (c) => `the client ended after ${c.received} bytes, before its request was complete`,
  },
  SOCKS_TIMEOUT: {
    fault: 'peer',
    message: (c) => `the client did not complete its request within ${c.limitMs / 1000} s`,
  },
  SOCKS_CROWDED: {
    fault: 'peer',
    message: (c) => `the client made way for others: ${c.limit} have not completed their request`,
  },
  SOCKS_STATE: {
    fault: 'caller',
    message: (c) => `cannot ${c.operation}: the SOCKS handshake is ${c.phase}`,
  },
};

export type SocksError = CodedError<SocksErrors>;
export const socksError: ErrorFactory<SocksErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isSocksError = (error: unknown): error is SocksError => isErrorOf(CATALOGUE, error);
