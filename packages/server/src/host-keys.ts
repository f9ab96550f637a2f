import { generateEd25519, parsePrivateKey } from '@nbs-ssh/auth';
import type { HostKey } from '@nbs-ssh/transport';
import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import {
  type CertifiedKey,
  parseCertificate,
  parsePublicKeyLine,
  publicKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';

/** The text of an unencrypted private key file, or the key itself. */
type PrivateKeySource = string | Uint8Array | PrivateKeyMaterial;

/** A private key, alone or with a host certificate for it: the text of a `-cert.pub` file. */
export type HostKeySource =
  | PrivateKeySource
  | { readonly key: PrivateKeySource; readonly certificate: string };

/**
 * Loads the host keys, or makes an Ed25519 key that lives as long as the server when there are none.
 *
 * A key with a certificate is shown both ways: clients that do not ask for certificates get the key.
 *
 * @throws {PrivateKeyError} when a text is not a usable private key. @throws {KeysError} for an unusable certificate.
 * @throws {RangeError} for two keys of one type, because negotiation could not tell them apart, and for a certificate
 *   that is another key's or a user's.
 */
export function loadHostKeys(
  sources: readonly HostKeySource[] | undefined,
  crypto: CryptoProvider,
): readonly HostKey[] {
  const given: readonly HostKeySource[] = sources ?? [generateEd25519(crypto)];
  if (given.length === 0) throw new RangeError('hostKeys must not be empty; leave it out to have a key made');
  const loaded = given.flatMap((source) => load(source, crypto));
  const types = loaded.map((key) => key.publicKey.keyType);
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) throw new RangeError(`two host keys of type ${twice}`);
  return loaded;
}

function load(source: HostKeySource, crypto: CryptoProvider): readonly HostKey[] {
  if (!isCertified(source)) return [plain(loadKey(source, crypto))];
  const hostKey = plain(loadKey(source.key, crypto));
  const publicKey = readCertificate(source.certificate);
  if (publicKey.certificate.type !== 'host')
    throw new RangeError('the certificate of a host key is a user’s');
  if (!equalBytes(publicKey.certificate.key.blob, hostKey.publicKey.blob)) {
    throw new RangeError('the certificate of a host key is for another key');
  }
  return [{ privateKey: hostKey.privateKey, publicKey }, hostKey];
}

function readCertificate(text: string): CertifiedKey {
  const publicKey = parsePublicKeyLine(text, parseCertificate)?.publicKey;
  if (publicKey === undefined) throw new RangeError('the certificate of a host key is empty');
  return publicKey;
}

const plain = (privateKey: PrivateKeyMaterial): HostKey => ({
  privateKey,
  publicKey: publicKeyOf(privateKey),
});

function isCertified(
  source: HostKeySource,
): source is { readonly key: PrivateKeySource; readonly certificate: string } {
  return typeof source === 'object' && 'certificate' in source;
}

function loadKey(source: PrivateKeySource, crypto: CryptoProvider): PrivateKeyMaterial {
  const isText = typeof source === 'string' || source instanceof Uint8Array;
  return isText ? parsePrivateKey(source, { crypto }).key : source;
}
