import { fromUtf8Lossy, isWireError, printable, WireReader } from '../wire/index.ts';
import { isCertificateType, plainName } from './algorithm.ts';
import type { Certificate, CertificateOption, CertifiedKey } from './certificate-types.ts';
import { keysError } from './errors.ts';
import { encodePublicKey, parsePublicKey, readMaterial } from './public-key.ts';
import type { PublicKey } from './types.ts';

/** Longest certificate we look at, in bytes: two RSA keys of 16,384 bits, 256 host names and a long forced command. */
const MAX_CERTIFICATE = 65_536;
/** Most principals, as in OpenSSH. */
const MAX_PRINCIPALS = 256;
/** Most critical options, and most extensions. OpenSSH defines three and six. */
const MAX_OPTIONS = 64;

/**
 * Reads a certificate, OpenSSH [PROTOCOL.certkeys]. Its CA's signature and what it allows are not looked at.
 *
 * Options must be in order and unique, as the protocol asks: a certificate has one meaning.
 *
 * @param blob - Copied, so that the result outlives the buffer it came from.
 * @throws {KeysError} `KEYS_NOT_CERTIFICATE`; `KEYS_CERTIFICATE` when the CA's key is a certificate itself;
 *   `KEYS_MALFORMED`, `KEYS_UNSUPPORTED_TYPE`, `KEYS_RSA_LIMITS` of the certificate and of both keys
 */
export function parseCertificate(blob: Uint8Array): CertifiedKey {
  if (blob.length > MAX_CERTIFICATE) throw malformed('unknown', 'length');
  const own = new Uint8Array(blob);
  let keyType = 'unknown';
  try {
    const reader = new WireReader(own);
    keyType = reader.text('key type');
    if (!isCertificateType(keyType)) throw keysError('KEYS_NOT_CERTIFICATE', { keyType: shown(keyType) });
    return readCertificate(keyType, reader, own);
  } catch (error) {
    if (!isWireError(error)) throw error;
    throw keysError('KEYS_MALFORMED', { keyType: shown(keyType), part: 'certificate' }, { cause: error });
  }
}

/** A plain key or a certificate, for where either may stand. @throws {KeysError} as the parser of what it is. */
export function parseKeyOrCertificate(blob: Uint8Array): PublicKey {
  return isCertificateType(typeOf(blob)) ? parseCertificate(blob) : parsePublicKey(blob);
}

/** The key itself: the certified one of a certificate. Its fingerprint is what people compare. */
export function plainKeyOf(publicKey: PublicKey): PublicKey {
  return publicKey.certificate?.key ?? publicKey;
}

function readCertificate(keyType: string, reader: WireReader, own: Uint8Array): CertifiedKey {
  // Random bytes of the CA, so that nobody can choose all that is signed.
  reader.string('nonce');
  const key = encodePublicKey(readMaterial(plainName(keyType), reader));
  const serial = reader.u64('serial');
  const type = readType(keyType, reader);
  const keyId = readKeyId(keyType, reader);
  const principals = readPrincipals(keyType, reader.string('principals'));
  const validAfter = reader.u64('valid after');
  const validBefore = reader.u64('valid before');
  const criticalOptions = readOptions(keyType, 'critical options', reader.string('critical options'));
  const extensions = readOptions(keyType, 'extensions', reader.string('extensions'));
  reader.string('reserved');
  const signatureKey = parsePublicKey(reader.string('signature key'));
  const signedBytes = own.subarray(0, reader.offset);
  const signature = reader.string('signature');
  reader.end('certificate');
  const certificate: Certificate = {
    type,
    key,
    serial,
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    extensions,
    signatureKey,
    signature,
    signedBytes,
  };
  return { keyType, blob: own, material: key.material, certificate };
}

function readType(keyType: string, reader: WireReader): Certificate['type'] {
  const number = reader.u32('type');
  if (number === 1) return 'user';
  if (number === 2) return 'host';
  throw malformed(keyType, 'type');
}

/** It is only ever shown, so bytes that are no text do not make the certificate unusable. */
function readKeyId(keyType: string, reader: WireReader): string {
  const bytes = reader.string('key id');
  if (bytes.includes(0)) throw malformed(keyType, 'key id');
  return fromUtf8Lossy(bytes);
}

function readPrincipals(keyType: string, bytes: Uint8Array): readonly string[] {
  const reader = new WireReader(bytes);
  const principals: string[] = [];
  while (reader.remaining > 0) {
    const principal = reader.text('principal');
    if (principals.length >= MAX_PRINCIPALS || principal.includes('\0')) {
      throw malformed(keyType, 'principals');
    }
    principals.push(principal);
  }
  return principals;
}

function readOptions(keyType: string, part: string, bytes: Uint8Array): readonly CertificateOption[] {
  const reader = new WireReader(bytes);
  const options: CertificateOption[] = [];
  let last: Uint8Array | undefined;
  while (reader.remaining > 0) {
    const start = reader.offset + 4;
    const name = reader.text('option name');
    const nameBytes = bytes.subarray(start, reader.offset);
    const data = reader.string('option data');
    const ordered = last === undefined || compareBytes(last, nameBytes) < 0;
    if (!ordered || options.length >= MAX_OPTIONS) throw malformed(keyType, part);
    last = nameBytes;
    options.push({ name, data });
  }
  return options;
}

/** Order of `strcmp`: by byte, and a prefix comes first. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function typeOf(blob: Uint8Array): string {
  try {
    return new WireReader(blob).text('key type');
  } catch (error) {
    if (isWireError(error)) return '';
    throw error;
  }
}

const shown = (keyType: string): string => printable(keyType, 64);

function malformed(keyType: string, part: string): ReturnType<typeof keysError<'KEYS_MALFORMED'>> {
  return keysError('KEYS_MALFORMED', { keyType: shown(keyType), part });
}
