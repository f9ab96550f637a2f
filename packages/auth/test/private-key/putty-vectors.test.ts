import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { line, load, reason } from './loading.ts';

interface Vectors {
  readonly source: string;
  readonly passphrase: string;
  readonly files: readonly {
    readonly name: string;
    readonly encrypted: boolean;
    readonly publicLine: string;
    readonly text: string;
  }[];
}

const PATH = new URL('../../../../test-vectors/private-key/putty.json', import.meta.url);
const { passphrase, files } = JSON.parse(readFileSync(PATH, 'utf8')) as Vectors;

describe('files that puttygen made once', () => {
  for (const { name, encrypted, publicLine, text } of files) {
    it(`load, and equal what puttygen printed: ${name}`, () => {
      expect(line(load(text, passphrase))).toBe(publicLine);
      expect(reason(text)).toBe(encrypted ? 'passphrase_required' : 'loaded');
    });
  }
});
