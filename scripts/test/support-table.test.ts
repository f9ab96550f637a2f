import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { root } from '../lib/repo.mjs';
import { supportTable } from '../lib/support.mjs';
import { withTable } from '../support-table.mjs';

describe('the table of README.md', () => {
  it('says what the code supports (refresh it with: node scripts/support-table.mjs --write)', async () => {
    const text = readFileSync(join(root, 'README.md'), 'utf8');
    assert.equal(text, withTable(text, await supportTable()));
  });

  it('is replaced between its markers only', () => {
    const text = readFileSync(join(root, 'README.md'), 'utf8');
    const changed = withTable(text, '| other |');
    assert.notEqual(changed, text);
    assert.ok(changed.includes('\n\n| other |\n\n'));
    assert.equal(withTable(changed, '| other |'), changed);
    assert.throws(() => withTable('no markers', ''));
  });
});
