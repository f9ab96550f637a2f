import { UsageError } from '../usage.ts';
import type { KeygenOptions } from './options.ts';

/** What can be done with a known_hosts file. */
export type HostAction = 'find-host' | 'remove-host' | 'hash-hosts';

/**
 * What -F, -R and -H ask for together: `-F` may show fingerprints (`-l`) or hashed lines (`-H`).
 *
 * @returns `undefined` when it is not about known_hosts.
 * @throws {UsageError}
 */
export function checkHostAction(found: KeygenOptions): HostAction | undefined {
  const { find, remove, hash, action } = found;
  if (find === undefined && remove === undefined && !hash) return undefined;
  const name = find ?? remove;
  if (name !== undefined && (name === '' || /[\s,]/.test(name))) {
    throw new UsageError('-F and -R take the name of one host, such as host or [host]:2222.');
  }
  const lists = find !== undefined && action === 'fingerprint';
  const together = find !== undefined && remove !== undefined;
  if (together || (action !== 'generate' && !lists) || (remove !== undefined && hash)) {
    throw new UsageError('Only one of -F, -R and -H can be done at a time; -l and -H go with -F.');
  }
  if (find !== undefined) return 'find-host';
  return remove === undefined ? 'hash-hosts' : 'remove-host';
}
