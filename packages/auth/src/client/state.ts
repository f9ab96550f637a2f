import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import type { CertificateFacts, PublicKey } from '@nbs-ssh/transport/keys';
import type { Secret } from '@nbs-ssh/transport/wire';
import type { OpenAttempt } from './ledger.ts';
import type {
  ClientAuthLimits,
  KeyboardInteractiveCredential,
  PasswordCredential,
  PublicKeyCredential,
} from './types.ts';

/** A key on offer with one of its signature algorithms, and those to fall back to. */
export interface Offer {
  readonly credential: PublicKeyCredential;
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKeyMaterial | undefined;
  /** Of the key, also where a certificate for it is shown. */
  readonly fingerprint: string;
  readonly certificate: CertificateFacts | undefined;
  readonly algorithm: string;
  readonly fallbacks: readonly string[];
}

/** Each state holds what it needs and nothing else. `…-asked` states wait for an answer, the others for the server. */
export type ClientState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'service-requested' }
  | { readonly phase: 'none-sent'; readonly attempt: OpenAttempt }
  | {
      readonly phase: 'password-asked';
      readonly id: number;
      readonly attempt: OpenAttempt;
      readonly credential: PasswordCredential;
    }
  | {
      readonly phase: 'password-sent';
      readonly attempt: OpenAttempt;
      readonly credential: PasswordCredential;
      /** Kept for the change request, which RFC 4252 §8 wants to hold the old one too. */
      readonly password: Secret;
      readonly changes: number;
    }
  | {
      readonly phase: 'change-asked';
      readonly id: number;
      readonly attempt: OpenAttempt;
      readonly credential: PasswordCredential;
      readonly password: Secret;
      readonly changes: number;
    }
  | {
      readonly phase: 'key-asked';
      readonly id: number;
      readonly attempt: OpenAttempt;
      readonly credential: PublicKeyCredential;
      /** Present when the server has accepted the public part already. */
      readonly offer: Offer | undefined;
    }
  | { readonly phase: 'key-probed'; readonly attempt: OpenAttempt; readonly offer: Offer }
  | {
      readonly phase: 'signature-asked';
      readonly id: number;
      readonly attempt: OpenAttempt;
      readonly offer: Offer;
      readonly data: Uint8Array;
    }
  | { readonly phase: 'key-signed'; readonly attempt: OpenAttempt; readonly offer: Offer }
  | {
      readonly phase: 'dialog-sent';
      readonly attempt: OpenAttempt;
      readonly credential: KeyboardInteractiveCredential;
      readonly rounds: number;
    }
  | {
      readonly phase: 'prompts-asked';
      readonly id: number;
      readonly attempt: OpenAttempt;
      readonly credential: KeyboardInteractiveCredential;
      readonly rounds: number;
      readonly prompts: number;
    }
  | { readonly phase: 'succeeded' }
  | { readonly phase: 'failed' };

export type ClientPhase = ClientState['phase'];

/**
 * Message numbers legal in each phase.
 *
 * While an effect is open only a banner is: the server owes us nothing then, and a success or a failure that
 * arrives before our request must not be taken for the answer to it. A banner after success is late, not wrong.
 */
export const CLIENT_LEGAL: { readonly [P in ClientPhase]: readonly number[] } = {
  idle: [],
  'service-requested': [6],
  'none-sent': [51, 52, 53],
  'password-asked': [53],
  'password-sent': [51, 52, 53, 60],
  'change-asked': [53],
  'key-asked': [53],
  'key-probed': [51, 53, 60],
  'signature-asked': [53],
  'key-signed': [51, 52, 53],
  'dialog-sent': [51, 52, 53, 60],
  'prompts-asked': [53],
  succeeded: [53],
  failed: [],
};

export const DEFAULT_LIMITS: ClientAuthLimits = { attempts: 64, rounds: 16, passwordChanges: 1 };
