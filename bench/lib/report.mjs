// The results as text for the terminal, and as the table in docs/performance.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/lib/repo.mjs';
import { figure, median, spread } from './stats.mjs';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** Round by round, so that what disturbs one round disturbs both sides of its ratio. */
export const ratio = (mine, theirs) => median(mine.values.map((value, i) => value / theirs.values[i]));

/** @returns {{ peer: string, against: string, limit: number, better: string, ratio: number, met: boolean }[]} */
export function judge(suite, results) {
  return suite.goals
    .filter(({ peer, against }) => results.has(peer) && results.has(against))
    .map((goal) => {
      const reached = ratio(results.get(goal.peer), results.get(goal.against));
      const met = suite.better === 'more' ? reached >= goal.limit : reached <= goal.limit;
      return { ...goal, better: suite.better, ratio: reached, met };
    });
}

export function printSuite(suite, results) {
  console.log(`\n${suite.title}, ${suite.unit}${suite.better === 'less' ? ' (less is better)' : ''}`);
  for (const [peer, { values, cpu }] of results) {
    const cpuText = Number.isFinite(cpu[0]) ? `  ${figure(median(cpu)).padStart(7)} ${suite.cpuUnit}` : '';
    const range = `±${spread(values).toFixed(0)} %`.padStart(7);
    console.log(`  ${peer.padEnd(20)}${figure(median(values)).padStart(8)} ${range}${cpuText}`);
  }
  for (const goal of judge(suite, results)) console.log(`  ${sentence(goal)}`);
}

function sentence({ peer, against, limit, better, ratio: reached, met }) {
  const sign = better === 'more' ? '≥' : '≤';
  return `${met ? 'ok  ' : 'MISS'} ${peer} / ${against} = ${figure(reached)} (goal ${sign} ${limit})`;
}

/** @param {{ suite: object, results: Map }[]} all */
export function writeDocs(all, { command, rounds, load, server, addon, sizes }) {
  const path = join(root, 'docs', 'performance.md');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : `# Performance\n\n${BEGIN}\n${END}\n`;
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${path} lacks its markers`);
  const body = table(all, { command, rounds, load, server, addon, sizes });
  writeFileSync(path, `${text.slice(0, start + BEGIN.length)}\n${body}\n${text.slice(end)}`);
}

/** @type {readonly (readonly [peer: string, title: string])[]} */
const COLUMNS = [
  ['noble', 'noble'],
  ['node', 'node'],
  ['ssh2', 'ssh2'],
  ['ssh2-nodelay', 'ssh2 nodelay'],
  ['ssh2-addon', 'ssh2 + addon'],
  ['ssh2-addon-nodelay', 'ssh2 + addon nodelay'],
  ['openssh', 'OpenSSH'],
];

function figures(suites, columns) {
  const rows = suites.map(({ suite, results }) => {
    const cells = columns.map(([peer]) => {
      const result = results.get(peer) ?? (peer === 'noble' ? results.get('nbs-ssh') : undefined);
      if (result === undefined) return '–';
      const cpu = Number.isFinite(result.cpu[0]) ? ` (${figure(median(result.cpu))})` : '';
      return `${figure(median(result.values))} ±${spread(result.values).toFixed(0)} %${cpu}`;
    });
    const cpuUnit = suite.cpuUnit === '' || suite.process === 'one-shot.mjs' ? '' : ` (${suite.cpuUnit})`;
    return `| ${suite.title}, ${suite.unit}${cpuUnit} | ${cells.join(' | ')} |`;
  });
  if (rows.length === 0) return [];
  const titles = columns.map(([, title]) => title);
  return [`| Work | ${titles.join(' | ')} |`, `|---|${'---|'.repeat(titles.length)}`, ...rows, ''];
}

function table(all, { command, rounds, load, server, addon, sizes }) {
  const goals = all.flatMap(({ suite, results }) =>
    judge(suite, results).map(({ peer, against, limit, better, ratio: reached, met }) => {
      const name = peer === 'nbs-ssh' ? 'ours' : peer;
      return `| ${suite.title} | ${name} / ${against} | ${better === 'more' ? '≥' : '≤'} ${limit} | ${figure(reached)} | ${met ? 'yes' : 'no'} |`;
    }),
  );
  if (sizes !== undefined) {
    const reached = sizes['nbs-ssh'] / sizes.ssh2;
    const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
    const title = `bundled, minified, gzipped: ${kib(sizes['nbs-ssh'])} against ${kib(sizes.ssh2)}`;
    goals.push(`| ${title} | ours / ssh2 | ≤ 0.5 | ${figure(reached)} | ${reached <= 0.5 ? 'yes' : 'no'} |`);
  }
  const machine = `${cpus().length} cores, Node ${process.versions.node}, server ${server}, load average ${load.toFixed(1)} when it began`;
  return [
    `Made by \`${command}\`: ${rounds} rounds after one to warm up. ${machine}.`,
    ...(addon ? [] : ["ssh2's native addon could not be built here, so its columns are empty."]),
    '',
    ...figures(
      all.filter(({ suite }) => suite.forward !== true),
      COLUMNS,
    ),
    ...figures(
      all.filter(({ suite }) => suite.forward === true),
      [['direct', 'no SSH'], ...COLUMNS],
    ),
    '| Goal | Of | Wanted | Reached | Met |',
    '|---|---|---|---|---|',
    ...goals,
  ].join('\n');
}
