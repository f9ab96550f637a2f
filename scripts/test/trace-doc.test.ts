import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { root } from '../lib/repo.mjs';
import { files } from '../lib/stamp.mjs';

/** Each documented event, with the names of its fields. */
const documented = new Map(
  [...readFileSync(join(root, 'docs', 'trace.md'), 'utf8').matchAll(/^\| `([a-z.-]+)` \| (.*?) \|/gm)].map(
    ([, name = '', fields = '']) => [
      name,
      new Set([...fields.matchAll(/`(\w+)\??`/g)].map((m) => m[1] ?? '')),
    ],
  ),
);

interface Emission {
  readonly name: string;
  readonly place: string;
  readonly text: string;
  /** What the call passes besides the name. */
  readonly argument: string;
}

const emissions = emitted();

describe('docs/trace.md', () => {
  it('has every event that the sources emit, and no other', () => {
    const names = new Set(emissions.map(({ name }) => name));
    assert.ok(names.size > 30, `only ${names.size} events were found`);
    assert.deepEqual([...documented.keys()].sort(), [...names].sort());
  });

  it('has every field that is written where the event is emitted', () => {
    for (const { name, place, argument } of emissions) {
      for (const field of keysOf(argument)) {
        assert.ok(documented.get(name)?.has(field), `${place} gives ${name} a field "${field}"`);
      }
    }
  });

  it('names no field that the emitting files do not know', () => {
    for (const [name, fields] of documented) {
      const text = emissions
        .filter((emission) => emission.name === name)
        .map((emission) => emission.text)
        .join('\n');
      for (const field of fields) {
        assert.match(text, new RegExp(`\\b${field}\\b`), `${name} has a field "${field}"`);
      }
    }
  });
});

/** Calls of a trace function with a name of ours. Template names stand for all values of their one variable. */
function emitted(): readonly Emission[] {
  const found: Emission[] = [];
  const packages = readdirSync(join(root, 'packages')).filter(
    (name) => name !== 'evidence' && name !== 'testing',
  );
  for (const path of packages.flatMap((name) => files(join(root, 'packages', name, 'src')))) {
    const text = readFileSync(path, 'utf8');
    const calls = text.matchAll(
      /(?:\bemit|[tT]race)(?:\?\.)?\(\s*['`]((?:transport|auth|agent|channels|session)\.[^'`]+)['`]/g,
    );
    // Steps of an attempt, with fields of their own.
    for (const note of text.matchAll(/\bnote\(attempt, '[a-z-]+'/g)) {
      const argument = rest(text, note.index + note[0].length);
      found.push({ name: 'auth.attempt', place: path, text, argument });
    }
    for (const call of calls) {
      const argument = rest(text, call.index + call[0].length);
      for (const name of expand(call[1] ?? '')) found.push({ name, place: path, text, argument });
    }
  }
  return found;
}

function expand(name: string): readonly string[] {
  const variable = /\$\{(.*?)\}/.exec(name)?.[1];
  if (variable === undefined) return [name];
  const values = variable === 'direction' ? ['sent', 'received'] : ['exec', 'shell'];
  return values.map((value) => name.replace(/\$\{.*?\}/, value));
}

/** From `start` to the parenthesis that closes the call. */
function rest(text: string, start: number): string {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    if ('([{'.includes(text.charAt(at))) depth += 1;
    if (')]}'.includes(text.charAt(at))) depth -= 1;
    if (depth === 0) return text.slice(start, at);
  }
  return text.slice(start);
}

/** Keys of an object literal, those of spread objects included; `{}` in a condition has none. */
function keysOf(argument: string): readonly string[] {
  const literal = argument.replace(/^\s*,\s*/, '');
  if (!literal.startsWith('{')) return [];
  // Arguments of calls are not keys.
  const flat = literal.replace(/\w[\w.?]*\((?:[^()]|\([^()]*\))*\)/g, 'call');
  return [...flat.matchAll(/[{,]\s*(\w+)(?=\s*[:,}])/g)].map((match) => match[1] ?? '');
}
