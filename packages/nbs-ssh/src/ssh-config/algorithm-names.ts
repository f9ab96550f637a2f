import { wildcardMatches } from '@nbs-ssh/auth';
import { printable } from '@nbs-ssh/transport/wire';
import { ConfigError } from './errors.ts';

/** What a list is resolved against. */
export interface AvailableNames {
  /** What is offered without a list, in order. */
  readonly defaults: readonly string[];
  /** Everything that may be asked for. */
  readonly all: readonly string[];
  /** Also to be had, but no wildcard means one of these: whoever wants it writes the name out. */
  readonly insecure?: readonly string[];
}

export interface ResolvedNames {
  readonly names: readonly string[];
  /** Names of the list that are not there. */
  readonly missing: readonly string[];
}

/**
 * A list as ssh_config writes it: names replace the default, `+` adds them at the end, `-` removes them, `^` puts them
 * first. Names may have wildcards, which stand for no insecure one.
 *
 * @throws {ConfigError} `CONFIG_INVALID` when nothing is left.
 */
export function resolveNames(
  spec: string,
  { defaults, all, insecure = [] }: AvailableNames,
  option: string,
): ResolvedNames {
  const mode = /^[+\-^]/.test(spec) ? spec.charAt(0) : '';
  const entries = spec
    .slice(mode.length)
    .split(',')
    .filter((entry) => entry !== '');
  if (mode === '-') {
    const kept = defaults.filter((name) => !entries.some((entry) => wildcardMatches(entry, name)));
    return { names: notEmpty(kept, spec, option), missing: [] };
  }
  const meant = (entry: string): readonly string[] =>
    insecure.includes(entry) ? [entry] : all.filter((name) => wildcardMatches(entry, name));
  const missing = entries.filter((entry) => meant(entry).length === 0);
  const chosen = entries.flatMap(meant);
  const lists = { '+': [...defaults, ...chosen], '^': [...chosen, ...defaults], '': chosen };
  const names = [...new Set(lists[mode as keyof typeof lists])];
  return { names: notEmpty(names, spec, option), missing };
}

function notEmpty(names: readonly string[], spec: string, option: string): readonly string[] {
  if (names.length > 0) return names;
  const text = `${option}: "${printable(spec, 256)}" leaves no algorithm`;
  throw new ConfigError('CONFIG_INVALID', text, { option });
}
