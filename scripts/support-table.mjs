// Holds the table of README.md to the code. `--write` puts the present one there.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, root, script } from './lib/repo.mjs';
import { supportTable } from './lib/support.mjs';

const START = '<!-- support: written by scripts/support-table.mjs -->';
const END = '<!-- end of support -->';

/** @param {string} text @param {string} table @returns {string} `text` with `table` between the markers. */
export function withTable(text, table) {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`README.md lacks the line ${start < 0 ? START : END}`);
  return `${text.slice(0, start + START.length)}\n\n${table}\n\n${text.slice(end)}`;
}

if (isMain(import.meta.url)) {
  await script(async () => {
    const path = join(root, 'README.md');
    const text = readFileSync(path, 'utf8');
    const wanted = withTable(text, await supportTable());
    if (wanted === text) return;
    if (!process.argv.includes('--write')) {
      throw new Error('the table in README.md is stale: node scripts/support-table.mjs --write');
    }
    writeFileSync(path, wanted);
  });
}
