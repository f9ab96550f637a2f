import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';
import { tooLong } from '../check-length.mjs';

describe('file length check', () => {
  it('refuses 401 lines without a reason, and accepts 400 or a reason', () => {
    using dir = scratchDir('length');
    mkdirSync(join(dir.path, 'packages'));
    const write = (name: string, lines: number, head = ''): void =>
      writeFileSync(join(dir.path, 'packages', name), head + 'x\n'.repeat(lines));
    write('fits.ts', 400);
    write('long.ts', 401);
    write('excused.ts', 500, '// long-file: one table that must be read together\n');
    write('unexplained.ts', 500, '// long-file:\n');
    assert.deepEqual(tooLong(dir.path).sort(), [
      'packages/long.ts has 401 lines, more than 400',
      'packages/unexplained.ts has 501 lines, more than 400',
    ]);
  });
});
