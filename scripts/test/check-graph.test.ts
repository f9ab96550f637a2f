import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scratchDir } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';
import { checkGraph } from '../check-graph.mjs';
import { importsOf } from '../lib/imports.mjs';

/** A workspace in which every arrow points where it may. */
const SOUND: Readonly<Record<string, string>> = {
  'transport/src/wire/index.ts': "import { a } from './a.ts';\n",
  'transport/src/wire/a.ts': 'export const a = 1;\n',
  'transport/src/crypto/index.ts': "import { a } from '../wire/index.ts';\n",
  'transport/src/crypto/noble/index.ts': "import { x } from '@noble/curves';\n",
  'transport/src/crypto/node/index.ts': "import { y } from 'node:crypto';\n",
  'transport/src/keys/index.ts': "import type { K } from '../crypto/index.ts';\n",
  'transport/src/machine.ts': "import { k } from './keys/index.ts';\n",
  'channels/src/index.ts': "import {\n  a,\n} from '@nbs-ssh/transport/wire';\n",
  'channels/test/index.test.ts': "import { t } from '@nbs-ssh/testing';\nimport fs from 'node:fs';\n",
  'auth/src/index.ts': "import { k } from '@nbs-ssh/transport/keys';\n",
  'auth/src/node/index.ts': "import fs from 'node:fs';\n",
  'nbs-ssh/src/index.ts': "import { c } from '@nbs-ssh/channels';\n",
};

const TRANSPORT = { '@nbs-ssh/transport': 'workspace:*' };
const TESTING = { '@nbs-ssh/testing': 'workspace:*' };
const MANIFESTS: Readonly<Record<string, object>> = {
  transport: { dependencies: { '@noble/curves': '2' }, devDependencies: TESTING },
  channels: { dependencies: TRANSPORT, devDependencies: TESTING },
  auth: { dependencies: TRANSPORT, devDependencies: TESTING },
  'nbs-ssh': { devDependencies: { ...TRANSPORT, ...TESTING, '@nbs-ssh/channels': 'workspace:*' } },
};

describe('import graph check', () => {
  it('accepts this project', () => {
    assert.deepEqual(checkGraph(), []);
  });

  it('accepts a workspace whose arrows all point down', () => {
    assert.deepEqual(complaints({}), []);
  });

  for (const [what, file, text, complaint] of [
    [
      'wire imports crypto',
      'transport/src/wire/a.ts',
      "import '../crypto/index.ts';",
      /wire must not import transport\/crypto/,
    ],
    [
      'keys import a provider',
      'transport/src/keys/index.ts',
      "import { n } from '../crypto/noble/index.ts';",
      /keys must not import transport\/crypto\/noble/,
    ],
    [
      'the machine imports a provider',
      'transport/src/machine.ts',
      "import './crypto/noble/index.ts';",
      /transport must not import transport\/crypto\/noble/,
    ],
    [
      'channels import the machine',
      'channels/src/index.ts',
      "import { t } from '@nbs-ssh/transport';",
      /channels must not import transport$/,
    ],
    [
      'channels import auth, if only a type',
      'channels/src/index.ts',
      "import type { t } from '@nbs-ssh/auth';",
      /channels must not import auth/,
    ],
    [
      'channels import the umbrella',
      'channels/src/index.ts',
      "export { t } from 'nbs-ssh';",
      /channels must not import nbs-ssh/,
    ],
    [
      'auth imports a provider by a type query',
      'auth/src/index.ts',
      "let x: import('@nbs-ssh/transport/crypto/node').T;",
      /auth must not import/,
    ],
    [
      'a source imports the fixtures',
      'auth/src/index.ts',
      "import { t } from '@nbs-ssh/testing';",
      /belongs in tests only/,
    ],
    [
      'the core names node:',
      'auth/src/index.ts',
      "import fs from 'node:fs';",
      /node:fs outside of a node folder/,
    ],
    ['the core imports its own node folder', 'auth/src/index.ts', "import './node/index.ts';", /is for Node/],
    [
      'the core imports a primitive',
      'transport/src/keys/index.ts',
      "import { x } from '@noble/curves';",
      /must not import @noble/,
    ],
    [
      'somebody else’s package',
      'channels/src/index.ts',
      "import x from 'left-pad';",
      /must not import left-pad/,
    ],
    [
      'a path out of the package',
      'auth/src/index.ts',
      "import '../../channels/src/index.ts';",
      /leaves the package/,
    ],
    [
      'an undeclared dependency',
      'nbs-ssh/src/index.ts',
      "import { a } from '@nbs-ssh/auth';",
      /not a declared dependency/,
    ],
    [
      'two files that import each other',
      'transport/src/wire/a.ts',
      "import { b } from './index.ts';",
      /import each other: .*a\.ts/,
    ],
  ] as const) {
    it(`refuses: ${what}`, () => {
      const found = complaints({ [file]: `${text}\n` });
      assert(
        found.some((line) => complaint.test(line)),
        found.join('\n') || 'nothing was refused',
      );
    });
  }

  it('refuses a primitive that is reached through an allowed file', () => {
    const found = complaints({
      'transport/src/keys/index.ts': "import { f } from '../crypto/signatures/facts.ts';\n",
      'transport/src/crypto/signatures/facts.ts': "import { x } from '@noble/curves';\n",
    });
    assert.deepEqual(found, [
      'packages/transport/src/keys/index.ts: reaches @noble through src/crypto/signatures/facts.ts',
      'packages/transport/src/machine.ts: reaches @noble through src/crypto/signatures/facts.ts',
    ]);
  });

  it('refuses a declared dependency that no import uses yet', () => {
    const found = complaints(
      {},
      { channels: { dependencies: { ...TRANSPORT, '@nbs-ssh/auth': 'workspace:*' } } },
    );
    assert.match(found.join('\n'), /channels must not depend on @nbs-ssh\/auth/);
  });

  it('refuses a package that the table does not know', () => {
    assert.deepEqual(complaints({}, { novelty: {} }), ['packages/novelty is not in the table of layers']);
  });

  it('lets files name each other’s types', () => {
    assert.deepEqual(complaints({ 'transport/src/wire/a.ts': "import type { b } from './index.ts';\n" }), []);
  });
});

describe('import reader', () => {
  it('sees every form of import and says which ones are erased', () => {
    using dir = scratchDir('imports');
    const file = join(dir.path, 'x.ts');
    const lines = [
      "import a from 'a';",
      "import type { B } from 'b';",
      "import { type C, type D } from 'c';",
      "import { type E, f } from 'd';",
      "import 'e';",
      "export { g } from 'f';",
      "export type { H } from 'g';",
      "const i = await import('h');",
      " * import('not this one')",
      'const j = 1;',
      "export const k = 'nor this';",
    ];
    writeFileSync(file, lines.join('\n'));
    assert.deepEqual(
      importsOf(file).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' (type)' : ''}`),
      ['a', 'b (type)', 'c (type)', 'd', 'e', 'f', 'g (type)', 'h'],
    );
  });
});

describe('the import graph of conformance, beside the packages', () => {
  const CONFORMANCE = { '../conformance': { dependencies: { ...TESTING, 'nbs-ssh': 'workspace:*' } } };
  it('may use the umbrella and the fixtures in its sources', () => {
    const text = "import { s } from 'nbs-ssh';\nimport { p } from '@nbs-ssh/testing';\n";
    assert.deepEqual(complaints({ '../conformance/src/a.ts': text }, CONFORMANCE), []);
  });

  it('may not look into the parts of the umbrella', () => {
    const text = "import { c } from '@nbs-ssh/channels';\n";
    const found = complaints({ '../conformance/src/a.ts': text }, CONFORMANCE);
    assert.match(found.join('\n'), /conformance must not import channels/);
  });
});

/** What the check says about the sound workspace with some files and manifests replaced. */
function complaints(
  changes: Readonly<Record<string, string>>,
  manifests: Readonly<Record<string, object>> = {},
): string[] {
  using dir = scratchDir('graph');
  const write = (path: string, text: string): void => {
    const file = join(dir.path, 'packages', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [name, manifest] of Object.entries({ ...MANIFESTS, ...manifests })) {
    write(`${name}/package.json`, JSON.stringify(manifest));
  }
  for (const [path, text] of Object.entries({ ...SOUND, ...changes })) write(path, text);
  return checkGraph(dir.path);
}
