import { allAlgorithms } from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import type { AlgorithmPolicy } from '../connection/algorithms.ts';
import type { Settings } from './config-options.ts';
import { UsageError } from './usage.ts';

/** The lists of the settings, resolved against what the provider has. @throws {UsageError} */
export function algorithmPolicy(settings: Settings, crypto: CryptoProvider): AlgorithmPolicy {
  const all = allAlgorithms(crypto);
  const list = (spec: string | undefined, available: readonly string[], setting: string) =>
    spec === undefined ? available : resolveList(spec, available, setting);
  return {
    kex: list(settings.kex, all.kex, 'KexAlgorithms'),
    hostKey: list(settings.hostKey, all.hostKey, 'HostKeyAlgorithms'),
    ciphers: list(settings.ciphers, all.ciphers, 'Ciphers'),
    macs: list(settings.macs, all.macs, 'MACs'),
  };
}

/**
 * A list as ssh_config writes it: names replace everything, `+` adds them at the end, `-` removes them (`*` and
 * `?` are wildcards), `^` puts them first.
 *
 * @throws {UsageError} for unknown names, and when nothing is left.
 */
export function resolveList(spec: string, available: readonly string[], setting: string): readonly string[] {
  const mode = /^[+\-^]/.test(spec) ? spec.charAt(0) : '';
  const names = spec
    .slice(mode.length)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = mode === '-' ? undefined : names.find((name) => !available.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `${setting}: there is no algorithm "${unknown}" here.`,
      `Choose from ${available.join(', ')}.`,
    );
  }
  const chosen =
    mode === '-'
      ? available.filter((name) => !names.some((pattern) => matches(pattern, name)))
      : mode === '^'
        ? [...names, ...available]
        : mode === '+'
          ? [...available, ...names]
          : names;
  if (chosen.length === 0) throw new UsageError(`${setting} "${spec}" leaves no algorithm.`);
  return [...new Set(chosen)];
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
