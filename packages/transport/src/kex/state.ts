import type { TransportConfig } from '../config.ts';
import type {
  DhGroup,
  GroupExamination,
  GroupExchangeKexSuite,
  GroupSizes,
  KexStart,
  KexSuite,
  OneRoundKexSuite,
} from '../crypto/index.ts';
import type { KeySource } from '../key-derivation.ts';
import type { PublicKey } from '../keys/index.ts';
import type { KexInit } from '../messages.ts';
import type { NegotiatedAlgorithms } from '../negotiate.ts';

export type KexState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'init-sent'; readonly ours: KexInit; readonly ourPayload: Uint8Array }
  | ({ readonly phase: 'reply-awaited'; readonly start: KexStart } & Agreed)
  | ({ readonly phase: 'init-awaited' } & Agreed<OneRoundKexSuite>)
  | ({ readonly phase: 'group-awaited' } & Agreed<GroupExchangeKexSuite>)
  | ({ readonly phase: 'group-examined'; readonly examination: GroupExamination } & InGroup)
  | ({ readonly phase: 'group-reply-awaited'; readonly start: KexStart } & InGroup)
  | ({ readonly phase: 'group-request-awaited' } & Agreed<GroupExchangeKexSuite>)
  | ({ readonly phase: 'group-init-awaited' } & InGroup)
  | ({ readonly phase: 'trust-awaited'; readonly keys: KeySource } & Agreed)
  | ({ readonly phase: 'new-keys-awaited'; readonly keys: KeySource } & Agreed);

/** What the two KEXINIT have settled. */
export interface Agreed<S extends KexSuite = KexSuite> {
  readonly algorithms: NegotiatedAlgorithms;
  readonly suite: S;
  readonly clientInit: Uint8Array;
  readonly serverInit: Uint8Array;
  /** The peer guessed wrong: its next method message is to be dropped, RFC 4253 §7. */
  readonly discardGuess: boolean;
}

/** Group exchange, once the server has chosen. */
export interface InGroup extends Agreed<GroupExchangeKexSuite> {
  readonly sizes: GroupSizes;
  readonly group: DhGroup;
}

/** What stays the same during one exchange. */
export interface KexContext {
  readonly config: TransportConfig;
  readonly clientLine: Uint8Array;
  readonly serverLine: Uint8Array;
  /** Of the first exchange; `undefined` while that one runs. */
  readonly sessionId: Uint8Array | undefined;
  /** Client role: the host key that the first exchange proved. */
  readonly hostKey: PublicKey | undefined;
}

export type KexInput =
  | { readonly type: 'start' }
  | { readonly type: 'message'; readonly payload: Uint8Array }
  /** Go on with what takes long. */
  | { readonly type: 'work' }
  | { readonly type: 'trusted' };

/** What the transport must do, in order. */
export type KexOutput =
  | { readonly type: 'send'; readonly payload: Uint8Array }
  | { readonly type: 'offered'; readonly ours: KexInit }
  | {
      readonly type: 'agreed';
      readonly ours: KexInit;
      readonly theirs: KexInit;
      readonly algorithms: NegotiatedAlgorithms;
      readonly guessDiscarded: boolean;
    }
  | { readonly type: 'group'; readonly bits: number; readonly wellKnown: boolean }
  | { readonly type: 'host-key'; readonly hostKey: PublicKey; readonly algorithm: string }
  | {
      readonly type: 'ask-trust';
      readonly hostKey: PublicKey;
      readonly algorithm: string;
      readonly exchangeHash: Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly type: 'seal-with'; readonly keys: KeySource; readonly algorithms: NegotiatedAlgorithms }
  | { readonly type: 'open-with'; readonly keys: KeySource; readonly algorithms: NegotiatedAlgorithms };

export interface Step {
  readonly state: KexState;
  readonly outputs: readonly KexOutput[];
}

/**
 * Message numbers of the exchange that are legal in each phase.
 *
 * `trust-awaited` is empty because the transport stops decoding while that question is open: SSH_MSG_NEWKEYS
 * usually arrives in the same TCP segment as the reply and must wait in the receive buffer. `group-examined` is empty
 * for the same reason: it decodes nothing until it has answered.
 */
export const EXPECTED: { readonly [P in KexState['phase']]: readonly number[] } = {
  idle: [20],
  'init-sent': [20],
  'reply-awaited': [31],
  'init-awaited': [30],
  'group-awaited': [31],
  'group-examined': [],
  'group-reply-awaited': [33],
  'group-request-awaited': [34],
  'group-init-awaited': [32],
  'trust-awaited': [],
  'new-keys-awaited': [21],
};
