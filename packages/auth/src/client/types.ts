import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import type { CertificateFacts, CertificateProblem, PublicKey } from '@nbs-ssh/transport/keys';
import type { Secret, SshError, TraceSink } from '@nbs-ssh/transport/wire';

/**
 * One thing the user may log in with. The secret part is asked for when it is needed, through an effect that
 * carries this very object, so a driver may add fields of its own and read them there.
 */
export type ClientCredential = (PasswordCredential | PublicKeyCredential | KeyboardInteractiveCredential) & {
  /** What attempts say of it as {@link AuthAttempt.credential}. Default: its place in the list. */
  readonly position?: number;
  /** Asked when its turn comes: why it is of no use any more, so that no try is spent on it. Must not throw. */
  readonly withdrawn?: () => AuthSkip | undefined;
};

/** RFC 4252 §8. */
export interface PasswordCredential {
  readonly kind: 'password';
}

/** RFC 4252 §7. */
export interface PublicKeyCredential {
  readonly kind: 'publickey';
  /**
   * The public part when it is known without a passphrase; the private one is then loaded only if it is wanted. Or a
   * certificate, which is shown in its place.
   */
  readonly publicKey?: PublicKey;
  /** What is known to be wrong with the certificate. It is shown all the same: the server may think otherwise. */
  readonly certificateProblem?: CertificateProblem;
  /**
   * `local` (default): the private key comes with the answer to `load-key`. `external`: somebody else signs, for
   * example an agent, through `sign`.
   */
  readonly signer?: 'local' | 'external';
}

/** RFC 4256. */
export interface KeyboardInteractiveCredential {
  readonly kind: 'keyboard-interactive';
  /** Hint for the server, comma-separated. Default: none, which lets the server choose. */
  readonly submethods?: string;
}

export interface ClientAuthConfig {
  readonly username: string;
  /** Exchange hash of the first key exchange, RFC 4253 §7.2; later ones do not change it. */
  readonly sessionId: Uint8Array;
  /** Tried in this order, each only while the server offers its method. */
  readonly credentials: readonly ClientCredential[];
  readonly crypto: Pick<CryptoProvider, 'hash' | 'random' | 'signatures'>;
  /**
   * Whether being let in without showing any of the configured credentials counts as success. Default `false`:
   * it would hide that nobody checked them. Without credentials it always counts.
   */
  readonly allowNone?: boolean;
  /** Sends the first request right behind the service request, which saves a round trip. Default `true`. */
  readonly pipeline?: boolean;
  readonly trace?: TraceSink;
  readonly limits?: Partial<ClientAuthLimits>;
}

export interface ClientAuthLimits {
  /** Most authentication requests in one session. Default 64; servers stop much earlier. */
  readonly attempts: number;
  /** Most INFO_REQUESTs in one dialog. Default 16; a login has one to three. */
  readonly rounds: number;
  /** Most times the server may ask for another new password. Default 1. */
  readonly passwordChanges: number;
}

/** Why a configured credential was not shown to the server, or not completely. */
export interface AuthSkip {
  /** A word such as `not-offered`, or the reason that the answer to an effect gave. */
  readonly reason: string;
  readonly error?: unknown;
}

/** What became of one attempt. Safe to log. */
export interface AuthAttempt {
  readonly method: string;
  readonly username: string;
  /** Position in the configured credentials; absent for the first `none`. */
  readonly credential?: number;
  readonly fingerprint?: string;
  /** Signature algorithm, for example `rsa-sha2-512`; of a certificate with `-cert-v01@openssh.com`. */
  readonly algorithm?: string;
  /** Present when a certificate was shown; `fingerprint` is of the key in it. */
  readonly certificate?: CertificateFacts;
  /** What was known to be wrong with it before. */
  readonly certificateProblem?: CertificateProblem;
  readonly result: 'success' | 'failure' | 'partial' | 'skipped';
  /** Methods that the server still offered afterwards. */
  readonly remaining: readonly string[];
  readonly skipReason?: string;
  /** What the answer to an effect gave as the cause of a skip. */
  readonly error?: unknown;
  /** Milliseconds in the driver's clock. */
  readonly durationMs: number;
}

export interface Prompt {
  /** As the peer sent it, for showing: escape it with `printable()`. */
  readonly text: string;
  readonly echo: boolean;
}

/** What somebody outside must decide or fetch. Answered once with {@link ClientAuthAnswer} and the same `id`. */
export type ClientAuthEffect =
  | { readonly type: 'password'; readonly id: number; readonly credential: PasswordCredential }
  | {
      readonly type: 'password-change';
      readonly id: number;
      readonly credential: PasswordCredential;
      readonly prompt: string;
    }
  | { readonly type: 'load-key'; readonly id: number; readonly credential: PublicKeyCredential }
  | {
      readonly type: 'sign';
      readonly id: number;
      readonly credential: PublicKeyCredential;
      /** The certificate when one is shown; its key signs. */
      readonly publicKey: PublicKey;
      /** What the signature must say, never with `-cert-v01@openssh.com`. */
      readonly algorithm: string;
      readonly data: Uint8Array;
    }
  | {
      readonly type: 'prompts';
      readonly id: number;
      readonly credential: KeyboardInteractiveCredential;
      /** 1 for the first question list of a dialog. */
      readonly round: number;
      readonly name: string;
      readonly instruction: string;
      readonly prompts: readonly Prompt[];
    };

export type ClientAuthAnswer =
  | { readonly type: 'password'; readonly id: number; readonly password: Secret }
  | { readonly type: 'password-change'; readonly id: number; readonly password: Secret }
  | {
      readonly type: 'load-key';
      readonly id: number;
      /** The key, also where a certificate for it is shown. */
      readonly publicKey: PublicKey;
      /** Required when the signer is `local`. */
      readonly privateKey?: PrivateKeyMaterial;
    }
  /** `string algorithm ‖ string signature`, as it goes on the wire. Checked before it is sent. */
  | { readonly type: 'sign'; readonly id: number; readonly signature: Uint8Array }
  /** As many as there were prompts. */
  | { readonly type: 'prompts'; readonly id: number; readonly responses: readonly Secret[] }
  /** Goes on with the next credential, whatever was asked. `reason` is logged: no secrets in it. */
  | { readonly type: 'skip'; readonly id: number; readonly reason: string; readonly error?: unknown };

export type ClientAuthOutput =
  | { readonly type: 'send'; readonly payload: Uint8Array }
  | { readonly type: 'effect'; readonly effect: ClientAuthEffect }
  /** A text of the server for the user, cut to 2 KiB, not escaped. */
  | { readonly type: 'banner'; readonly text: string }
  /** Last output but late banners. `method` is the one that completed the login. */
  | { readonly type: 'success'; readonly method: string; readonly attempts: readonly AuthAttempt[] }
  /** Last output. `error.disconnect` is the reason to give to the server. */
  | { readonly type: 'failed'; readonly error: SshError };
