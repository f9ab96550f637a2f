// Makes the umbrella's declarations self-contained: those of the other packages are copied beside them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readJson, root } from './repo.mjs';

const types = join(root, 'packages', 'nbs-ssh', 'dist', 'types');
const SPECIFIER = /(\bfrom\s+|\bimport\s*\(\s*|^import\s+)(['"])([^'"]+)\2/gm;

/**
 * Copies what the public declarations reach, rewriting `@nbs-ssh/x/y` to relative paths.
 *
 * @param {readonly string[]} packages - Those that were built.
 * @throws {Error} when a public type comes from a package that users will not have.
 */
export function copyTypes(packages) {
  const queue = ['index.d.ts', 'server.d.ts'].map((name) => join(types, 'nbs-ssh', name));
  const seen = new Set(queue);
  /** @type {Map<string, string>} */
  const texts = new Map();
  for (const file of queue) {
    const source = sourceOf(file);
    const text = readFileSync(source, 'utf8').replace(SPECIFIER, (match, before, quote, specifier) => {
      const target = resolveTypes(specifier, file, packages);
      if (target === undefined) return match;
      if (!seen.has(target)) {
        seen.add(target);
        queue.push(target);
      }
      const path = relative(dirname(file), target)
        .replace(/\.d\.ts$/, '.js')
        .replaceAll('\\', '/');
      return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
    });
    texts.set(file, text);
  }
  // What nothing public reaches, such as the command's own declarations, is not published.
  rmSync(types, { recursive: true, force: true });
  for (const [file, text] of texts) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** Where a file below `types` comes from: the umbrella's are there already, others are in their own dist. */
function sourceOf(file) {
  const [name, ...path] = relative(types, file).split(/[\\/]/);
  return name === 'nbs-ssh' ? file : join(root, 'packages', name, 'dist', ...path);
}

/** @returns {string | undefined} The declaration file below `types`; `undefined` for the runtime's own. */
function resolveTypes(specifier, from, packages) {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) return join(dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'));
  const [scope, name, ...path] = specifier.split('/');
  if (scope !== '@nbs-ssh' || !packages.includes(name)) {
    throw new Error(`${relative(types, from)} names ${specifier}, which users of nbs-ssh do not have`);
  }
  const { exports } = readJson(join(root, 'packages', name, 'package.json'));
  const entry = exports[['.', ...path].join('/')];
  if (entry === undefined) throw new Error(`${specifier} is not an export of ${name}`);
  return join(types, name, relative('dist', entry.types));
}
