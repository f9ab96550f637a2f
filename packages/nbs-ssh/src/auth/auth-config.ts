import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { Secret } from '@nbs-ssh/transport/wire';
import type { AgentAuth } from '../agent/agent-auth.ts';

/** The ways to log in, named as in configuration files and evidence. */
export const AuthMethod = {
  PASSWORD: 'password',
  PRIVATE_KEY: 'private_key',
  SSH_AGENT: 'ssh_agent',
  KEYBOARD_INTERACTIVE: 'keyboard_interactive',
} as const;
export type AuthMethod = (typeof AuthMethod)[keyof typeof AuthMethod];

/** A secret, or a function that is called when the secret is needed and never before. */
export type SecretSource = string | Secret | (() => string | Secret | Promise<string | Secret>);

export interface PasswordAuth {
  readonly method: typeof AuthMethod.PASSWORD;
  readonly password: SecretSource;
  /** Asked for a new password when the server says that the old one has expired. Default: give up. */
  readonly changePassword?: (prompt: string) => string | Secret | Promise<string | Secret>;
}

export interface PrivateKeyAuth {
  readonly method: typeof AuthMethod.PRIVATE_KEY;
  /** File of the private key; `~` is expanded. Either this or `key`. */
  readonly keyPath?: string;
  /** The key itself: the text of a key file, or key material. */
  readonly key?: string | Uint8Array | PrivateKeyMaterial;
  /** Asked for only when the server would take the key and the file is encrypted. */
  readonly passphrase?: SecretSource;
  /** How often `passphrase`, when it is a function, is asked before the key is passed over. Default 1. */
  readonly passphraseTries?: number;
  /**
   * File of a certificate for the key, which is shown before the key itself. Of several, those that are for this key.
   * Default: `KEYPATH-cert.pub`, when there is such a file.
   */
  readonly certificatePath?: string | readonly string[];
  /** The certificate itself: the text of such a file. */
  readonly certificate?: string;
}

export interface InteractivePrompt {
  /** As the server sent it. It may hold anything: escape it before it reaches a terminal. */
  readonly text: string;
  /** Whether what is typed may be shown. */
  readonly echo: boolean;
}

export interface InteractiveRound {
  readonly name: string;
  readonly instruction: string;
  /** 1 for the first. */
  readonly round: number;
}

export interface KeyboardInteractiveAuth {
  readonly method: typeof AuthMethod.KEYBOARD_INTERACTIVE;
  /** Answers the prompts of one round, in order. */
  readonly respond: (
    prompts: readonly InteractivePrompt[],
    round: InteractiveRound,
  ) => readonly (string | Secret)[] | Promise<readonly (string | Secret)[]>;
}

export type AuthConfig = PasswordAuth | PrivateKeyAuth | AgentAuth | KeyboardInteractiveAuth;

/** The password is wrapped at once, so that printing the result shows a mask. @throws {TypeError} without one. */
export function createPasswordAuth(
  password: SecretSource,
  options: Pick<PasswordAuth, 'changePassword'> = {},
): PasswordAuth {
  return { method: AuthMethod.PASSWORD, ...options, password: wrapped('password', password) };
}

/**
 * @param path - File of the private key, `~` allowed. Nothing is read before it is needed.
 * @throws {TypeError} when the path or the passphrase cannot be one.
 */
export function createKeyAuth(
  path: string,
  options: {
    readonly passphrase?: SecretSource | undefined;
    readonly certificatePath?: string | readonly string[] | undefined;
    readonly certificate?: string | undefined;
  } = {},
): PrivateKeyAuth {
  if (typeof path !== 'string' || path === '') throw new TypeError('createKeyAuth needs a path');
  const { passphrase, certificatePath, certificate } = options;
  const key = {
    method: AuthMethod.PRIVATE_KEY,
    keyPath: path,
    ...(certificatePath === undefined ? {} : { certificatePath }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  return passphrase === undefined ? key : { ...key, passphrase: wrapped('passphrase', passphrase) };
}

export function createKeyboardInteractiveAuth(
  respond: KeyboardInteractiveAuth['respond'],
): KeyboardInteractiveAuth {
  if (typeof respond !== 'function') throw new TypeError('createKeyboardInteractiveAuth needs a function');
  return { method: AuthMethod.KEYBOARD_INTERACTIVE, respond };
}

/** The secret itself, asking for it when it comes from a function. @throws {TypeError} when it is no text. */
export async function secretFrom(source: SecretSource): Promise<Secret> {
  return secretOf(typeof source === 'function' ? await source() : source);
}

/** @throws {TypeError} when `value`, which may come from a function of the caller, is neither text nor a secret. */
export function secretOf(value: unknown): Secret {
  if (typeof value === 'string' || value instanceof Secret) return Secret.from(value);
  throw new TypeError(`a secret must be a string or a Secret, got ${typeof value}`);
}

/** @throws {TypeError} in the caller's words, and never with the value. */
function wrapped(
  what: string,
  source: SecretSource,
): Secret | (() => string | Secret | Promise<string | Secret>) {
  if (typeof source === 'function') return source;
  if (typeof source === 'string' || source instanceof Secret) return Secret.from(source);
  throw new TypeError(`${what} must be a string, a Secret or a function, got ${typeof source}`);
}
