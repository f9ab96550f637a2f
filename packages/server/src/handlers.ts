import type { CertificateFacts, CertifiedKey, PublicKey } from '@nbs-ssh/transport/keys';
import type { Secret } from '@nbs-ssh/transport/wire';
import type { ServerSession } from './session.ts';

type Decision = boolean | Promise<boolean>;

/** A client wants to log in with a key. */
export interface PublicKeyAttempt {
  readonly username: string;
  readonly publicKey: PublicKey;
  /** `SHA256:…` as OpenSSH prints it. */
  readonly fingerprint: string;
  /** Signature algorithm, for example `rsa-sha2-512`. */
  readonly algorithm: string;
  /** Whether the client has proven that it holds the key. `false`: it only asks whether to try. */
  readonly signed: boolean;
}

/** A client wants to log in with a certificate that is right in every way. */
export interface CertificateAttempt extends PublicKeyAttempt {
  readonly publicKey: CertifiedKey;
  /** `fingerprint` is of the key in it. */
  readonly certificate: CertificateFacts;
}

/** A client wants to log in with a password. */
export interface PasswordAttempt {
  readonly username: string;
  readonly password: Secret;
  /** Compares in a time that does not depend on where the two differ. */
  readonly matches: (expected: string) => boolean;
}

/** A client wants to answer questions. */
export interface KeyboardInteractiveAttempt {
  readonly username: string;
  /** Hint of the client, often empty. */
  readonly submethods: string;
}

export interface PromptQuestion {
  readonly text: string;
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
}

/**
 * Asks the client and gives one answer per question. May be called up to 16 times.
 *
 * Rejects when the client abandons the dialog or the connection ends.
 */
export type PromptClient = (
  questions: readonly PromptQuestion[],
  texts?: { readonly name?: string; readonly instruction?: string },
) => Promise<readonly Secret[]>;

/**
 * Who may log in. Only `true` lets somebody in: anything else, an exception and a missing answer are refusals.
 *
 * User names are already safe for paths and logs: no `/`, `%`, control or bidirectional characters.
 */
export interface ServerAuthHandlers {
  /** Never hears of certificates, whose restrictions it might not know. */
  readonly publicKey?: (attempt: PublicKeyAttempt) => Decision;
  /**
   * Keys of CAs, as lines of `.pub` files. Whoever has a certificate of one that names the user is let in, as far as the
   * certificate goes: validity, `source-address`, `force-command` and `permit-pty` are obeyed for the whole login, also
   * when other methods are asked for besides. A certificate with another critical option is refused.
   */
  readonly trustedUserCAKeys?: readonly string[];
  /** Asked about each certificate that would be accepted, for lists of revoked ones and the like. Default: accept. */
  readonly certificate?: (attempt: CertificateAttempt) => Decision;
  readonly password?: (attempt: PasswordAttempt) => Decision;
  readonly keyboardInteractive?: (attempt: KeyboardInteractiveAttempt, prompt: PromptClient) => Decision;
  /**
   * Ways in, each a list of methods to pass in that order: `[['publickey', 'password']]` asks for both. Default: any
   * one of the methods with a handler.
   */
  readonly required?: readonly (readonly ('publickey' | 'password' | 'keyboard-interactive')[])[];
}

/**
 * Runs one command or shell.
 *
 * @returns the exit status, 0–4294967295; nothing counts as 0. Throwing counts as 1 and is reported to `onError`.
 *   Not used when the handler called {@link ServerSession.exit} or {@link ServerSession.exitSignal} itself.
 */
export type SessionHandler = (session: ServerSession) => ExitStatus | Promise<ExitStatus>;

// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement is fine.
type ExitStatus = number | undefined | void;
