import { isKeysError, type PublicKey, parseKeyOrCertificate } from '@nbs-ssh/transport/keys';
import {
  EMPTY,
  equalBytes,
  fromBase64,
  fromUtf8Lossy,
  isWireError,
  toBase64,
  utf8,
  WireReader,
  WireWriter,
} from '@nbs-ssh/transport/wire';
import { malformed } from './errors.ts';

export type SshsigHash = 'sha256' | 'sha512';

/** A signature of a message, OpenSSH PROTOCOL.sshsig. Nothing in it was verified by reading it. */
export interface Sshsig {
  /** The key that claims to have signed; may be a certificate. */
  readonly publicKey: PublicKey;
  /** What the signature is for: the same bytes signed for another purpose are another signature. */
  readonly namespace: string;
  readonly hash: SshsigHash;
  /** `string algorithm ‖ string signature`. */
  readonly signature: Uint8Array;
}

const MAGIC: Uint8Array = /* @__PURE__ */ utf8('SSHSIG');
const VERSION = 1;
const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
/** Characters of base64 in a line, as ssh-keygen writes them. */
const LINE = 70;
/** Largest armored signature in characters. A certificate of 64 KiB with an RSA signature takes 96 KB. */
export const MAX_SSHSIG = 1_048_576;
/** Longest namespace in bytes: it is a word such as `file` or `git`, or a name with a domain. */
const MAX_NAMESPACE = 1024;

/**
 * The bytes that the key signs: what the signature is for, and the digest of the message.
 *
 * @throws {RangeError} when the namespace is empty, too long, or has a NUL.
 */
export function sshsigSignedData(namespace: string, hash: SshsigHash, digest: Uint8Array): Uint8Array {
  if (!isNamespace(namespace)) {
    throw new RangeError(`a namespace has 1 to ${MAX_NAMESPACE} bytes and no NUL`);
  }
  return new WireWriter().fixed(MAGIC).text(namespace).string(EMPTY).text(hash).string(digest).finish();
}

/** The armored form, with a final newline. */
export function formatSshsig({ publicKey, namespace, hash, signature }: Sshsig): string {
  const blob = new WireWriter(1024)
    .fixed(MAGIC)
    .u32(VERSION)
    .string(publicKey.blob)
    .text(namespace)
    .string(EMPTY)
    .text(hash)
    .string(signature)
    .finish();
  const base64 = toBase64(blob);
  const lines = [BEGIN];
  for (let at = 0; at < base64.length; at += LINE) lines.push(base64.slice(at, at + LINE));
  lines.push(END, '');
  return lines.join('\n');
}

/**
 * Reads an armored signature. White space may stand around it and nothing else: what follows a signature is easily
 * taken for something that was signed.
 *
 * @throws {SshsigError} `AUTH_SSHSIG_MALFORMED`
 */
export function parseSshsig(input: string | Uint8Array): Sshsig {
  if (input.length > MAX_SSHSIG) throw malformed(`longer than ${MAX_SSHSIG} bytes`);
  const text = (typeof input === 'string' ? input : fromUtf8Lossy(input)).trim();
  if (!text.startsWith(BEGIN)) throw malformed('it does not begin as one');
  if (!text.endsWith(END) || text.length < BEGIN.length + END.length) throw malformed('its end is missing');
  const blob = fromBase64(text.slice(BEGIN.length, -END.length).replace(/[ \t\r\n]/g, ''));
  if (blob === undefined) throw malformed('it is not base64');
  try {
    return parseBlob(blob);
  } catch (error) {
    if (isWireError(error)) throw malformed('a field is cut short, malformed or too many', error);
    if (isKeysError(error)) throw malformed('its public key cannot be used', error);
    throw error;
  }
}

function parseBlob(blob: Uint8Array): Sshsig {
  const reader = new WireReader(blob);
  if (!equalBytes(reader.fixed(MAGIC.length, 'magic'), MAGIC)) throw malformed('the magic is missing');
  if (reader.u32('version') !== VERSION) throw malformed('its version is not 1');
  const keyBlob = reader.string('public key');
  const namespace = reader.text('namespace');
  // "Implementations should ignore the reserved field if it is not empty."
  reader.string('reserved');
  const hash = reader.text('hash algorithm');
  const signature = reader.string('signature').slice();
  reader.end('signature of a message');
  if (!isNamespace(namespace)) throw malformed('its namespace is empty, too long, or has a NUL');
  if (hash !== 'sha256' && hash !== 'sha512') throw malformed('its hash is neither sha256 nor sha512');
  return { publicKey: parseKeyOrCertificate(keyBlob), namespace, hash, signature };
}

function isNamespace(namespace: string): boolean {
  const { length } = utf8(namespace);
  return length > 0 && length <= MAX_NAMESPACE && !namespace.includes('\0');
}
