import { parsePublicKeyText } from '@nbs-ssh/auth';
import { nobleHash } from '@nbs-ssh/transport/crypto/noble';
import {
  type FingerprintHash,
  fingerprint,
  formatPublicKeyLine,
  formatRfc4716,
  isKeysError,
  type KeysError,
  keyBits,
  keyLabel,
  keysError,
  parseKeyOrCertificate,
  plainKeyOf,
  randomart,
  type PublicKey as WireKey,
} from '@nbs-ssh/transport/keys';
import { KeyLoadError } from '../errors/classes.ts';

/** A public key or a certificate, as it stands in a `.pub` file. */
export class PublicKey {
  readonly #key: WireKey;
  readonly comment: string;

  /** @internal */
  constructor(key: WireKey, comment: string) {
    this.#key = key;
    this.comment = comment;
  }

  /**
   * Reads a public key file: one line of a `.pub` or `authorized_keys` file without options, `keytype base64 [comment]`;
   * RFC 4716, as PuTTY and `ssh-keygen -e` write it; or PEM, as openssl does.
   *
   * @throws {KeyLoadError} with `reason` `invalid_format` or `unsupported`.
   */
  static parse(text: string): PublicKey {
    let problem: KeysError | undefined;
    try {
      const parsed = parsePublicKeyText(text, parseKeyOrCertificate);
      if (parsed !== undefined) return new PublicKey(parsed.publicKey, parsed.comment);
    } catch (error) {
      if (!isKeysError(error)) throw error;
      problem = error;
    }
    throw unreadable(problem ?? keysError('KEYS_MALFORMED', { keyType: 'unknown', part: 'line' }));
  }

  /** For example `ssh-ed25519`, `ecdsa-sha2-nistp256` or `ssh-rsa-cert-v01@openssh.com`. */
  get type(): string {
    return this.#key.keyType;
  }

  /** The short name that ssh-keygen shows: `ED25519`, `ECDSA`, `RSA`, `RSA-CERT`. */
  get label(): string {
    return keyLabel(this.#key);
  }

  get bits(): number {
    return keyBits(this.#key.material);
  }

  /** The line of a `.pub` file, without a line end. */
  get line(): string {
    return formatPublicKeyLine(this.#key, this.comment);
  }

  /**
   * The text of a file of RFC 4716, which ssh.com's server and some appliances want in place of a `.pub` line.
   *
   * @returns Text with a final newline.
   * @throws {RangeError} when the comment takes more than 1024 bytes.
   */
  toRfc4716(): string {
    return formatRfc4716(this.#key, this.comment);
  }

  /** As it travels: RFC 4253 §6.6. A copy. */
  get blob(): Uint8Array {
    return this.#key.blob.slice();
  }

  /** `SHA256:…` or `MD5:aa:bb:…`, as `ssh-keygen -l` shows it; of a certificate that of the certified key. */
  fingerprint(hash: FingerprintHash = 'sha256'): string {
    return fingerprint(nobleHash, plainKeyOf(this.#key).blob, hash);
  }

  /** The picture that `ssh-keygen -lv` draws: eleven lines. */
  randomart(hash: FingerprintHash = 'sha256'): string {
    return randomart(nobleHash, this.#key, hash);
  }

  /** @internal */
  get wire(): WireKey {
    return this.#key;
  }

  toString(): string {
    return this.line;
  }
}

function unreadable(error: KeysError): KeyLoadError {
  const malformed = error.code === 'KEYS_MALFORMED';
  return new KeyLoadError(error.message.slice(error.code.length + 2), {
    code: error.code,
    fault: 'caller',
    retryable: false,
    context: { reason: malformed ? 'invalid_format' : 'unsupported', originalError: error },
  });
}
