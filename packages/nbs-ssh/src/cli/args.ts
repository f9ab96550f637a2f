import type { ForwardSpec } from '../ssh-config/forward.ts';
import {
  addForward,
  addOption,
  emptySettings,
  QUIET,
  type Settings,
  setOption,
  ttyLine,
} from './config-options.ts';
import { LATER, UsageError } from './usage.ts';
import { parsePort } from './values.ts';

export interface RunInvocation {
  /** `print-config`: only what the configuration comes to is asked for. */
  readonly type: 'run' | 'print-config';
  readonly host: string;
  /** Its words, joined by spaces as ssh does. `undefined`: none was given. */
  readonly command: string | undefined;
  readonly settings: Settings;
}

export interface ServeInvocation {
  readonly type: 'serve';
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly authorizedKeys: string | undefined;
  readonly allowForwarding: boolean;
  readonly json: boolean;
}

export type Invocation =
  | RunInvocation
  | ServeInvocation
  | { readonly type: 'help' }
  | { readonly type: 'version' };

const FLAGS = 'vqtTnV46ACGaNxsgfXY';
const WITH_VALUE = 'plioFJbcmeWLRD';
const LONG_WITH_VALUE = ['events', 'evidence', 'host-key-policy', 'crypto'];

/** @throws {UsageError} for what makes no sense or is not supported. */
export function parseArgs(args: readonly string[]): Invocation {
  if (args[0] === 'serve') return parseServe(args.slice(1));
  const words = [...args];
  const settings = emptySettings();
  const first = takeOptions(words, settings);
  if (first !== undefined) return first;
  const destination = words.shift();
  if (destination === undefined) throw new UsageError('No host was given.');
  // As with ssh, options may also stand between the host and the command.
  const second = takeOptions(words, settings);
  if (second !== undefined) return second;
  const command = words.length === 0 ? undefined : words.join(' ');
  const { host, user, port } = parseDestination(destination);
  // After the options: `-l` and `-p` come first, wherever they stand.
  if (user !== undefined) setOption(settings, 'User', user);
  if (port !== undefined) setOption(settings, 'Port', String(port));
  // After the options, too: they may say otherwise.
  if (settings.pipe !== undefined) {
    for (const name of ['ClearAllForwardings', 'ExitOnForwardFailure']) setOption(settings, name, 'yes');
    settings.tty ??= 'no';
  }
  if (settings.tty !== undefined) settings.lines.unshift(ttyLine(settings.tty));
  return { type: settings.print ? 'print-config' : 'run', host, command, settings };
}

/** Whether `--json` is asked for, as far as a command line can be read that {@link parseArgs} refuses. */
export function asksForJson(args: readonly string[]): boolean {
  if (args[0] === 'serve') return false;
  let hosts = 0;
  for (let at = 0; at < args.length && hosts < 2; at += 1) {
    const word = args[at] ?? '';
    if (word === '--json') return true;
    // What follows `--` is the host, or the command.
    if (word === '--') at += 1;
    if (word === '--' || word === '-' || !word.startsWith('-')) hosts += 1;
    else if (takesNext(word)) at += 1;
  }
  return false;
}

function takesNext(option: string): boolean {
  if (option.startsWith('--')) return LONG_WITH_VALUE.includes(option.slice(2));
  const letters = option.slice(1);
  const first = [...letters].findIndex((letter) => WITH_VALUE.includes(letter));
  return first >= 0 && first === letters.length - 1;
}

/** Takes options off the front of `words`. @returns what is asked for instead of a connection. */
function takeOptions(words: string[], settings: Settings): Invocation | undefined {
  for (let word = words[0]; word !== undefined; word = words[0]) {
    if (word === '--') {
      words.shift();
      return undefined;
    }
    if (!word.startsWith('-') || word === '-') return undefined;
    words.shift();
    const asked = word.startsWith('--')
      ? longOption(word.slice(2), words, settings)
      : shortOptions(word.slice(1), words, settings);
    if (asked !== undefined) return asked;
  }
  return undefined;
}

/** A group such as `-vtp2222`: the first letter that takes a value takes the rest. */
function shortOptions(group: string, words: string[], settings: Settings): Invocation | undefined {
  for (let at = 0; at < group.length; at += 1) {
    const letter = group.charAt(at);
    if (WITH_VALUE.includes(letter)) {
      const value = group.slice(at + 1) || words.shift();
      if (value === undefined) throw new UsageError(`Option -${letter} needs a value.`);
      valueOption(letter, value, settings);
      return undefined;
    }
    if (letter === 'V') return { type: 'version' };
    if (!FLAGS.includes(letter)) throw unknownOption(letter, `-${letter}`);
    flagOption(letter, settings);
  }
  return undefined;
}

/** Letters with a value that are an option of ssh_config. */
const OPTION_OF: Readonly<Record<string, string>> = {
  p: 'Port',
  l: 'User',
  i: 'IdentityFile',
  J: 'ProxyJump',
  b: 'BindAddress',
  c: 'Ciphers',
  m: 'MACs',
  e: 'EscapeChar',
};

function valueOption(letter: string, value: string, settings: Settings): void {
  const name = OPTION_OF[letter];
  if (letter === 'F') settings.configFile = value;
  else if (letter === 'W') settings.pipe = pipeOf(value);
  else if (Object.hasOwn(FORWARD_OF, letter)) addForward(settings, FORWARD_OF[letter] ?? 'local', value);
  else if (name === undefined) addOption(settings, value);
  else setOption(settings, name, value);
}

const FORWARD_OF: Readonly<Record<string, ForwardSpec['type']>> = { L: 'local', R: 'remote', D: 'dynamic' };

/** @throws {UsageError} */
function pipeOf(text: string): NonNullable<Settings['pipe']> {
  const [, bracketed, plain, port = ''] = /^(?:\[(.+)\]|([^:]+)):(.*)$/s.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined) return { host, port: parsePort(port, 'the port of -W') };
  throw new UsageError(`Option -W needs HOST:PORT, not "${text}".`);
}

/** Letters without a value, likewise. */
const FLAG_OF: Readonly<Record<string, readonly [string, string]>> = {
  n: ['StdinNull', 'yes'],
  4: ['AddressFamily', 'inet'],
  6: ['AddressFamily', 'inet6'],
  A: ['ForwardAgent', 'yes'],
  a: ['ForwardAgent', 'no'],
  C: ['Compression', 'yes'],
  N: ['SessionType', 'none'],
  s: ['SessionType', 'subsystem'],
  g: ['GatewayPorts', 'yes'],
  x: ['ForwardX11', 'no'],
  X: ['ForwardX11', 'yes'],
};

function flagOption(letter: string, settings: Settings): void {
  const option = FLAG_OF[letter];
  if (option !== undefined) setOption(settings, ...option);
  else if (letter === 'Y') {
    setOption(settings, 'ForwardX11', 'yes');
    setOption(settings, 'ForwardX11Trusted', 'yes');
  } else if (letter === 'f') {
    setOption(settings, 'ForkAfterAuthentication', 'yes');
    setOption(settings, 'StdinNull', 'yes');
  } else if (letter === 'v') settings.verbosity = Math.min(Math.max(settings.verbosity ?? 0, 0) + 1, 3);
  else if (letter === 'q') settings.verbosity = QUIET;
  else if (letter === 'G') settings.print = true;
  else if (letter === 'T') settings.tty = 'no';
  else settings.tty = settings.tty === 'yes' || settings.tty === 'force' ? 'force' : 'yes';
}

function longOption(text: string, words: string[], settings: Settings): Invocation | undefined {
  const [name = '', inline] = splitOnce(text);
  if (name === 'help') return { type: 'help' };
  if (name === 'json' || name === 'allow-exec') {
    if (inline !== undefined) throw new UsageError(`Option --${name} takes no value.`);
    if (name === 'json') settings.json = true;
    else settings.allowExec = true;
    return undefined;
  }
  if (!LONG_WITH_VALUE.includes(name)) throw unknownOption(name, `--${name}`);
  const value = inline ?? words.shift();
  if (value === undefined || value === '') throw new UsageError(`Option --${name} needs a value.`);
  if (name === 'events') settings.events = value;
  else if (name === 'evidence') settings.evidence = value;
  else if (name === 'crypto') settings.crypto = oneOf('--crypto', value, ['auto', 'noble', 'node']);
  else settings.hostKeyPolicy = oneOf('--host-key-policy', value, POLICIES);
  return undefined;
}

const POLICIES = ['strict', 'accept-new', 'ask', 'insecure'] as const;

interface Destination {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

function parseDestination(text: string): Destination {
  const url = /^ssh:\/\//i.test(text) ? /^ssh:\/\/(.*?)(?::(\d+))?\/?$/i.exec(text) : undefined;
  const rest = url?.[1] ?? text;
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? undefined : rest.slice(0, at);
  const host = rest.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw new UsageError(`There is no host in "${text}".`);
  if (user === '') throw new UsageError(`There is no user in front of @ in "${text}".`);
  // A host that looks like an option would be one for whatever program gets it next.
  if (host.startsWith('-')) throw new UsageError(`"${host}" is not a host name.`);
  const port = url?.[2] === undefined ? undefined : parsePort(url[2], 'the port in the address');
  return { host, user, port };
}

function parseServe(args: readonly string[]): Invocation {
  const words = [...args];
  let host = '127.0.0.1';
  let port = 0;
  let user: string | undefined;
  let authorizedKeys: string | undefined;
  let allowForwarding = false;
  let json = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--help') return { type: 'help' };
    if (word === '--allow-forwarding') {
      allowForwarding = true;
      continue;
    }
    if (word === '--json') {
      json = true;
      continue;
    }
    const [name, inline] = splitOnce(word);
    if (!['--host', '--port', '--user', '--authorized-keys'].includes(name)) {
      throw new UsageError(`"nbs-ssh serve" does not know "${word}".`);
    }
    const value = inline ?? words.shift();
    if (value === undefined || value === '') throw new UsageError(`Option ${name} needs a value.`);
    if (name === '--host') host = value;
    else if (name === '--port') port = value === '0' ? 0 : parsePort(value, '--port');
    else if (name === '--user') user = value;
    else authorizedKeys = value;
  }
  return { type: 'serve', host, port, user, authorizedKeys, allowForwarding, json };
}

function splitOnce(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(`Option ${option} must be one of ${allowed.join(', ')}, not "${value}".`);
}

function unknownOption(name: string, shown: string): UsageError {
  const later = Object.hasOwn(LATER, name) ? LATER[name] : undefined;
  if (later === undefined) return new UsageError(`Option ${shown} is unknown.`);
  return new UsageError(`Not supported yet: ${later}.`, 'Leave it out, or use ssh for it.');
}
