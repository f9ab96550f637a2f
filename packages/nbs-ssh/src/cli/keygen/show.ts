import { printable } from '@nbs-ssh/transport/wire';
import { KeyLoadError } from '../../errors/classes.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { inUsersWords } from '../usage.ts';
import type { Asking } from './asking.ts';
import { KeygenFailure } from './errors.ts';
import { readText } from './files.ts';
import { fileOf, loadPrivate, loadPublic, publicHalf } from './load.ts';
import type { KeygenOptions } from './options.ts';

type Say = (line: string) => void;

/** Fingerprints of all keys in a file: `.pub`, authorized_keys, known_hosts, or a private key. */
export async function showFingerprints(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  const path = await fileOf(options, asking, 'File of the key');
  const text = await readText(path);
  const keys = await keysIn(path, text, options, asking);
  if (keys.length === 0) {
    throw new KeygenFailure(
      `${printable(path, 1024)} has no key that can be read.`,
      'Check the path, and that it is a key file.',
    );
  }
  for (const key of keys) {
    const { bits, comment, label } = key;
    const shown = comment === '' ? 'no comment' : printable(comment, 1024);
    say(`${bits} ${key.fingerprint(options.fingerprintHash)} ${shown} (${label})`);
    if (options.verbose) say(key.randomart(options.fingerprintHash));
  }
}

async function keysIn(
  path: string,
  text: string,
  options: KeygenOptions,
  asking: Asking,
): Promise<readonly PublicKey[]> {
  if (text.includes('PRIVATE KEY-----') || text.startsWith('PuTTY-User-Key-File-')) {
    const key = (await publicHalf(path, text)) ?? (await loadPrivate(path, options, asking)).key.publicKey;
    return [key];
  }
  const whole = readable(text);
  if (whole !== undefined && !/\n\s*\S/.test(text.trim())) return [whole];
  const lines = text.split('\n').map((line) => readable(line) ?? readable(line.replace(FIRST_FIELD, '')));
  const keys = lines.filter((key) => key !== undefined);
  return keys.length === 0 && whole !== undefined ? [whole] : keys;
}

/** Options of authorized_keys or names of known_hosts: up to the first white space outside of quotes; markers too. */
const FIRST_FIELD = /^[ \t]*(?:@\S+[ \t]+)?(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*")+[ \t]+/;

function readable(text: string): PublicKey | undefined {
  try {
    return PublicKey.parse(text);
  } catch (error) {
    if (!(error instanceof KeyLoadError)) throw error;
    return undefined;
  }
}

/** The public key of a private key, as in its `.pub` file. */
export async function showPublic(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  const path = await fileOf(options, asking, 'File of the key');
  say((await loadPrivate(path, options, asking)).key.publicLine);
}

/** The public key in the format of RFC 4716. */
export async function exportPublic(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  const key = await loadPublic(await fileOf(options, asking, 'File of the key'), options, asking);
  say(inUsersWords(() => key.toRfc4716()).trimEnd());
}

/** The `.pub` line of a public key in another format. */
export async function importPublic(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  say((await loadPublic(await fileOf(options, asking, 'File of the key'), options, asking)).line);
}
