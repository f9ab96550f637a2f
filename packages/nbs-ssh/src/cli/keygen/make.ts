import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { printable } from '@nbs-ssh/transport/wire';
import { type GeneratedKeyType, type GenerateKeyOptions, generateKey } from '../../keys/generate.ts';
import { PrivateKey } from '../../keys/private-key.ts';
import { getDefaultKeyPaths, getSshDir, localUser } from '../../platform/platform.ts';
import { inUsersWords, UsageError } from '../usage.ts';
import { type Asking, mayOverwrite, newPassphrase } from './asking.ts';
import { createFile, exists, replaceFile } from './files.ts';
import { fileOf, loadPrivate } from './load.ts';
import type { KeygenOptions } from './options.ts';

const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** What to write on standard output, without `-q`. */
type Say = (line: string) => void;

/** Makes a key pair. */
export async function make(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  const [type, bits] = typeOf(options);
  say(`Generating public/private ${type} key pair.`);
  const usual = getDefaultKeyPaths().find((candidate) => candidate.endsWith(`id_${type}`));
  const path = await fileOf(options, asking, 'File to save the key in', usual);
  const publicPath = `${path}.pub`;
  const taken = [(await exists(path)) ? path : [], (await exists(publicPath)) ? publicPath : []].flat();
  for (const file of taken) await mayOverwrite(printable(file, 1024), asking);
  const passphrase = await newPassphrase(options, asking, true);
  const comment = options.comment ?? defaultComment();
  const key = await madeKey(type, { bits, comment, crypto: createNodeProvider() });
  const text = keyText(key, options, passphrase);
  // The folder of ssh is made when it is missing, others are a mistake in the path.
  if (dirname(path) === getSshDir()) await mkdir(getSshDir(), { mode: 0o700, recursive: true });
  const write = (file: string): typeof createFile => (taken.includes(file) ? replaceFile : createFile);
  await write(path)(path, text, PRIVATE_MODE);
  await write(publicPath)(publicPath, `${key.publicLine}\n`, PUBLIC_MODE);
  say(`Your identification has been saved in ${printable(path, 1024)}`);
  say(`Your public key has been saved in ${printable(publicPath, 1024)}`);
  say('The key fingerprint is:');
  say(`${key.publicKey.fingerprint(options.fingerprintHash)} ${printable(comment)}`.trimEnd());
  say("The key's randomart image is:");
  say(key.publicKey.randomart(options.fingerprintHash));
}

/** @throws {UsageError} for a size or a comment that cannot be. */
async function madeKey(type: GeneratedKeyType, options: GenerateKeyOptions): Promise<PrivateKey> {
  try {
    return await generateKey(type, options);
  } catch (error) {
    return inUsersWords(() => {
      throw error;
    });
  }
}

/** Gives a private key another passphrase, or none. The file is in OpenSSH's format afterwards, whatever it was. */
export async function changePassphrase(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  const path = await fileOf(options, asking, 'File of the key');
  const { key } = await loadPrivate(path, options, asking);
  if (key.comment !== '') say(`Key has comment '${printable(key.comment)}'`);
  const passphrase = await newPassphrase(options, asking, false);
  await replaceFile(path, keyText(key, options, passphrase), PRIVATE_MODE);
  say('Your identification has been saved with the new passphrase.');
}

/** Gives a private key, and the public key beside it, another comment. */
export async function changeComment(options: KeygenOptions, asking: Asking, say: Say): Promise<void> {
  const path = await fileOf(options, asking, 'File of the key');
  const { key, passphrase } = await loadPrivate(path, options, asking);
  say(`Old comment: ${printable(key.comment) || '(none)'}`);
  const comment = options.comment ?? (await asking.prompter?.ask('New comment: ', { echo: true }));
  if (comment === undefined) throw new UsageError('No comment was given.', 'Give the new comment with -C.');
  const renamed = new PrivateKey(key.material, comment);
  await replaceFile(path, keyText(renamed, options, passphrase), PRIVATE_MODE);
  const publicPath = `${path}.pub`;
  const write = (await exists(publicPath)) ? replaceFile : createFile;
  await write(publicPath, `${renamed.publicLine}\n`, PUBLIC_MODE);
  say(`Comment '${printable(comment)}' applied`);
}

/** @throws {UsageError} when the cipher, the rounds or the comment cannot be. */
function keyText(key: PrivateKey, options: KeygenOptions, passphrase: string): string {
  const { cipher, rounds } = options;
  return inUsersWords(() => key.toOpenSSH(passphrase === '' ? {} : { passphrase, cipher, rounds }));
}

/** Names of key types as -t takes them, with the size that some of them imply. */
const TYPES: ReadonlyMap<string, readonly [GeneratedKeyType, number?]> = new Map<
  string,
  readonly [GeneratedKeyType, number?]
>([
  ['ed25519', ['ed25519']],
  ['ssh-ed25519', ['ed25519']],
  ['ecdsa', ['ecdsa']],
  ['ecdsa-sha2-nistp256', ['ecdsa', 256]],
  ['ecdsa-sha2-nistp384', ['ecdsa', 384]],
  ['ecdsa-sha2-nistp521', ['ecdsa', 521]],
  ['rsa', ['rsa']],
  ['ssh-rsa', ['rsa']],
]);

function typeOf({ type = 'ed25519', bits }: KeygenOptions): readonly [GeneratedKeyType, number | undefined] {
  const known = TYPES.get(type.toLowerCase());
  if (known === undefined) {
    throw new UsageError(
      `Keys of type "${type}" cannot be made here.`,
      'Make one with -t ed25519, ecdsa or rsa.',
    );
  }
  // As ssh-keygen does: there is only one size of Ed25519.
  return [known[0], known[0] === 'ed25519' ? undefined : (known[1] ?? bits)];
}

function defaultComment(): string {
  return `${inUsersWords(() => localUser())}@${hostname()}`;
}
