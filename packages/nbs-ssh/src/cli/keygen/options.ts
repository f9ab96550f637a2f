import { signerTime } from '@nbs-ssh/auth';
import { UsageError } from '../usage.ts';
import { parsePositive } from '../values.ts';
import { checkHostAction, type HostAction } from './host-options.ts';
import { KEYGEN_LATER } from './usage.ts';

const SIGNING = ['sign', 'verify', 'find-principals', 'match-principals', 'check-novalidate'] as const;
export type SigningAction = (typeof SIGNING)[number];
export type KeygenAction =
  | 'generate'
  | 'passphrase'
  | 'comment'
  | 'public'
  | 'fingerprint'
  | 'export'
  | 'import'
  | 'help'
  | HostAction
  | SigningAction;

/** The command line, understood. What was not given is absent. */
export interface KeygenOptions {
  readonly action: KeygenAction;
  readonly type?: string;
  readonly bits?: number;
  readonly comment?: string;
  readonly file?: string;
  readonly newPassphrase?: string;
  readonly oldPassphrase?: string;
  readonly rounds?: number;
  readonly cipher?: string;
  readonly format?: string;
  readonly fingerprintHash: 'sha256' | 'md5';
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly namespace?: string;
  readonly identity?: string;
  readonly signature?: string;
  readonly revoked?: string;
  readonly messageHash: 'sha256' | 'sha512';
  /** Seconds since 1970. */
  readonly verifyTime?: number;
  readonly printKey: boolean;
  /** Whether the key must be in the agent. */
  readonly agent: boolean;
  /** `host` or `[host]:port` to find, and to remove, in known_hosts. */
  readonly find?: string;
  readonly remove?: string;
  /** Whether `-l` was given beside `-F`. */
  readonly fingerprints: boolean;
  /** Whether names are to be hashed. */
  readonly hash: boolean;
  readonly operands: readonly string[];
}

type Collected = { -readonly [K in keyof KeygenOptions]: KeygenOptions[K] };

const FLAGS = 'pcyleivqUH';
const WITH_VALUE = 'tbCfNPaZEYnIsrOmFR';
const ACTIONS: Readonly<Record<string, KeygenAction>> = {
  p: 'passphrase',
  c: 'comment',
  y: 'public',
  l: 'fingerprint',
  e: 'export',
  i: 'import',
};

/** @throws {UsageError} for what makes no sense or is not supported. */
export function parseKeygen(args: readonly string[]): KeygenOptions {
  const words = [...args];
  const operands: string[] = [];
  const found: Collected = {
    action: 'generate',
    fingerprintHash: 'sha256',
    verbose: false,
    quiet: false,
    messageHash: 'sha512',
    printKey: false,
    agent: false,
    hash: false,
    fingerprints: false,
    operands,
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--help') return { ...found, action: 'help' };
    if (word === '--') operands.push(...words.splice(0));
    else if (word === '-' || !word.startsWith('-')) operands.push(word);
    else if (word.startsWith('--')) throw new UsageError(`Option ${word} is unknown.`);
    else group(word.slice(1), words, found);
  }
  check(found);
  const action = checkHostAction(found);
  return action === undefined ? found : { ...found, action, fingerprints: found.action === 'fingerprint' };
}

/** Letters such as `-lvf KEY`: the first one that takes a value takes the rest. */
function group(letters: string, words: string[], found: Collected): void {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    if (WITH_VALUE.includes(letter)) {
      const value = letters.slice(at + 1) || words.shift();
      if (value === undefined) throw new UsageError(`Option -${letter} needs a value.`);
      setValue(letter, value, found);
      return;
    }
    if (!FLAGS.includes(letter)) throw unknown(letter);
    const action = ACTIONS[letter];
    if (action !== undefined) setAction(action, found);
    else if (letter === 'v') found.verbose = true;
    else if (letter === 'U') found.agent = true;
    else if (letter === 'H') found.hash = true;
    else found.quiet = true;
  }
}

function setValue(letter: string, value: string, found: Collected): void {
  switch (letter) {
    case 't':
      found.type = value;
      return;
    case 'b':
      found.bits = parsePositive(value, 'The number of bits (-b)');
      return;
    case 'C':
      found.comment = value;
      return;
    case 'f':
      found.file = value;
      return;
    case 'N':
      found.newPassphrase = value;
      return;
    case 'P':
      found.oldPassphrase = value;
      return;
    case 'a':
      found.rounds = parsePositive(value, 'The number of rounds (-a)');
      return;
    case 'Z':
      found.cipher = value;
      return;
    case 'E':
      found.fingerprintHash = fingerprintHash(value);
      return;
    case 'n':
      found.namespace = value;
      return;
    case 'I':
      found.identity = value;
      return;
    case 's':
      found.signature = value;
      return;
    case 'r':
      found.revoked = value;
      return;
    case 'O':
      signingOption(value, found);
      return;
    case 'm':
      found.format = value;
      return;
    case 'F':
      found.find = value;
      return;
    case 'R':
      found.remove = value;
      return;
    default:
      setAction(signingAction(value), found);
  }
}

function setAction(action: KeygenAction, found: Collected): void {
  if (found.action !== 'generate' && found.action !== action) {
    throw new UsageError('Only one of -p, -c, -y, -l, -e, -i and -Y can be done at a time.');
  }
  found.action = action;
}

function signingAction(value: string): SigningAction {
  const action = SIGNING.find((candidate) => candidate === value);
  if (action !== undefined) return action;
  throw new UsageError(`-Y does one of ${SIGNING.join(', ')}, not "${value}".`);
}

function fingerprintHash(value: string): KeygenOptions['fingerprintHash'] {
  const name = value.toLowerCase();
  if (name === 'sha256' || name === 'md5') return name;
  throw new UsageError(`Fingerprints (-E) are sha256 or md5, not "${value}".`);
}

function signingOption(text: string, found: Collected): void {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  switch (name.toLowerCase()) {
    case 'hashalg':
      if (value !== 'sha256' && value !== 'sha512') {
        throw new UsageError(`The hash (-O hashalg) is sha256 or sha512, not "${value}".`);
      }
      found.messageHash = value;
      return;
    case 'verify-time': {
      const time = signerTime(value);
      if (time === undefined) {
        throw new UsageError(`The time (-O verify-time) is YYYYMMDD[HHMM[SS]][Z], not "${value}".`);
      }
      found.verifyTime = time;
      return;
    }
    case 'print-pubkey':
      found.printKey = true;
      return;
    default:
      throw new UsageError(`The option -O ${name} is unknown.`);
  }
}

/** What each way of signing and verifying needs, by its letter. */
const NEEDED: Readonly<Record<SigningAction, readonly (keyof typeof NAMES)[]>> = {
  sign: ['file', 'namespace'],
  verify: ['file', 'identity', 'namespace', 'signature'],
  'find-principals': ['file', 'signature'],
  'match-principals': ['file', 'identity'],
  'check-novalidate': ['namespace', 'signature'],
};
const NAMES = {
  file: 'a file (-f)',
  identity: 'the name of the signer (-I)',
  namespace: 'a namespace (-n), which says what the signature is for',
  signature: 'the file of the signature (-s)',
} as const;

function check(found: KeygenOptions): void {
  const { action, operands } = found;
  if (found.agent && action !== 'sign') throw new UsageError('-U belongs to -Y sign.');
  const signing = SIGNING.find((candidate) => candidate === action);
  if (signing === undefined) {
    if (found.signature !== undefined) throw later('making certificates (-s)');
    if (found.revoked !== undefined) throw later('DNS records (-r)');
    // Whatever comes in is recognised; what goes out has one format for each action.
    if (found.format !== undefined && action !== 'import' && !/^RFC4716$/i.test(found.format)) {
      throw later(`writing the format ${found.format} (-m)`);
    }
    if (found.namespace !== undefined || found.identity !== undefined) {
      throw new UsageError('-n and -I belong to -Y.');
    }
  } else {
    for (const name of NEEDED[signing]) {
      if ((found[name] ?? '') === '') throw new UsageError(`-Y ${signing} needs ${NAMES[name]}.`);
    }
  }
  if (action !== 'sign' && operands.length > 0) {
    throw new UsageError(`There is nothing to do with "${operands[0]}".`);
  }
}

function unknown(letter: string): UsageError {
  const what = Object.hasOwn(KEYGEN_LATER, letter) ? KEYGEN_LATER[letter] : undefined;
  return what === undefined ? new UsageError(`Option -${letter} is unknown.`) : later(what);
}

const later = (what: string): UsageError =>
  new UsageError(`Not supported yet: ${what}.`, 'Use ssh-keygen for it.');
