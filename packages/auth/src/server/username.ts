import { fromUtf8, printable } from '@nbs-ssh/transport/wire';

/** Longest user name, in bytes. Linux allows 32 characters, directories up to 256. */
const MAX_USERNAME = 255;

/**
 * Reads a user name that is safe to hand to path, template and log code.
 *
 * `/` and `%` are refused with the control characters because servers put names into paths and `%u` templates; no
 * account database in use has them. A backslash is fine: Windows domains need it.
 *
 * @returns `undefined` when the name is empty, too long, not UTF-8, or has a character that hides or moves others.
 */
export function readUsername(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.length > MAX_USERNAME) return undefined;
  try {
    const name = fromUtf8(bytes);
    const plain = name.replaceAll('\\', '');
    if (/[/%]/.test(name) || name === '.' || name === '..') return undefined;
    return printable(plain, MAX_USERNAME) === plain ? name : undefined;
  } catch {
    return undefined;
  }
}
