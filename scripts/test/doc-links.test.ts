import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'vitest';
import { root } from '../lib/repo.mjs';
import { files } from '../lib/stamp.mjs';

const markdown = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const packages = join(root, 'packages');
const documents = [
  ...markdown(root),
  ...markdown(join(root, 'docs')),
  ...markdown(join(root, 'docs', 'adr')),
  ...readdirSync(packages).map((name) => join(packages, name, 'README.md')),
];

/** As GitHub makes them from headings. */
const anchors = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );

describe('documentation', () => {
  for (const path of documents) {
    it(`${relative(root, path)} has links that lead somewhere`, () => {
      for (const [, link = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : join(dirname(path), file);
        assert.ok(existsSync(target), `${link} is not there`);
        if (anchor !== undefined) {
          assert.ok(anchors(readFileSync(target, 'utf8')).includes(anchor), `${link} has no such heading`);
        }
      }
    });
  }

  it('names only error codes that the sources have', () => {
    const sources = readdirSync(packages)
      .flatMap((name) => files(join(packages, name, 'src')))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const text = readFileSync(join(root, 'docs', 'api.md'), 'utf8');
    const codes = [...text.matchAll(/`((?:E[A-Z]{4,}|[A-Z]+(?:_[A-Z]+)+)_?)(…?)`/g)]
      .map(([, code = '', more = '']) => ({ code, more }))
      .filter(({ code }) => !code.startsWith('MY_'));
    assert.ok(codes.length > 20, `only ${codes.length} codes were found`);
    for (const { code, more } of codes) {
      assert.match(sources, new RegExp(`\\b${code}${more === '' ? '\\b' : ''}`), code);
    }
  });
});
