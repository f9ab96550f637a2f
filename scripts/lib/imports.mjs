// Reads the import specifiers of formatted TypeScript.
import { readFileSync } from 'node:fs';

// The formatter puts every import and export statement at the start of a line, comments and strings never look
// like one there, and a type query such as import('x').T is one too.
const STATEMENT = /^(?:import|export)(\s+type)?\s+(?:([^'";]*?)\s+from\s+)?['"]([^'"]+)['"]/gm;
const CALL = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {boolean} typeOnly - Erased when the code runs.
 */

/** @param {string} path @returns {Import[]} */
export function importsOf(path) {
  const text = readFileSync(path, 'utf8');
  /** @type {Import[]} */
  const found = [];
  for (const [, type, names, specifier] of text.matchAll(STATEMENT)) {
    found.push({ specifier, typeOnly: type !== undefined || onlyTypes(names) });
  }
  for (const [line] of text.matchAll(/^.*\bimport\(.*$/gm)) {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) continue;
    for (const [, specifier] of line.matchAll(CALL)) found.push({ specifier, typeOnly: false });
  }
  return found;
}

/** `{ type A, type B }` and nothing else. @param {string | undefined} names */
function onlyTypes(names) {
  const inner = /^\{(.*)\}$/s.exec(names?.trim() ?? '')?.[1];
  const parts = inner
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts !== undefined && parts.length > 0 && parts.every((part) => part.startsWith('type '));
}
