import type { AtRestCipher } from '@nbs-ssh/transport/crypto/at-rest';
import { fromHex, printable } from '@nbs-ssh/transport/wire';
import { cbcCipher, openPadded } from './cbc.ts';
import type { DecodedKey, KeyContainer } from './container.ts';
import { invalid, unsupported } from './errors.ts';

const FORMAT = 'PEM encryption';
const CIPHERS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['AES-128-CBC', 'aes128-cbc'],
  ['AES-192-CBC', 'aes192-cbc'],
  ['AES-256-CBC', 'aes256-cbc'],
  ['DES-EDE3-CBC', '3des-cbc'],
]);
/** Bytes of the initialisation vector that are also the salt, PKCS5_SALT_LEN of OpenSSL. */
const SALT_LENGTH = 8;
const CONVERT = 'convert a copy of it with ssh-keygen -p -f KEY, which writes the format of OpenSSH';

/**
 * The encryption of old PEM files, RFC 1421 as OpenSSL does it: `Proc-Type: 4,ENCRYPTED` and a `DEK-Info` with cipher
 * and initialisation vector. The key comes from one round of MD5, so it protects little; it is read, never written.
 *
 * @param decode - Reads the structure inside.
 * @throws {PrivateKeyError}
 */
export function openLegacyPem(
  body: Uint8Array,
  headers: readonly string[],
  decode: (der: Uint8Array) => DecodedKey,
): KeyContainer {
  const fields = new Map(headers.map((line) => split(line)));
  if (fields.get('Proc-Type') !== '4,ENCRYPTED' || headers.length !== 2) {
    throw invalid(FORMAT, 'its headers are not those of an encrypted key');
  }
  const { cipher, iv } = dekInfo(fields.get('DEK-Info') ?? '');
  if (body.length === 0 || body.length % cipher.blockLength !== 0) {
    throw invalid(FORMAT, 'the encrypted part is not whole blocks');
  }
  const salt = iv.subarray(0, SALT_LENGTH);
  return {
    format: FORMAT,
    publicBlob: undefined,
    body,
    encryption: {
      cipher: cipher.name,
      derivation: () => ({ kdf: 'evp-md5', salt, length: cipher.keyLength }),
    },
    decode: (derived) => openPadded(cipher, derived as Uint8Array, iv, body, decode),
  };
}

function dekInfo(text: string): { readonly cipher: AtRestCipher; readonly iv: Uint8Array } {
  const [, name = '', hex = ''] = /^([A-Z0-9-]{1,32}),([0-9A-Fa-f]{1,64})$/.exec(text) ?? [];
  if (name === '') throw invalid(FORMAT, 'the header DEK-Info is malformed');
  const known = CIPHERS.get(name);
  if (known === undefined) throw unsupported(`PEM encryption with ${printable(name)}`, CONVERT);
  const cipher = cbcCipher(known);
  if (hex.length !== 2 * cipher.ivLength)
    throw invalid(FORMAT, 'the initialisation vector has the wrong length');
  return { cipher, iv: fromHex(hex) };
}

function split(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}
