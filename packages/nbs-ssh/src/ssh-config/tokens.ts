import { createHash } from 'node:crypto';
import { printable } from '@nbs-ssh/transport/wire';
import type { ConfigEnvironment } from './environment.ts';
import { ConfigError } from './errors.ts';
import { isSafeInCommand } from './names.ts';

/** Values of the tokens that ssh_config(5) describes, by their letter. */
export type Tokens = Readonly<Record<string, string>>;

/** What the tokens are made of. */
export interface TokenFacts {
  /** Name of the host as it was asked for. */
  readonly original: string;
  /** Where the connection goes. */
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyAlias: string | undefined;
  /** Text of `ProxyJump`, or nothing. */
  readonly jump: string;
}

/** `%C` to `%u`: what most options accept. */
export function commonTokens(facts: TokenFacts, environment: ConfigEnvironment): Tokens {
  const { original, hostName, user, jump } = facts;
  const port = String(facts.port);
  const here = environment.hostName;
  const connection = createHash('sha1').update(`${here}${hostName}${port}${user}${jump}`).digest('hex');
  return {
    C: connection,
    d: environment.home,
    h: hostName,
    i: String(environment.uid),
    j: jump,
    k: facts.hostKeyAlias ?? original,
    L: here.split('.')[0] ?? '',
    l: here,
    n: original,
    p: port,
    r: user,
    u: environment.localUser,
  };
}

/** What `ProxyCommand` and `ProxyJump` accept. */
export function proxyTokens({ h = '', n = '', p = '', r = '' }: Tokens): Tokens {
  return { h, n, p, r };
}

/**
 * Puts tokens in, and variables where `env` is given. What is put in is not looked at again.
 *
 * @param option - Names the option in errors.
 * @throws {ConfigError} `CONFIG_TOKEN` for a token that this option does not have, and a variable that is not set.
 */
export function expand(text: string, option: string, tokens: Tokens, env?: ConfigEnvironment['env']): string {
  const failed = (what: string): ConfigError =>
    new ConfigError('CONFIG_TOKEN', `${option} "${printable(text, 256)}": ${what}`, { option });
  return text.replace(/%(.?)|\$\{([^}]*)(\}?)/gs, (whole, letter?: string, name?: string, close?: string) => {
    if (letter !== undefined) {
      if (letter === '%') return '%';
      const value = Object.hasOwn(tokens, letter) ? tokens[letter] : undefined;
      if (value === undefined) throw failed(`there is no token %${printable(letter)} here`);
      return value;
    }
    if (env === undefined) return whole;
    const value: unknown = close === '' || name === undefined || name === '' ? undefined : env[name];
    if (typeof value !== 'string') throw failed(`the variable ${printable(whole, 64)} is not set`);
    return value;
  });
}

/** Tokens that hold what somebody typed or a file says: no command is built with one that a shell would act on. */
const NAMES = ['h', 'j', 'k', 'n', 'r'];

/**
 * The same for what a shell will read.
 *
 * @throws {ConfigError} `CONFIG_UNSAFE_NAME` when a name that would be put in means more than a name there.
 */
export function expandCommand(text: string, option: string, tokens: Tokens): string {
  const used = new Set([...text.matchAll(/%(.)/gs)].map((match) => match[1] ?? ''));
  for (const letter of NAMES) {
    const value = tokens[letter];
    if (!used.has(letter) || value === undefined || value === '' || isSafeInCommand(value)) continue;
    throw new ConfigError(
      'CONFIG_UNSAFE_NAME',
      `${option} uses %${letter}, and "${printable(value, 256)}" is not safe in a command`,
      { option },
    );
  }
  return expand(text, option, tokens);
}

/** `~` and `~user` at the beginning. @throws {ConfigError} `CONFIG_TOKEN` when there is no such user. */
export function expandTilde(path: string, option: string, environment: ConfigEnvironment): string {
  const match = /^~([^/]*)(\/*)/.exec(path);
  if (match === null) return path;
  const [whole, user = '', slashes = ''] = match;
  const home = user === '' ? environment.home : environment.homeOf(user);
  if (home === undefined) {
    throw new ConfigError('CONFIG_TOKEN', `${option} "${printable(path, 256)}": there is no such user`, {
      option,
    });
  }
  return `${home}${slashes === '' ? '' : '/'}${path.slice(whole.length)}`;
}

/** A path as most options have it: home, tokens, variables. */
export function expandPathOption(
  path: string,
  option: string,
  tokens: Tokens,
  environment: ConfigEnvironment,
): string {
  return expand(expandTilde(path, option, environment), option, tokens, environment.env);
}
