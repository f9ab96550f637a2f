import type { Part } from './documentation.ts';
import type { PeerReport, TriedCell } from './matrix.ts';
import { DEFAULTS, INSECURE, KNOWN, SLOTS, type Slot } from './names.ts';
import { notImplemented } from './reasons.ts';

export const PEERS: Part = { begin: '<!-- interop:begin -->', end: '<!-- interop:end -->' };

export const SLOT_TITLES: Readonly<Record<Slot, string>> = {
  kex: 'Key exchange',
  hostKey: 'Host key',
  ciphers: 'Cipher',
  macs: 'MAC',
};

/** The columns of a peer's table, in the words of `Outcome`. */
const RESULTS = ['ok', 'ours only', 'failed', 'not implemented', 'never used'] as const;
type Result = (typeof RESULTS)[number];
const RESULT_TITLES: Readonly<Record<Result, string>> = {
  ok: 'Works',
  'ours only': 'Works until the peer rekeys',
  failed: 'Fails',
  'not implemented': 'Not implemented',
  'never used': 'Never used',
};

/** What stands between the lines of {@link PEERS}. */
export function render(reports: readonly PeerReport[]): string {
  return [
    summary(reports),
    `## Our algorithms\n\n${ourAlgorithms()}`,
    `## What peers offer and we do not have\n\n${missing(reports)}`,
    '## Peer by peer',
    ...reports.map(peerSection),
  ].join('\n\n');
}

export const titleOf = ({ name, version }: { readonly name: string; readonly version: string }): string =>
  `${name} ${version}`;

function summary(reports: readonly PeerReport[]): string {
  const rows = reports.map((report) => {
    const counts = SLOTS.map((slot) => {
      const cells = report.cells.filter((cell) => cell.slot === slot);
      const good = cells.filter(({ outcome }) => isGood(outcome.result)).length;
      const used = cells.filter(({ outcome }) => outcome.result !== 'never used').length;
      return used === 0 ? 'never used' : `${good} of ${used}`;
    });
    const rekeys = report.rekeysItself ? 'both' : 'ours';
    return row([titleOf(report), ...counts, rekeys, report.strictKex ? 'yes' : 'no']);
  });
  const head = [
    'Peer',
    ...SLOTS.map((slot) => SLOT_TITLES[slot]),
    'Rekeying begun by',
    'Strict key exchange',
  ];
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

const isGood = (result: string): boolean => result === 'ok' || result === 'ours only';

/** In step with the providers: a test compares it. */
export function ourAlgorithms(): string {
  const rows = SLOTS.map((slot) => {
    const insecure = KNOWN[slot].filter((name) => INSECURE.includes(name) && !DEFAULTS[slot].includes(name));
    return row([SLOT_TITLES[slot], codes(DEFAULTS[slot]), codes(insecure)]);
  });
  return [row(['', 'By default', 'Only when named as insecure']), row(['---', '---', '---']), ...rows].join(
    '\n',
  );
}

function missing(reports: readonly PeerReport[]): string {
  const peers = new Map<string, string[]>();
  for (const report of reports) {
    for (const { name, outcome } of report.cells) {
      if (outcome.result !== 'not implemented') continue;
      peers.set(name, [...(peers.get(name) ?? []), titleOf(report)]);
    }
  }
  const rows = [...peers].map(([name, list]) =>
    row([`\`${name}\``, notImplemented(name), String(list.length)]),
  );
  return [row(['Name', 'Why', 'Peers']), row(['---', '---', '---']), ...rows].join('\n');
}

function peerSection(report: PeerReport): string {
  const columns = RESULTS.filter((result) => report.cells.some(({ outcome }) => outcome.result === result));
  const rows = SLOTS.map((slot) => {
    const cells = report.cells.filter((cell) => cell.slot === slot);
    const lists = columns.map((result) => codes(namesOf(cells, result)));
    return row([SLOT_TITLES[slot], ...lists]);
  });
  const table = [
    row(['', ...columns.map((result) => RESULT_TITLES[result])]),
    row(['---', ...columns.map(() => '---')]),
    ...rows,
  ].join('\n');
  const failures = new Map<string, string[]>();
  for (const { name, outcome } of report.cells) {
    if (outcome.result !== 'failed' && outcome.result !== 'ours only') continue;
    failures.set(outcome.why, [...(failures.get(outcome.why) ?? []), name]);
  }
  const facts = [
    `\`${report.identification}\`, tried on ${report.date} with ${report.bytes} bytes each way, twice.`,
    report.rekeysItself ? 'Both sides began key exchanges.' : 'Only we began key exchanges.',
    report.strictKex ? 'Strict key exchange.' : 'No strict key exchange.',
  ].join(' ');
  const parts = [`### ${titleOf(report)}`, facts, table];
  if (failures.size > 0) {
    parts.push([...failures].map(([why, names]) => `- ${why}: ${codes(names)}`).join('\n'));
  }
  return parts.join('\n\n');
}

function namesOf(cells: readonly TriedCell[], result: Result): readonly string[] {
  return cells.filter(({ outcome }) => outcome.result === result).map(({ name }) => name);
}

const row = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;
const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** Reads back what {@link render} wrote. @throws {Error} for a text of another form. */
export function parse(text: string): readonly PeerReport[] {
  const sections = text.split(/^### /m).slice(1);
  return sections.map((section) => {
    const [title = '', ...lines] = section.split('\n');
    const [, name = '', version = ''] = /^(\S+) (\S+)$/.exec(title) ?? [];
    const facts = lines.find((line) => line.includes(', tried on ')) ?? '';
    const [, identification = '', date = '', bytes = ''] =
      /^`(.*)`, tried on (\S+) with (\d+) bytes/.exec(facts) ?? [];
    if (name === '' || date === '') throw new Error(`a section of another form: ${title}`);
    return {
      name,
      version,
      identification,
      date,
      bytes: Number(bytes),
      rekeysItself: facts.includes('Both sides began key exchanges.'),
      strictKex: facts.includes(' Strict key exchange.'),
      cells: parseCells(lines),
    };
  });
}

function parseCells(lines: readonly string[]): readonly TriedCell[] {
  const table = lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | '));
  const [head = [], , ...rows] = table;
  const reasons = new Map(
    lines.flatMap((line): [string, string][] => {
      const [, why = '', names = ''] = /^- (.*): (`.*`)$/.exec(line) ?? [];
      return namesIn(names).map((name) => [name, why]);
    }),
  );
  return rows.flatMap(([label = '', ...lists]) => {
    const slot = SLOTS.find((one) => SLOT_TITLES[one] === label);
    if (slot === undefined) throw new Error(`a row of another form: ${label}`);
    return lists.flatMap((list, column) => {
      const result = RESULTS.find((one) => RESULT_TITLES[one] === head[column + 1]);
      if (result === undefined) throw new Error(`a column of another form: ${head[column + 1]}`);
      return namesIn(list).map((name): TriedCell => {
        const why = reasons.get(name) ?? '';
        return { slot, name, outcome: result === 'ok' ? { result } : { result, why } };
      });
    });
  });
}

const namesIn = (list: string): string[] => [...list.matchAll(/`([^`]*)`/g)].map(([, name = '']) => name);
