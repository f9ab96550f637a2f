import { UsageError } from './usage.ts';
import { parsePort, parseSize, parseTime, parseYesNo, splitWords } from './values.ts';

/** What the options say. As with ssh, the first value of each counts; what accumulates is a list. */
export interface Settings {
  port: number | undefined;
  user: string | undefined;
  identityFiles: string[];
  userKnownHosts: readonly string[] | undefined;
  globalKnownHosts: readonly string[] | undefined;
  hostKeyPolicy: 'strict' | 'accept-new' | 'ask' | 'insecure' | undefined;
  connectTimeoutSec: number | undefined;
  /** Algorithm lists as written, with a leading `+`, `-` or `^`. */
  kex: string | undefined;
  hostKey: string | undefined;
  ciphers: string | undefined;
  macs: string | undefined;
  preferredAuthentications: readonly string[] | undefined;
  publickey: boolean | undefined;
  password: boolean | undefined;
  interactive: boolean | undefined;
  batch: boolean | undefined;
  /** `yes`: when standard input is a terminal. */
  tty: 'no' | 'yes' | 'force' | undefined;
  rekeyBytes: number | undefined;
  rekeySec: number | undefined;
  verbosity: number;
  quiet: boolean;
  emptyInput: boolean;
  json: boolean;
  events: string | undefined;
  evidence: string | undefined;
  crypto: 'auto' | 'noble' | 'node';
}

export function emptySettings(): Settings {
  return {
    port: undefined,
    user: undefined,
    identityFiles: [],
    userKnownHosts: undefined,
    globalKnownHosts: undefined,
    hostKeyPolicy: undefined,
    connectTimeoutSec: undefined,
    kex: undefined,
    hostKey: undefined,
    ciphers: undefined,
    macs: undefined,
    preferredAuthentications: undefined,
    publickey: undefined,
    password: undefined,
    interactive: undefined,
    batch: undefined,
    tty: undefined,
    rekeyBytes: undefined,
    rekeySec: undefined,
    verbosity: 0,
    quiet: false,
    emptyInput: false,
    json: false,
    events: undefined,
    evidence: undefined,
    crypto: 'auto',
  };
}

type Setter = (settings: Settings, value: string, name: string) => void;

/** By lower-case name. Everything that is not here is an error: a setting must not be dropped silently. */
const SETTERS: Readonly<Record<string, Setter>> = {
  port: (s, v, name) => {
    s.port ??= parsePort(v, name);
  },
  user: (s, v) => {
    s.user ??= v;
  },
  identityfile: (s, v) => {
    s.identityFiles.push(v);
  },
  // No agent is asked and named keys replace the default ones, so that is what happens anyway.
  identitiesonly: (_, v, name) => {
    parseYesNo(v, name);
  },
  userknownhostsfile: (s, v) => {
    s.userKnownHosts ??= knownHostsFiles(v);
  },
  globalknownhostsfile: (s, v) => {
    s.globalKnownHosts ??= knownHostsFiles(v);
  },
  stricthostkeychecking: (s, v, name) => {
    s.hostKeyPolicy ??= hostKeyPolicy(v, name);
  },
  connecttimeout: (s, v, name) => {
    s.connectTimeoutSec ??= parseTime(v, name);
  },
  kexalgorithms: (s, v) => {
    s.kex ??= v;
  },
  hostkeyalgorithms: (s, v) => {
    s.hostKey ??= v;
  },
  ciphers: (s, v) => {
    s.ciphers ??= v;
  },
  macs: (s, v) => {
    s.macs ??= v;
  },
  preferredauthentications: (s, v) => {
    s.preferredAuthentications ??= v.split(',').map((method) => method.trim());
  },
  pubkeyauthentication: (s, v, name) => {
    s.publickey ??= parseYesNo(v, name);
  },
  passwordauthentication: (s, v, name) => {
    s.password ??= parseYesNo(v, name);
  },
  kbdinteractiveauthentication: (s, v, name) => {
    s.interactive ??= parseYesNo(v, name);
  },
  batchmode: (s, v, name) => {
    s.batch ??= parseYesNo(v, name);
  },
  requesttty: (s, v, name) => {
    s.tty ??= requestTty(v, name);
  },
  rekeylimit: (s, v, name) => setRekeyLimit(s, v, name),
  loglevel: (s, v) => setLogLevel(s, v),
};

/** @param text - `Name=Value` or `Name Value`. @throws {UsageError} */
export function setOption(settings: Settings, text: string): void {
  const [, name = '', raw = ''] = /^\s*([A-Za-z0-9]+)\s*(?:=|\s)\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name === '') throw new UsageError(`Option -o needs Name=Value, not "${text}".`);
  const key = name.toLowerCase();
  const setter = Object.hasOwn(SETTERS, key) ? SETTERS[key] : undefined;
  if (setter === undefined) {
    throw new UsageError(`The setting ${name} is not supported.`, 'nbs-ssh --help lists those that are.');
  }
  // File lists keep their quotes until they are split.
  const value = key.endsWith('knownhostsfile') ? raw : raw.replace(/^"(.*)"$/s, '$1');
  if (value === '') throw new UsageError(`The setting ${name} needs a value.`);
  setter(settings, value, name);
}

/** Quiet and verbose exclude each other; the last one said counts. */
export function setLogLevel(settings: Settings, level: string): void {
  const known = LEVELS[level.toUpperCase()];
  if (known === undefined) {
    throw new UsageError(`LogLevel must be one of ${Object.keys(LEVELS).join(', ')}, not "${level}".`);
  }
  settings.quiet = known < 0;
  settings.verbosity = Math.max(known, 0);
}

const LEVELS: Readonly<Record<string, number>> = {
  QUIET: -1,
  FATAL: -1,
  ERROR: -1,
  INFO: 0,
  VERBOSE: 0,
  DEBUG: 1,
  DEBUG1: 1,
  DEBUG2: 2,
  DEBUG3: 3,
};

function knownHostsFiles(value: string): readonly string[] {
  return value.toLowerCase() === 'none' ? [] : splitWords(value);
}

function hostKeyPolicy(value: string, name: string): NonNullable<Settings['hostKeyPolicy']> {
  const policies = {
    yes: 'strict',
    ask: 'ask',
    'accept-new': 'accept-new',
    no: 'insecure',
    off: 'insecure',
  } as const;
  const key = value.toLowerCase();
  if (Object.hasOwn(policies, key)) return policies[key as keyof typeof policies];
  throw new UsageError(`${name} must be yes, no, accept-new or ask, not "${value}".`);
}

function requestTty(value: string, name: string): Settings['tty'] {
  const key = value.toLowerCase();
  if (key === 'no' || key === 'auto') return 'no';
  if (key === 'yes' || key === 'force') return key;
  throw new UsageError(`${name} must be yes, no, force or auto, not "${value}".`);
}

/** `RekeyLimit 1G 1h`: bytes, then time; `default` and `none` leave what is. */
function setRekeyLimit(settings: Settings, value: string, name: string): void {
  const [bytes = 'default', time = 'none', ...more] = splitWords(value);
  if (more.length > 0) throw new UsageError(`${name} takes a size and a time, not "${value}".`);
  const given = (text: string): boolean => !['default', 'none'].includes(text.toLowerCase());
  if (given(bytes)) settings.rekeyBytes ??= parseSize(bytes, name);
  if (given(time)) settings.rekeySec ??= parseTime(time, name);
}
