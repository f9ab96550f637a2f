import { type ClientReport, STEPS, type Step } from './clients.ts';
import type { Part } from './documentation.ts';
import { titleOf } from './report.ts';

export const CLIENTS: Part = { begin: '<!-- clients:begin -->', end: '<!-- clients:end -->' };

const TITLES: Readonly<Record<Step, string>> = {
  key: 'Key',
  password: 'Password',
  'exit status': 'Exit status',
  data: 'Data both ways',
  'we rekey': 'We rekey',
  'it rekeys': 'It rekeys',
};

const FAILS = 'fails';
const isFailure = (said: string): boolean => said !== 'ok' && said !== 'not configurable';

/** What stands between the lines of {@link CLIENTS}. */
export function renderClients(reports: readonly ClientReport[]): string {
  const head = ['Client', ...STEPS.map((step) => TITLES[step]), 'Tried on'];
  const rows = reports.map((report) => [
    titleOf(report),
    ...STEPS.map((step) => (isFailure(report.steps[step]) ? FAILS : report.steps[step])),
    report.date,
  ]);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const failures = reports.flatMap((report) =>
    STEPS.filter((step) => isFailure(report.steps[step])).map(
      (step) => `- ${titleOf(report)}, ${TITLES[step]}: ${report.steps[step]}`,
    ),
  );
  return [table.join('\n'), ...(failures.length === 0 ? [] : [failures.join('\n')])].join('\n\n');
}

/** Reads back what {@link renderClients} wrote. */
export function parseClients(text: string): readonly ClientReport[] {
  const lines = text.split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).slice(2);
  return rows.map((row) => {
    const [title = '', ...cells] = row.slice(2, -2).split(' | ');
    const [name = '', version = ''] = title.split(' ');
    const steps = STEPS.map((step, index) => {
      const start = `- ${title}, ${TITLES[step]}: `;
      const why = lines.find((line) => line.startsWith(start))?.slice(start.length) ?? '';
      return [step, cells[index] === FAILS ? why : cells[index]];
    });
    return {
      name,
      version,
      date: cells.at(-1) ?? '',
      steps: Object.fromEntries(steps) as Record<Step, string>,
    };
  });
}
