// Fails when an import points where the architecture does not allow it.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { findCycles, reachable } from './lib/graph.mjs';
import { importsOf } from './lib/imports.mjs';
import {
  ALLOWED,
  NOBLE_FREE,
  NOBLE_UNITS,
  NODE_PACKAGES,
  THIRD_PARTY,
  TRANSPORT_UNITS,
} from './lib/layers.mjs';
import { isMain, readJson, root } from './lib/repo.mjs';
import { files } from './lib/stamp.mjs';

/**
 * @param {string} [base] - Root of the workspace to look at.
 * @returns {string[]} One sentence for each import, dependency or cycle that must not be.
 */
export function checkGraph(base = root) {
  const folder = join(base, 'packages');
  const packages = readdirSync(folder).map((name) => ({ name, path: join(folder, name) }));
  // Beside the packages, because it is about them; its sources are held to the same table.
  return [...packages, { name: 'conformance', path: join(base, 'conformance') }]
    .filter(({ path }) => existsSync(join(path, 'package.json')))
    .flatMap(({ name, path }) => checkPackage(path, name));
}

const placeOf = (name) => (name === 'conformance' ? name : `packages/${name}`);

function checkPackage(folder, name) {
  if (!(name in ALLOWED)) return [`${placeOf(name)} is not in the table of layers`];
  const manifest = readJson(join(folder, 'package.json'));
  const complaints = checkManifest(name, manifest);
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  /** @type {Set<string>} */
  const touchesNoble = new Set();
  for (const path of [...files(join(folder, 'src')), ...files(join(folder, 'test'))].filter(isCode)) {
    const file = { package: name, folder, path, inTest: isBelow(join(folder, 'test'), path) };
    const here = `${placeOf(name)}/${slashes(relative(folder, path))}`;
    const edges = [];
    for (const found of importsOf(path)) {
      const wrong = checkImport(file, found.specifier, manifest);
      if (wrong !== undefined) complaints.push(`${here}: ${wrong}`);
      if (found.typeOnly) continue;
      if (found.specifier.startsWith('@noble/')) touchesNoble.add(path);
      if (found.specifier.startsWith('.')) edges.push(resolve(dirname(path), found.specifier));
    }
    graph.set(path, edges);
  }
  for (const path of graph.keys()) {
    const file = { package: name, folder, path };
    if (!NOBLE_FREE.includes(unitOfFile(file)) || isBelow(join(folder, 'test'), path)) continue;
    const reached = reachable(path, graph).find((other) => touchesNoble.has(other));
    if (reached !== undefined && reached !== path) {
      const way = slashes(relative(folder, reached));
      complaints.push(`${placeOf(name)}/${slashes(relative(folder, path))}: reaches @noble through ${way}`);
    }
  }
  for (const cycle of findCycles(graph)) {
    complaints.push(
      `${placeOf(name)}: files import each other: ${cycle.map((path) => relative(folder, path)).join(' → ')}`,
    );
  }
  return complaints;
}

/** Declared dependencies must be allowed too, or the next import would be one line away. */
function checkManifest(name, { dependencies = {}, devDependencies = {} }) {
  const below = new Set(ALLOWED[name].map((unit) => unit.split('/')[0]));
  for (const unit of Object.keys(ALLOWED)) {
    if (unit.startsWith(`${name}/`)) for (const other of ALLOWED[unit]) below.add(other.split('/')[0]);
  }
  const siblings = (list) => Object.keys(list).filter((other) => packageOf(other) !== undefined);
  return [
    ...siblings(dependencies).filter((other) => !below.has(packageOf(other))),
    ...siblings(devDependencies).filter(
      (other) => !below.has(packageOf(other)) && packageOf(other) !== 'testing',
    ),
  ].map((other) => `${placeOf(name)}/package.json: ${name} must not depend on ${other}`);
}

/** @returns {string | undefined} What is wrong with one import. */
function checkImport(file, specifier, manifest) {
  if (specifier.startsWith('.')) return checkRelative(file, specifier);
  if (specifier.startsWith('node:')) {
    return file.inTest || runsOnNode(file) ? undefined : `${specifier} outside of a node folder`;
  }
  const target = unitOf(specifier);
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const { dependencies = {}, devDependencies = {} } = manifest;
  // The umbrella bundles what it imports, so its users need none of it; its dependencies are devDependencies.
  const bundled = file.package === 'nbs-ssh';
  const declared = name in dependencies || ((file.inTest || bundled) && name in devDependencies);
  const own = target !== undefined && packageOf(name) === file.package;
  if (target !== undefined && !own) {
    if (packageOf(name) === 'testing' && !file.inTest && !ALLOWED[unitOfFile(file)].includes('testing')) {
      return `${specifier} belongs in tests only`;
    }
    if (!file.inTest && !ALLOWED[unitOfFile(file)].includes(target))
      return `${unitOfFile(file)} must not import ${target}`;
  } else if (!own && !file.inTest) {
    const noble = specifier.startsWith('@noble/') && NOBLE_UNITS.includes(unitOfFile(file));
    if (!noble && !THIRD_PARTY[file.package]?.includes(name))
      return `${unitOfFile(file)} must not import ${specifier}`;
  }
  const hoisted = file.inTest || THIRD_PARTY[file.package]?.includes(name);
  if (!declared && !own && !(hoisted && target === undefined)) return `${name} is not a declared dependency`;
  return undefined;
}

function checkRelative(file, specifier) {
  const target = resolve(dirname(file.path), specifier);
  if (!isBelow(file.folder, target)) return `${specifier} leaves the package`;
  // Tests may look inside their own package.
  if (file.inTest) return undefined;
  const from = unitOfFile(file);
  const to = unitOfFile({ ...file, path: target });
  if (from !== to && !ALLOWED[from].includes(to)) return `${from} must not import ${to}`;
  if (runsOnNode({ ...file, path: target }) && !runsOnNode(file))
    return `${specifier} is for Node, this file is not`;
  return undefined;
}

function unitOfFile({ package: name, folder, path }) {
  if (name !== 'transport') return name;
  const inside = slashes(relative(join(folder, 'src'), path));
  const unit = TRANSPORT_UNITS.find((prefix) => inside.startsWith(`${prefix}/`));
  return unit === undefined ? name : `${name}/${unit}`;
}

/** @returns {string | undefined} The unit a package specifier names; `undefined` for somebody else's package. */
function unitOf(specifier) {
  const name = packageOf(specifier);
  if (name !== 'transport') return name;
  const path = specifier.split('/').slice(2).join('/');
  return path === '' ? name : `${name}/${path}`;
}

function packageOf(specifier) {
  if (specifier === 'nbs-ssh' || specifier.startsWith('nbs-ssh/')) return 'nbs-ssh';
  return specifier.startsWith('@nbs-ssh/') ? specifier.split('/')[1] : undefined;
}

function runsOnNode({ package: name, folder, path }) {
  return (
    NODE_PACKAGES.includes(name) ||
    relative(join(folder, 'src'), path).split(sep).slice(0, -1).includes('node')
  );
}

const isCode = (path) => /\.m?ts$/.test(path);
const isBelow = (folder, path) => path.startsWith(folder + sep);
const slashes = (path) => path.replaceAll('\\', '/');

if (isMain(import.meta.url)) {
  const complaints = checkGraph();
  if (complaints.length > 0) console.error(complaints.join('\n'));
  process.exitCode = complaints.length > 0 ? 1 : 0;
}
