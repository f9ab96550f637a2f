import { parsePrivateKey, privateKeyPublicPart } from '@nbs-ssh/auth';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { printable } from '@nbs-ssh/transport/wire';
import { KeyLoadError } from '../../errors/classes.ts';
import { PrivateKey } from '../../keys/private-key.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { expandPath, getDefaultKeyPaths } from '../../platform/platform.ts';
import { type Asking, oldPassphrase } from './asking.ts';
import { KeygenFailure } from './errors.ts';
import { exists, readText } from './files.ts';
import type { KeygenOptions } from './options.ts';

/** The file that is meant: `-f`, or the answer to a question whose default is the usual place. */
export async function fileOf(
  options: KeygenOptions,
  { prompter }: Asking,
  question: string,
  usual: string = getDefaultKeyPaths()[0] ?? '',
): Promise<string> {
  if (options.file !== undefined && options.file !== '') return expandPath(options.file);
  if (prompter === undefined) throw new KeygenFailure('No file was named.', 'Name it with -f.', 1);
  const answer = await prompter.ask(`${question} (${usual}): `, { echo: true });
  return answer.trim() === '' ? usual : expandPath(answer.trim());
}

export interface LoadedKey {
  readonly key: PrivateKey;
  /** What opened it; `''` when it was not encrypted. */
  readonly passphrase: string;
}

/** @throws {KeyLoadError} */
export async function loadPrivate(path: string, options: KeygenOptions, asking: Asking): Promise<LoadedKey> {
  const source = oldPassphrase(options, asking, printable(path, 1024));
  let used = '';
  const passphrase =
    source === undefined
      ? undefined
      : async (): Promise<string> => {
          used = await source();
          return used;
        };
  const key = await PrivateKey.fromFile(path, { passphrase, crypto: createNodeProvider() });
  return { key, passphrase: used };
}

/** A public key file, or the public half of a private one, which is not decrypted for that where its format allows. */
export async function loadPublic(path: string, options: KeygenOptions, asking: Asking): Promise<PublicKey> {
  const text = await readText(path, MAX_KEY);
  if (!text.includes('PRIVATE KEY') && !text.startsWith('PuTTY-User-Key-File-'))
    return parseNamed(path, text);
  return (await publicHalf(path, text)) ?? (await loadPrivate(path, options, asking)).key.publicKey;
}

/** Largest file with one key, in bytes: a certificate of 64 KiB in base64, and room for its comment. */
const MAX_KEY = 1_048_576;

/**
 * The public half of a private key file without its passphrase. The comment comes from the `.pub` file beside it, when
 * that is of the same key.
 */
export async function publicHalf(path: string, text: string): Promise<PublicKey | undefined> {
  let key: PublicKey | undefined;
  try {
    const part = privateKeyPublicPart(text);
    if (part === undefined) return undefined;
    const comment = part.encrypted ? '' : parsePrivateKey(text, { crypto: createNodeProvider() }).comment;
    key = new PublicKey(part.publicKey, comment);
  } catch {
    return undefined;
  }
  const beside = `${path}.pub`;
  if (path === '-' || !(await exists(beside))) return key;
  try {
    const other = PublicKey.parse((await readText(beside, MAX_KEY)).split('\n')[0] ?? '');
    return other.fingerprint() === key.fingerprint() && other.type === key.type ? other : key;
  } catch {
    return key;
  }
}

function parseNamed(path: string, text: string): PublicKey {
  try {
    return PublicKey.parse(text);
  } catch (error) {
    if (!(error instanceof KeyLoadError)) throw error;
    throw new KeygenFailure(
      `${printable(path, 1024)} has no key that can be read: ${error.message}.`,
      'Check the path, and that it is a key file.',
    );
  }
}
