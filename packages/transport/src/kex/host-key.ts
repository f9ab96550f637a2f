import type { HostKey } from '../config.ts';
import type { CryptoProvider } from '../crypto/index.ts';
import { type TransportError, transportError } from '../errors.ts';
import {
  fingerprint,
  isCertificateType,
  type PublicKey,
  parseCertificate,
  parsePublicKey,
  plainKeyOf,
  plainName,
  signatureAlgorithmsFor,
  signData,
  verifySignature,
} from '../keys/index.ts';
import { equalBytes } from '../wire/index.ts';

/**
 * The key or certificate that a server showed, when it is of the kind that was negotiated.
 *
 * @throws {TransportError} `TRANSPORT_HOST_KEY_MALFORMED`
 */
export function readHostKey(blob: Uint8Array, algorithm: string): PublicKey {
  let hostKey: PublicKey;
  try {
    hostKey = isCertificateType(algorithm) ? parseCertificate(blob) : parsePublicKey(blob);
  } catch (cause) {
    throw transportError('TRANSPORT_HOST_KEY_MALFORMED', { algorithm }, { cause });
  }
  if (!signatureAlgorithmsFor(hostKey.keyType).includes(algorithm)) {
    throw transportError('TRANSPORT_HOST_KEY_MALFORMED', { algorithm });
  }
  return hostKey;
}

/** The server's own key for what was negotiated. */
export function hostKeyFor(hostKeys: readonly HostKey[], algorithm: string): HostKey {
  const found = hostKeys.find((key) => signatureAlgorithmsFor(key.publicKey.keyType).includes(algorithm));
  if (found === undefined)
    throw transportError('TRANSPORT_INTERNAL', { what: `no host key for ${algorithm}` });
  return found;
}

/** With a certificate the certified key signs, and the signature says its plain name. */
export function signExchange(
  crypto: CryptoProvider,
  algorithm: string,
  hostKey: HostKey,
  exchangeHash: Uint8Array,
): Uint8Array {
  return signData(crypto, plainName(algorithm), hostKey.privateKey, exchangeHash);
}

/** @throws {TransportError} `TRANSPORT_HOST_KEY_SIGNATURE` */
export function checkExchangeSignature(
  crypto: CryptoProvider,
  algorithm: string,
  hostKey: PublicKey,
  exchangeHash: Uint8Array,
  signature: Uint8Array,
): void {
  const key = plainKeyOf(hostKey);
  if (verifySignature(crypto, { algorithm: plainName(algorithm) }, key, exchangeHash, signature)) return;
  throw transportError('TRANSPORT_HOST_KEY_SIGNATURE', { algorithm, fingerprint: shown(crypto, hostKey) });
}

/**
 * A rekey is by the very key, or the very certificate, of the first exchange.
 *
 * @throws {TransportError} `TRANSPORT_HOST_KEY_CHANGED_IN_REKEY`
 */
export function checkSameHostKey(crypto: CryptoProvider, first: PublicKey, now: PublicKey): void {
  if (equalBytes(first.blob, now.blob)) return;
  throw changed(crypto, first, now);
}

function changed(crypto: CryptoProvider, first: PublicKey, now: PublicKey): TransportError {
  const sameKey = equalBytes(plainKeyOf(first).blob, plainKeyOf(now).blob);
  return transportError('TRANSPORT_HOST_KEY_CHANGED_IN_REKEY', {
    what: sameKey ? 'certificate' : 'key',
    before: shown(crypto, first),
    now: shown(crypto, now),
  });
}

const shown = (crypto: CryptoProvider, key: PublicKey): string =>
  fingerprint(crypto.hash, plainKeyOf(key).blob);
