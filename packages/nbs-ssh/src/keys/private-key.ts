import {
  encryptOpensshPrivateKey,
  formatOpensshPrivateKey,
  isPrivateKeyError,
  type ParsedPrivateKey,
  parsePrivateKey,
  unlockPrivateKey,
} from '@nbs-ssh/auth';
import { readKeyFile } from '@nbs-ssh/auth/node';
import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { printable, Secret } from '@nbs-ssh/transport/wire';
import { type SecretSource, secretFrom } from '../auth/auth-config.ts';
import { fromKey } from '../errors/mapping.ts';
import { publicly } from '../errors/outside.ts';
import { expandPath } from '../platform/platform.ts';
import { PublicKey } from './public-key.ts';

export interface OpensshFileOptions {
  /** Encrypts the file. Default: none, the key is in the clear. */
  readonly passphrase?: string | Secret | undefined;
  /** Default: the key's own. */
  readonly comment?: string | undefined;
  /** Name as for `ssh-keygen -Z`. Default `aes256-ctr`. */
  readonly cipher?: string | undefined;
  /** Rounds of bcrypt, 1 to 2048. Default 24, which take about two tenths of a second, also later when it is opened. */
  readonly rounds?: number | undefined;
}

export interface ReadKeyOptions {
  /** Asked for only when the key is encrypted. */
  readonly passphrase?: SecretSource | undefined;
  readonly crypto?: CryptoProvider | undefined;
}

/** A private key in memory. Printing it, or turning it into JSON, shows the public half only. */
export class PrivateKey {
  readonly #material: PrivateKeyMaterial;
  readonly publicKey: PublicKey;

  /** @param material - Kept, not copied. */
  constructor(material: PrivateKeyMaterial, comment = '') {
    this.#material = material;
    this.publicKey = new PublicKey(publicKeyOf(material), comment);
  }

  /**
   * Reads the text of a key file in any supported format. Decrypting takes as long as the file's rounds ask for.
   *
   * @throws {KeyLoadError}
   */
  static async parse(content: string | Uint8Array, options: ReadKeyOptions = {}): Promise<PrivateKey> {
    try {
      const { key, comment } = await parse(content, options);
      return new PrivateKey(key, comment);
    } catch (error) {
      throw publicly(error);
    }
  }

  /** Reads a key file; `~` is expanded. A file that other users can read is refused. @throws {KeyLoadError} */
  static async fromFile(path: string, options: ReadKeyOptions = {}): Promise<PrivateKey> {
    let content: Uint8Array | undefined;
    try {
      content = await readKeyFile(expandPath(path));
      const { key, comment } = await parse(content, options);
      return new PrivateKey(key, comment);
    } catch (error) {
      throw isPrivateKeyError(error) ? fromKey(error, {}, printable(path, 1024)) : publicly(error);
    } finally {
      content?.fill(0);
    }
  }

  get comment(): string {
    return this.publicKey.comment;
  }

  /** The line for `authorized_keys` and the `.pub` file, without a line end. */
  get publicLine(): string {
    return this.publicKey.line;
  }

  /** The numbers themselves, as `key` of a login and `hostKeys` of a server take them. Secret. */
  get material(): PrivateKeyMaterial {
    return this.#material;
  }

  /**
   * The key as an OpenSSH key file. Write it with mode 0600.
   *
   * @returns Text with a final newline.
   * @throws {RangeError} when an option makes no sense, or the comment has a line break.
   */
  toOpenSSH(options: OpensshFileOptions = {}): string {
    const { comment = this.comment, cipher, rounds } = options;
    if (options.passphrase === undefined) {
      return formatOpensshPrivateKey(this.#material, comment, nobleProvider.random);
    }
    const passphrase = Secret.from(options.passphrase);
    return encryptOpensshPrivateKey(this.#material, comment, { passphrase, cipher, rounds }, nobleProvider);
  }

  toString(): string {
    return `PrivateKey(${this.publicLine})`;
  }

  toJSON(): { readonly publicKey: string } {
    return { publicKey: this.publicLine };
  }
}

async function parse(content: string | Uint8Array, options: ReadKeyOptions): Promise<ParsedPrivateKey> {
  const { crypto = nobleProvider, passphrase } = options;
  try {
    return parsePrivateKey(content, { crypto });
  } catch (error) {
    const locked = isPrivateKeyError(error) && error.context.reason === 'passphrase_required';
    if (!locked || passphrase === undefined) throw error;
  }
  return unlockPrivateKey(content, { crypto, passphrase: await secretFrom(passphrase) });
}
