import type { CryptoProvider } from '../crypto/index.ts';
import { printable } from '../wire/index.ts';
import type { Certificate } from './certificate-types.ts';
import { fingerprint } from './fingerprint.ts';

/** What traces, events and errors say about a certificate. Escaped, bounded, nothing secret. */
export interface CertificateFacts {
  readonly keyId: string;
  /** Decimal, because it has 64 bits. */
  readonly serial: string;
  /** `SHA256:…` of the CA's key. */
  readonly caFingerprint: string;
  /** First and first-after moment of validity, in ISO 8601 and UTC; `always` and `forever` where there is no limit. */
  readonly validFrom: string;
  readonly validUntil: string;
}

/** Characters of a key id that are shown. */
const MAX_KEY_ID = 128;
/** Last second that a JavaScript date can hold. */
const LAST_SECOND = 8_640_000_000_000n;

export function certificateFacts(hash: CryptoProvider['hash'], certificate: Certificate): CertificateFacts {
  const { validAfter, validBefore } = certificate;
  return {
    keyId: printable(certificate.keyId, MAX_KEY_ID),
    serial: String(certificate.serial),
    caFingerprint: fingerprint(hash, certificate.signatureKey.blob),
    validFrom: validAfter === 0n ? 'always' : moment(validAfter),
    validUntil: moment(validBefore),
  };
}

function moment(seconds: bigint): string {
  if (seconds > LAST_SECOND) return 'forever';
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}
