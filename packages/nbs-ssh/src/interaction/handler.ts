import type { Secret } from '@nbs-ssh/transport/wire';
import type { InteractivePrompt, InteractiveRound } from '../auth/auth-config.ts';
import type { UnknownHostKey } from '../connection/options.ts';

/** Who wants to know. With jump hosts each of them asks for itself, so a person must be shown this. */
export interface Asking {
  readonly host: string;
  readonly port: number;
  readonly username: string;
}

export interface PasswordQuestion extends Asking {
  /** 1 for the first time; higher after a wrong answer. */
  readonly attempt: number;
}

export interface NewPasswordQuestion extends Asking {
  /** The server's words, escaped. */
  readonly prompt: string;
}

export interface PassphraseQuestion extends Asking {
  /** File of the key; absent when the key did not come from a file. */
  readonly path?: string;
  /** 1 for the first time; higher after a wrong answer. */
  readonly attempt: number;
}

export interface PromptsQuestion extends Asking, InteractiveRound {
  readonly prompts: readonly InteractivePrompt[];
}

/** `undefined`: the person has no answer, or wants to stop being asked. */
export type Answer<T> = T | undefined | Promise<T | undefined>;

/**
 * A person who can be asked, behind dialogs of a program. Every method is optional: what is not there is not asked.
 *
 * The deadline of the connection stands still while a question is open. Questions come one at a time for a connection.
 * A method that throws counts as no answer; the error is in the list of attempts.
 */
export interface InteractionHandler {
  /** Whether an unknown host key is to be trusted, and remembered. Makes the policy `ask` when none is given. */
  hostKey?(key: UnknownHostKey): boolean | Promise<boolean>;
  /** The password. Asked for when the server offers the method and no configured credential was enough. */
  password?(question: PasswordQuestion): Answer<string | Secret>;
  /** A new password, when the server says that the old one has expired. */
  newPassword?(question: NewPasswordQuestion): Answer<string | Secret>;
  /** The passphrase of a key that the server would take. */
  passphrase?(question: PassphraseQuestion): Answer<string | Secret>;
  /** Answers to the prompts of the server, as many as there are. The text comes from the server: escape it. */
  prompts?(question: PromptsQuestion): Answer<readonly (string | Secret)[]>;
}

/** A person had no answer: the credential is passed over, and so are others of its kind. */
export class Declined extends Error {
  constructor() {
    super('there was no answer');
    this.name = 'Declined';
  }
}
