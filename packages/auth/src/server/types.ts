import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import type { Certificate, PublicKey } from '@nbs-ssh/transport/keys';
import type { Secret, SshError, TraceSink } from '@nbs-ssh/transport/wire';

export type ServerMethod = 'publickey' | 'password' | 'keyboard-interactive';

export interface ServerAuthConfig {
  /** Exchange hash of the first key exchange, RFC 4253 §7.2. */
  readonly sessionId: Uint8Array;
  readonly crypto: Pick<CryptoProvider, 'hash' | 'signatures'>;
  /** Methods that exist here. At least one. */
  readonly methods: readonly ServerMethod[];
  /** Signature algorithms accepted from clients: what EXT_INFO announces. */
  readonly serverSigAlgs: readonly string[];
  /**
   * Ways in, each a list of methods to pass in that order, like `AuthenticationMethods` of sshd. Default: any one of
   * `methods` is enough.
   */
  readonly required?: readonly (readonly ServerMethod[])[];
  /** Refused credentials before the client is sent away. Default 6, as in OpenSSH. */
  readonly maxAttempts?: number;
  /** "Would you take this key?" questions before the client is sent away. Default 15. */
  readonly maxKeyQueries?: number;
  /** Text for the user, sent before the first answer. */
  readonly banner?: string;
  readonly trace?: TraceSink;
}

/** A dialog's next question list, RFC 4256 §3.2. */
export interface ServerPrompts {
  readonly name?: string;
  readonly instruction?: string;
  readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
}

/** What the application decides. Answered once through `resolve` with the same `id`. */
export type ServerAuthEffect =
  | {
      readonly type: 'check-key';
      readonly id: number;
      readonly username: string;
      /** A certificate is well-formed and nothing more: whether it counts is for the application to say. */
      readonly publicKey: PublicKey;
      readonly algorithm: string;
      /** `true`: the client has proven that it holds the key, and `true` lets it in. `false`: it only asks. */
      readonly signed: boolean;
    }
  | {
      readonly type: 'check-password';
      readonly id: number;
      readonly username: string;
      readonly password: Secret;
      /** Present when the client wants to change its password to this one. */
      readonly newPassword?: Secret;
    }
  | {
      readonly type: 'keyboard-interactive';
      readonly id: number;
      readonly username: string;
      readonly submethods: string;
      /** 0 when the dialog starts. */
      readonly round: number;
      /** Answers to the prompts of the round before; empty in round 0. */
      readonly responses: readonly Secret[];
    };

/**
 * A decision. Only what fits the effect exactly counts, anything else is a refusal: `true` and not something truthy.
 *
 * - `{ partial }`: this step was right and any one of these methods must follow. Replaces `required` for this user.
 * - `{ change }`: the password is right and expired; the text asks for a new one (`check-password` only).
 * - a question list (`keyboard-interactive` only).
 */
export type ServerVerdict =
  | boolean
  | { readonly partial: readonly ServerMethod[] }
  | { readonly change: string }
  | ServerPrompts;

export interface ServerAuthAnswer {
  readonly id: number;
  readonly verdict: ServerVerdict;
}

export type ServerAuthOutput =
  | { readonly type: 'send'; readonly payload: Uint8Array }
  | { readonly type: 'effect'; readonly effect: ServerAuthEffect }
  | {
      readonly type: 'success';
      readonly username: string;
      /** Methods passed, in order. */
      readonly methods: readonly ServerMethod[];
      /** Certificates among them. Their restrictions hold for the whole login. */
      readonly certificates: readonly Certificate[];
    }
  /** Last output. `error.disconnect` is the reason to give to the client. */
  | { readonly type: 'failed'; readonly error: SshError };
