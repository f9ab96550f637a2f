import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOk } from './command.ts';
import type { OpensshBinaries } from './openssh-versions.ts';

/**
 * What `ssh-keygen` can make that the tests use. The number behind ecdsa is the curve's size in bits; `dsa` is made by
 * versions before 10.0 only.
 */
export type KeyType = 'ed25519' | 'ecdsa-256' | 'ecdsa-384' | 'ecdsa-521' | 'rsa' | 'dsa';

/** Bits of an RSA key made here: the least that OpenSSH and we accept is quick to make. */
const RSA_BITS = 2048;

export interface KeyOptions {
  readonly comment?: string;
  readonly passphrase?: string;
  /** Cipher of an encrypted key file, `ssh-keygen -Z`. */
  readonly cipher?: string;
  /** Rounds of bcrypt_pbkdf, `ssh-keygen -a`. */
  readonly rounds?: number;
  /** File format, `ssh-keygen -m`. Default: openssh-key-v1. */
  readonly format?: 'PEM' | 'PKCS8';
}

/** A key pair on disk, made by the real `ssh-keygen`. */
export interface KeyFile {
  readonly type: KeyType;
  /** Private key file; the public one has `.pub` behind it. */
  readonly path: string;
  /** `type base64 comment`. */
  readonly publicLine: string;
}

/** Makes `dir/name` and `dir/name.pub`. */
export async function makeKey(
  binaries: OpensshBinaries,
  dir: string,
  name: string,
  type: KeyType,
  options: KeyOptions = {},
): Promise<KeyFile> {
  const path = join(dir, name);
  const { comment = name, passphrase = '', cipher, rounds, format } = options;
  const args = ['-q', ...typeArguments(type), '-N', passphrase, '-C', comment, '-f', path];
  if (cipher !== undefined) args.push('-Z', cipher);
  if (rounds !== undefined) args.push('-a', String(rounds));
  if (format !== undefined) args.push('-m', format);
  await runOk(binaries.sshKeygen, args, { env: { ...process.env, ...binaries.env } });
  return { type, path, publicLine: readFileSync(`${path}.pub`, 'utf8').trim() };
}

/** `SHA256:…` as ssh-keygen prints it. */
export async function fingerprintOf(binaries: OpensshBinaries, key: KeyFile): Promise<string> {
  const env = { ...process.env, ...binaries.env };
  const { stdout } = await runOk(binaries.sshKeygen, ['-l', '-E', 'sha256', '-f', `${key.path}.pub`], {
    env,
  });
  return stdout.split(' ')[1] as string;
}

function typeArguments(type: KeyType): string[] {
  if (type === 'ed25519') return ['-t', 'ed25519'];
  if (type === 'dsa') return ['-t', 'dsa'];
  if (type === 'rsa') return ['-t', 'rsa', '-b', String(RSA_BITS)];
  return ['-t', 'ecdsa', '-b', type.slice('ecdsa-'.length)];
}
