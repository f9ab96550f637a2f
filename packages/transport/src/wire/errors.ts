import { type CodedError, type ErrorCatalogue, type ErrorFactory, errorFactory, isErrorOf } from './error.ts';

/** What can be wrong with bytes. Offsets and counts are in bytes from the start of the message. */
export interface WireErrors {
  WIRE_SHORT_READ: { readonly field: string; readonly offset: number; readonly needed: number };
  WIRE_TRAILING_BYTES: { readonly message: string; readonly count: number };
  WIRE_MESSAGE_NUMBER: { readonly message: string; readonly expected: number; readonly received: number };
  WIRE_NAME_LIST: { readonly field: string; readonly offset: number };
  WIRE_MPINT: { readonly field: string; readonly offset: number };
  WIRE_UTF8: { readonly field: string; readonly offset: number };
  WIRE_LIMIT: { readonly field: string; readonly limit: number; readonly received: number };
}

const CATALOGUE: ErrorCatalogue<WireErrors> = {
  WIRE_SHORT_READ: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.field} needs ${c.needed} more bytes at offset ${c.offset}`,
  },
  WIRE_TRAILING_BYTES: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.count} bytes follow a complete ${c.message}`,
  },
  WIRE_MESSAGE_NUMBER: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.message} has number ${c.expected}, received ${c.received}`,
  },
  WIRE_NAME_LIST: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.field} at offset ${c.offset} is not a name-list`,
  },
  WIRE_MPINT: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.field} at offset ${c.offset} is not a canonical mpint`,
  },
  WIRE_UTF8: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.field} at offset ${c.offset} is not UTF-8`,
  },
  WIRE_LIMIT: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `${c.field} is ${c.received}, limit ${c.limit}`,
  },
};

export type WireError = CodedError<WireErrors>;
export const wireError: ErrorFactory<WireErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isWireError = (error: unknown): error is WireError => isErrorOf(CATALOGUE, error);
