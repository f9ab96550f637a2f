import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';

/** Random bytes, in memory and in a file that every account can read. */
export interface Load extends Disposable {
  readonly bytes: Uint8Array;
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

export function makeLoad(length: number): Load {
  const scratch = scratchDir('load');
  chmodSync(scratch.path, 0o755);
  const path = join(scratch.path, 'load');
  const bytes = new Uint8Array(randomBytes(length));
  writeFileSync(path, bytes, { mode: 0o644 });
  return { bytes, path, sha256: sha256(bytes), [Symbol.dispose]: scratch.remove };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
