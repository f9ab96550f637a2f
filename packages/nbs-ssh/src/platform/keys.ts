import { stat } from 'node:fs/promises';
import { currentPlatform, getDefaultKeyPaths, type Platform } from './platform.ts';

/** The default private keys that exist, in the order they are tried. */
export async function discoverKeys(on: Platform = currentPlatform()): Promise<readonly string[]> {
  const found = await Promise.all(
    getDefaultKeyPaths(on).map(async (path) => {
      const stats = await stat(path).catch(() => undefined);
      return stats?.isFile() === true ? path : undefined;
    }),
  );
  return found.filter((path) => path !== undefined);
}
