import type { ServerAuthAnswer, ServerAuthEffect, ServerVerdict } from '@nbs-ssh/auth';
import {
  type CertifiedKey,
  certificateFacts,
  fingerprint,
  type PublicKey,
  plainKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes, type Secret, type SshError, utf8 } from '@nbs-ssh/transport/wire';
import { askInTime } from './bounded.ts';
import { Dialog } from './dialog.ts';
import type { PublicKeyAttempt } from './handlers.ts';
import type { ServerConfig } from './options.ts';
import { type UserCertificateProblem, userCertificateProblem } from './user-certificates.ts';

export interface AuthenticatorHooks {
  readonly onError: (error: SshError, username: string) => void;
  /** Hears of every secret before a handler does, so that no log shows it. */
  readonly onSecret: (secret: Secret) => void;
  /** A certificate was not accepted; the client does not learn why. */
  readonly onCertificateRefused: (reason: UserCertificateProblem | 'handler') => void;
}

/** Answers the machine's questions with the application's handlers. Never rejects and never hangs. */
export class Authenticator {
  readonly #config: ServerConfig;
  readonly #hooks: AuthenticatorHooks;
  readonly #address: string | undefined;
  #dialog: Dialog | undefined;
  #giveUp: (() => void) | undefined;

  /** @param address - Of the client, when it is known. */
  constructor(config: ServerConfig, hooks: AuthenticatorHooks, address: string | undefined) {
    this.#config = config;
    this.#hooks = hooks;
    this.#address = address;
  }

  async answer(effect: ServerAuthEffect): Promise<ServerAuthAnswer> {
    return { id: effect.id, verdict: await this.#bounded(effect) };
  }

  /** The connection is over: nobody waits for an answer any more. */
  cancel(): void {
    this.#dialog?.abandon();
    this.#giveUp?.();
  }

  async #bounded(effect: ServerAuthEffect): Promise<ServerVerdict> {
    const { clock, limits } = this.#config;
    const asked = askInTime<ServerVerdict>(
      {
        clock,
        limitSec: limits.authHandlerSec,
        handler: HANDLER_NAMES[effect.type],
        onError: (error) => this.#hooks.onError(error, effect.username),
      },
      false,
      (failed) => this.#decide(effect, failed),
    );
    this.#giveUp = asked.giveUp;
    return asked.answer;
  }

  async #decide(effect: ServerAuthEffect, failed: (cause: unknown) => void): Promise<ServerVerdict> {
    const { auth, crypto } = this.#config;
    const { username } = effect;
    if (effect.type === 'keyboard-interactive') return this.#converse(effect, failed);
    this.#dialog?.abandon();
    if (effect.type === 'check-key') {
      const { publicKey, algorithm, signed } = effect;
      const print = fingerprint(crypto.hash, plainKeyOf(publicKey).blob);
      const attempt = { username, publicKey, algorithm, signed, fingerprint: print };
      if (publicKey.certificate !== undefined) return this.#certified(attempt);
      return (await auth.publicKey?.(attempt)) === true;
    }
    this.#hooks.onSecret(effect.password);
    // Changing passwords is not offered, so a change nobody asked for is a refusal.
    if (effect.newPassword !== undefined) return false;
    const digest = (text: string): Uint8Array => crypto.hash('sha256', utf8(text));
    const { password } = effect;
    const matches = (expected: string): boolean => equalBytes(digest(password.reveal()), digest(expected));
    return (await auth.password?.({ username, password, matches })) === true;
  }

  /** Certificates are decided by what is in them; the application can only refuse one more. */
  async #certified(attempt: PublicKeyAttempt): Promise<boolean> {
    const { auth, crypto, clock, trustedCas: cas } = this.#config;
    const { username } = attempt;
    const publicKey = certifiedOf(attempt.publicKey);
    if (publicKey === undefined) return false;
    const use = { cas, username, address: this.#address, unixMs: clock.unixNow() };
    const problem = userCertificateProblem(crypto, publicKey, use);
    const certificate = certificateFacts(crypto.hash, publicKey.certificate);
    const refused =
      problem ??
      (auth.certificate === undefined ||
      (await auth.certificate({ ...attempt, publicKey, certificate })) === true
        ? undefined
        : 'handler');
    if (refused === undefined) return true;
    this.#hooks.onCertificateRefused(refused);
    return false;
  }

  #converse(
    effect: ServerAuthEffect & { readonly type: 'keyboard-interactive' },
    failed: (cause: unknown) => void,
  ): Promise<ServerVerdict> {
    const { username, submethods, round, responses } = effect;
    for (const response of responses) this.#hooks.onSecret(response);
    if (round > 0) return this.#dialog?.answer(responses) ?? Promise.resolve(false);
    this.#dialog?.abandon();
    const handler = this.#config.auth.keyboardInteractive;
    if (handler === undefined) return Promise.resolve(false);
    this.#dialog = new Dialog(failed);
    return this.#dialog.start(handler, { username, submethods });
  }
}

function certifiedOf(publicKey: PublicKey): CertifiedKey | undefined {
  const { certificate } = publicKey;
  return certificate === undefined ? undefined : { ...publicKey, certificate };
}

const HANDLER_NAMES: { readonly [T in ServerAuthEffect['type']]: string } = {
  'check-key': 'publicKey',
  'check-password': 'password',
  'keyboard-interactive': 'keyboardInteractive',
};
