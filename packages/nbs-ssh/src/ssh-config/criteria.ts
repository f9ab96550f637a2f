import { printable } from '@nbs-ssh/transport/wire';
import { LineProblem } from './errors.ts';

/** One condition of a `Match` line. */
export interface Criterion {
  readonly type: CriterionType | 'canonical' | 'final' | 'all';
  readonly negated: boolean;
  /** A list of patterns, or the command of `exec`. Empty for those that take none. */
  readonly value: string;
}

type CriterionType = (typeof WITH_VALUE)[number];

const WITH_VALUE = [
  'host',
  'originalhost',
  'user',
  'localuser',
  'localnetwork',
  'version',
  'tagged',
  'command',
  'sessiontype',
  'exec',
] as const;

/** May match nothing, that is: no tag, no command. */
const MAY_BE_EMPTY: readonly string[] = ['tagged', 'command'];

/** The words of a `Match` line. A value follows its criterion, or `=`. @throws {LineProblem} */
export function parseCriteria(words: readonly string[]): readonly Criterion[] {
  const criteria: Criterion[] = [];
  for (let at = 0; at < words.length; ) {
    const word = words[at] ?? '';
    at += 1;
    const negated = word.startsWith('!');
    const [name = '', inline] = splitOnce(negated ? word.slice(1) : word);
    const key = name.toLowerCase();
    if (inline === undefined && (key === 'all' || key === 'canonical' || key === 'final')) {
      criteria.push({ type: key, negated, value: '' });
      continue;
    }
    const type = WITH_VALUE.find((candidate) => candidate === key);
    if (type === undefined) {
      throw new LineProblem('syntax', `there is no criterion "${printable(word, 128)}"`);
    }
    const value = inline ?? words[at];
    if (inline === undefined) at += 1;
    if (value === undefined || (value === '' && !MAY_BE_EMPTY.includes(type))) {
      throw new LineProblem('syntax', `${type} needs a value`);
    }
    criteria.push({ type, negated, value });
  }
  if (criteria.length === 0) throw new LineProblem('syntax', 'a criterion is missing');
  const all = criteria.findIndex(({ type }) => type === 'all');
  // As OpenSSH: one criterion may stand in front of it.
  if (all >= 0 && (all > 1 || all < criteria.length - 1)) {
    throw new LineProblem('syntax', 'all cannot be combined with other criteria');
  }
  return criteria;
}

function splitOnce(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
