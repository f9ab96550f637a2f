import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
  printable,
} from './wire/index.ts';

/** The slots of SSH_MSG_KEXINIT that need a common algorithm, RFC 4253 §7.1. */
export type AlgorithmSlot =
  | 'kex'
  | 'hostKey'
  | 'cipherClientToServer'
  | 'cipherServerToClient'
  | 'macClientToServer'
  | 'macServerToClient'
  | 'compressionClientToServer'
  | 'compressionServerToClient';

/** Where in its life a transport was. Names are stable and appear in evidence. */
export type TransportPhase = 'identification' | 'kex' | 'host-key' | 'new-keys' | 'open' | 'rekey' | 'closed';

export interface TransportErrors {
  TRANSPORT_IDENTIFICATION: { readonly limit: number; readonly what: 'bytes' | 'lines' };
  TRANSPORT_IDENTIFICATION_CONTENT: { readonly line: string };
  TRANSPORT_VERSION: { readonly line: string };
  TRANSPORT_NOT_SSH: { readonly guess: string; readonly first: string };
  TRANSPORT_CLOSED: { readonly phase: TransportPhase; readonly midPacket: boolean };
  TRANSPORT_DISCONNECTED: { readonly reason: number; readonly name: string; readonly description: string };
  TRANSPORT_PACKET_LENGTH: { readonly sequence: number; readonly length: number; readonly limit: number };
  TRANSPORT_PADDING: { readonly sequence: number; readonly padding: number; readonly length: number };
  TRANSPORT_BAD_TAG: { readonly sequence: number; readonly cipher: string; readonly mac: string | null };
  TRANSPORT_MESSAGE_UNEXPECTED: {
    readonly phase: string;
    readonly expected: readonly number[];
    readonly received: number;
  };
  TRANSPORT_STRICT_KEX: { readonly received: number; readonly sequence: number };
  TRANSPORT_STRICT_KEX_REQUIRED: Readonly<Record<never, never>>;
  TRANSPORT_REFLECTION: { readonly phase: TransportPhase };
  TRANSPORT_NO_COMMON_ALGORITHM: {
    readonly slot: AlgorithmSlot;
    readonly client: readonly string[];
    readonly server: readonly string[];
  };
  /** Server role: the client's sizes for group exchange contradict each other, or we have no such group. In bits. */
  TRANSPORT_KEX_GROUP: { readonly min: number; readonly preferred: number; readonly max: number };
  TRANSPORT_HOST_KEY_MALFORMED: { readonly algorithm: string };
  TRANSPORT_HOST_KEY_SIGNATURE: { readonly algorithm: string; readonly fingerprint: string };
  /** A `certificate` when another one for the same key came. Fingerprints are of the keys. */
  TRANSPORT_HOST_KEY_CHANGED_IN_REKEY: {
    readonly what: 'key' | 'certificate';
    readonly before: string;
    readonly now: string;
  };
  TRANSPORT_HOST_KEY_REJECTED: { readonly fingerprint: string };
  TRANSPORT_FLOOD: { readonly what: string; readonly limit: number };
  TRANSPORT_INPUT_OVERFLOW: { readonly limit: number };
  TRANSPORT_PREAUTH_BUDGET: { readonly limit: number; readonly unit: 'bytes' | 'packets' };
  TRANSPORT_SEQUENCE_WRAP: { readonly direction: 'send' | 'receive' };
  TRANSPORT_KEX_TIMEOUT: { readonly phase: TransportPhase; readonly limitMs: number };
  TRANSPORT_EXT_INFO: { readonly reason: string };
  TRANSPORT_MISUSE: { readonly what: string };
  TRANSPORT_INTERNAL: { readonly what: string };
}

/** Names shown in a message, and characters of each; `context` has them all. */
const SHOWN_NAMES = 32;
const SHOWN_LENGTH = 64;

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => printable(name, SHOWN_LENGTH));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(',')} and ${more} more` : shown.join(',');
}

const CATALOGUE: ErrorCatalogue<TransportErrors> = {
  TRANSPORT_IDENTIFICATION: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `no SSH identification within ${c.limit} ${c.what}`,
  },
  TRANSPORT_IDENTIFICATION_CONTENT: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `identification line has forbidden bytes: "${c.line}"`,
  },
  TRANSPORT_VERSION: {
    fault: 'peer',
    disconnect: 8,
    message: (c) => `peer speaks another protocol version: "${c.line}"`,
  },
  TRANSPORT_NOT_SSH: {
    fault: 'peer',
    message: (c) => `the peer is not an SSH endpoint, it looks like ${c.guess}; it sent "${c.first}"`,
  },
  TRANSPORT_CLOSED: {
    fault: 'network',
    message: (c) =>
      `the peer closed the connection in phase ${c.phase}${c.midPacket ? ', inside a packet' : ''}`,
  },
  TRANSPORT_DISCONNECTED: {
    fault: 'peer',
    message: (c) => `the peer disconnected: ${c.name} (${c.reason}) "${c.description}"`,
  },
  TRANSPORT_PACKET_LENGTH: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `packet ${c.sequence} has impossible length ${c.length}, limit ${c.limit}`,
  },
  TRANSPORT_PADDING: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `packet ${c.sequence} of length ${c.length} has impossible padding ${c.padding}`,
  },
  TRANSPORT_BAD_TAG: {
    fault: 'peer',
    disconnect: 5,
    message: (c) =>
      `packet ${c.sequence} fails authentication (${c.cipher}${c.mac === null ? '' : `, ${c.mac}`})`,
  },
  TRANSPORT_MESSAGE_UNEXPECTED: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `message ${c.received} in phase ${c.phase}, expected one of [${c.expected.join(',')}]`,
  },
  TRANSPORT_STRICT_KEX: {
    fault: 'peer',
    disconnect: 3,
    message: (c) => `message ${c.received} (packet ${c.sequence}) is not allowed in a strict key exchange`,
  },
  TRANSPORT_STRICT_KEX_REQUIRED: {
    fault: 'peer',
    disconnect: 3,
    message: () => 'policy requires strict key exchange, and the peer does not offer it',
  },
  TRANSPORT_REFLECTION: {
    fault: 'peer',
    disconnect: 2,
    message: () => 'the peer sent our own KEXINIT back',
  },
  TRANSPORT_NO_COMMON_ALGORITHM: {
    fault: 'peer',
    disconnect: 3,
    message: (c) =>
      `no common ${c.slot}: client offers [${namesOf(c.client)}], server offers [${namesOf(c.server)}]`,
  },
  TRANSPORT_KEX_GROUP: {
    fault: 'peer',
    disconnect: 3,
    message: (c) => `no group of ${c.min} to ${c.max} bits, preferably ${c.preferred}, can be given`,
  },
  TRANSPORT_HOST_KEY_MALFORMED: {
    fault: 'peer',
    disconnect: 9,
    message: (c) => `the host key is not a valid key for ${c.algorithm}`,
  },
  TRANSPORT_HOST_KEY_SIGNATURE: {
    fault: 'peer',
    disconnect: 9,
    message: (c) => `the signature of host key ${c.fingerprint} (${c.algorithm}) over this exchange is wrong`,
  },
  TRANSPORT_HOST_KEY_CHANGED_IN_REKEY: {
    fault: 'peer',
    disconnect: 9,
    message: (c) =>
      c.what === 'key'
        ? `the host key changed from ${c.before} to ${c.now} during a rekey`
        : `another certificate for host key ${c.now} was shown during a rekey`,
  },
  TRANSPORT_HOST_KEY_REJECTED: {
    fault: 'peer',
    disconnect: 9,
    message: (c) => `host key ${c.fingerprint} was not accepted`,
  },
  TRANSPORT_FLOOD: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `more than ${c.limit} ${c.what}`,
  },
  TRANSPORT_INPUT_OVERFLOW: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `more than ${c.limit} bytes arrived while the transport was waiting for a decision`,
  },
  TRANSPORT_PREAUTH_BUDGET: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `more than ${c.limit} ${c.unit} before authentication`,
  },
  TRANSPORT_SEQUENCE_WRAP: {
    fault: 'peer',
    disconnect: 3,
    message: (c) => `the ${c.direction} sequence number would wrap before a key exchange`,
  },
  TRANSPORT_KEX_TIMEOUT: {
    fault: 'network',
    disconnect: 3,
    message: (c) => `key exchange did not finish within ${c.limitMs} ms (phase ${c.phase})`,
  },
  TRANSPORT_EXT_INFO: {
    fault: 'peer',
    disconnect: 2,
    message: (c) => `SSH_MSG_EXT_INFO is not acceptable: ${c.reason}`,
  },
  TRANSPORT_MISUSE: { fault: 'caller', message: (c) => c.what },
  TRANSPORT_INTERNAL: { fault: 'bug', disconnect: 2, message: (c) => c.what },
};

export type TransportError = CodedError<TransportErrors>;
export const transportError: ErrorFactory<TransportErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isTransportError = (error: unknown): error is TransportError => isErrorOf(CATALOGUE, error);
