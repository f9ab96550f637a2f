// Fails when a source or test file is longer than one idea needs.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isMain, root } from './lib/repo.mjs';
import { files } from './lib/stamp.mjs';

const LIMIT = 400;
/** A file that must be longer says why in its first lines. */
const REASON = /^\/\/ long-file: \S/m;
const FOLDERS = ['packages', 'scripts', 'bench', 'types', 'conformance'];

/** @param {string} [base] @returns {string[]} One complaint a file. */
export function tooLong(base = root) {
  return FOLDERS.flatMap((folder) => files(join(base, folder)))
    .filter((path) => /\.(ts|mts|mjs|js)$/.test(path))
    .flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      const lines = text.split('\n').length - 1;
      const excused = REASON.test(text.split('\n', 5).join('\n'));
      return lines > LIMIT && !excused
        ? [`${relative(base, path)} has ${lines} lines, more than ${LIMIT}`]
        : [];
    });
}

if (isMain(import.meta.url)) {
  const complaints = tooLong();
  if (complaints.length > 0) console.error(complaints.join('\n'));
  process.exitCode = complaints.length > 0 ? 1 : 0;
}
