import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';
import { withFileLock } from '../src/file-lock.ts';

describe('file lock', () => {
  it('lets one in at a time and leaves no file', async () => {
    using dir = scratchDir('lock');
    const path = join(dir.path, 'lock');
    let inside = 0;
    const order: number[] = [];
    const enter = (id: number): Promise<void> =>
      withFileLock(path, async () => {
        inside += 1;
        assert.equal(inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(id);
        inside -= 1;
      });
    await Promise.all([enter(1), enter(2), enter(3)]);
    assert.deepEqual(order.sort(), [1, 2, 3]);
    assert.equal(existsSync(path), false);
  });

  it('takes over from a holder that has died', async () => {
    using dir = scratchDir('lock');
    const path = join(dir.path, 'lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(path, String(pid));
    assert.equal(await withFileLock(path, async () => 'mine'), 'mine');
  });

  it('is released when the work fails', async () => {
    using dir = scratchDir('lock');
    const path = join(dir.path, 'lock');
    await assert.rejects(
      withFileLock(path, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(existsSync(path), false);
  });
});
