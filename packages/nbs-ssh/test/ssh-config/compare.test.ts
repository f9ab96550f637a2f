import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpensshPeer, opensshPeer, scratchDir, systemOpenssh } from '@nbs-ssh/testing';
import { describe, expect, it } from 'vitest';
import { CONFIG_OPTIONS } from '../../src/ssh-config/table.ts';
import { DIFFERENCES, LOOSER, STRICTER, type Values } from './differences.ts';
import { generateConfig } from './generate.ts';
import { algorithmsOf, ours, theirs, type Verdict } from './ssh-g.ts';

/** Configurations that each version gets. `NBS_SSH_CONFIGS=2000` tries more. */
const COUNT = Number(process.env['NBS_SSH_CONFIGS'] ?? 200);
/** Options that we know; what else ssh prints is not compared. */
const NAMES: ReadonlySet<string> = new Set(['host', ...CONFIG_OPTIONS.map(({ name }) => name.toLowerCase())]);

describe('generated configurations', () => {
  const system = systemOpenssh();
  it.skipIf(!system.available)(
    `mean the same to us and to the ssh of this machine (${COUNT} files)`,
    async () => {
      const { same, refused } = await compare(system, COUNT, 0);
      // Most are valid, and some are not: both are compared.
      expect(same).toBeGreaterThan(COUNT);
      expect(refused).toBeGreaterThan(COUNT / 20);
    },
    120_000,
  );

  for (const version of ['10.0', '10.6'] as const) {
    const peer = opensshPeer(version);
    it.skipIf(!peer.available)(
      `mean the same to us and to OpenSSH ${version} (20 files)`,
      async () => {
        expect((await compare(peer, 20, 10_000)).same).toBeGreaterThan(20);
      },
      60_000,
    );
  }
});

describe('the escape character', () => {
  const system = systemOpenssh();
  const values = ['~', '%', '^]', '^@', '^a', '\\', '" "', 'none', 'NONE', 'ab', '^?', '^ab', 'é'];
  it.skipIf(!system.available)('is what ssh takes for one', async () => {
    if (!system.available) throw new Error(system.reason);
    const algorithms = algorithmsOf(system.binaries);
    using scratch = scratchDir('ssh-config');
    const file = join(scratch.path, 'config');
    for (const value of values) {
      writeFileSync(file, `EscapeChar ${value}\nForkAfterAuthentication no\n`, { mode: 0o600 });
      const [a, b] = [await ours(file, 'x', algorithms), theirs(system.binaries, file, 'x')];
      expect([value, differences(a, b)]).toEqual([value, []]);
    }
  });
});

/** Asks both about generated files. Fails with all that differs without a known reason. */
async function compare(
  peer: OpensshPeer,
  count: number,
  firstSeed: number,
): Promise<{ readonly same: number; readonly refused: number }> {
  if (!peer.available) throw new Error(peer.reason);
  const algorithms = algorithmsOf(peer.binaries);
  using scratch = scratchDir('ssh-config');
  const wrong: string[] = [];
  const counts = { same: 0, refused: 0 };
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const { files, hosts } = generateConfig(seed, scratch.path);
    for (const [name, text] of files) writeFileSync(join(scratch.path, name), text, { mode: 0o600 });
    const file = join(scratch.path, 'config');
    for (const host of hosts) {
      const [a, b] = [await ours(file, host, algorithms), theirs(peer.binaries, file, host)];
      const problems = differences(a, b);
      wrong.push(...problems.map((problem) => `seed ${seed}, ${host}: ${problem}`));
      if (problems.length === 0) counts['refused' in a ? 'refused' : 'same'] += 1;
    }
  }
  expect(wrong).toEqual([]);
  return counts;
}

function differences(a: Verdict, b: Verdict): readonly string[] {
  if ('refused' in a) {
    if ('refused' in b || STRICTER.some(({ message }) => message.test(a.refused))) return [];
    return [`only we refuse: ${a.refused}`];
  }
  if ('refused' in b) {
    return LOOSER.some(({ message }) => message.test(b.refused)) ? [] : [`only ssh refuses: ${b.refused}`];
  }
  const [x, y] = [valuesOf(a), valuesOf(b)];
  return [...new Set([...x.keys(), ...y.keys()])].flatMap((option) => {
    const [left, right] = [x.get(option)?.join(' | '), y.get(option)?.join(' | ')];
    if (left === right) return [];
    if (DIFFERENCES.some((known) => (known.option ?? option) === option && known.explains(x, y, option)))
      return [];
    return [`${option}: ${left ?? '-'} and not ${right ?? '-'}`];
  });
}

function valuesOf(lines: readonly string[]): Values {
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    if (NAMES.has(name)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}
