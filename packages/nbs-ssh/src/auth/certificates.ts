import { checkCertificateOf, isPrivateKeyError, parseUserCertificate } from '@nbs-ssh/auth';
import { readCertificateFile } from '@nbs-ssh/auth/node';
import type { CertificateProblem, CertifiedKey, PublicKey } from '@nbs-ssh/transport/keys';
import { printable } from '@nbs-ssh/transport/wire';
import { expandPath } from '../platform/platform.ts';
import type { PrivateKeyAuth } from './auth-config.ts';

/** A certificate to show for a key, or why it is not shown. */
export type PreparedCertificate =
  | { readonly certified: CertifiedKey; readonly problem?: CertificateProblem }
  | { readonly failure: unknown };

/**
 * Certificates of a configured key, to be shown before it: those named, or else the one beside the key.
 *
 * @param key - `undefined` when it cannot be known without a passphrase.
 * @param unixMs - Now. One that is not valid is shown all the same, as ssh does: the server's clock counts.
 */
export async function certificatesOf(
  config: PrivateKeyAuth,
  key: PublicKey | undefined,
  unixMs: number,
): Promise<readonly PreparedCertificate[]> {
  const { certificate, certificatePath, keyPath } = config;
  const read = (text: string, path?: string): PreparedCertificate => prepared(text, key, unixMs, path);
  if (certificate !== undefined) return [attempt(() => read(certificate))];
  const paths = certificatePath ?? (keyPath === undefined ? [] : `${keyPath}-cert.pub`);
  const found = await Promise.all(
    [paths].flat().map(async (path): Promise<PreparedCertificate> => {
      try {
        const full = expandPath(path);
        return read(await readCertificateFile(full), printable(full, 1024));
      } catch (failure) {
        return { failure };
      }
    }),
  );
  if (certificatePath === undefined) return found.filter((one) => !failedAs(one, 'AUTH_KEY_FILE_NOT_FOUND'));
  // A list is for all keys, and each takes what is for it.
  return typeof certificatePath === 'string' ? found : found.filter((one) => !isForAnother(one));
}

function prepared(
  text: string,
  key: PublicKey | undefined,
  unixMs: number,
  path: string | undefined,
): PreparedCertificate {
  const certified = parseUserCertificate(text, path);
  if (key !== undefined) checkCertificateOf(certified, key, path);
  const now = BigInt(Math.floor(unixMs / 1000));
  const { validAfter, validBefore } = certified.certificate;
  if (now < validAfter) return { certified, problem: 'not-yet-valid' };
  return now >= validBefore ? { certified, problem: 'expired' } : { certified };
}

function attempt(read: () => PreparedCertificate): PreparedCertificate {
  try {
    return read();
  } catch (failure) {
    return { failure };
  }
}

function failedAs(one: PreparedCertificate, code: string): boolean {
  return 'failure' in one && isPrivateKeyError(one.failure) && one.failure.code === code;
}

function isForAnother(one: PreparedCertificate): boolean {
  if (!('failure' in one) || !isPrivateKeyError(one.failure)) return false;
  return one.failure.code === 'AUTH_KEY_CERTIFICATE' && one.failure.context.problem === 'mismatch';
}
