import { UsageError } from './usage.ts';

export function parsePort(text: string, where: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`The port must be a number from 1 to 65535, and ${where} is "${text}".`);
}

export function parsePositive(text: string, name: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new UsageError(`${name} must be a positive number, not "${text}".`);
}

export function parseYesNo(text: string, name: string): boolean {
  const value = text.toLowerCase();
  if (value === 'yes' || value === 'true') return true;
  if (value === 'no' || value === 'false') return false;
  throw new UsageError(`${name} must be yes or no, not "${text}".`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds, in the form that ssh_config has: `90`, `90s`, `1h30m`. */
export function parseTime(text: string, name: string): number {
  const parts = [...text.toLowerCase().matchAll(/(\d{1,9})([smhdw]?)/g)];
  const whole = parts.map((part) => part[0]).join('') === text.toLowerCase();
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit || 's'] ?? 1), 0);
  if (whole && seconds > 0) return seconds;
  throw new UsageError(`${name} must be a time such as 30, 90s or 1h, not "${text}".`);
}

const SIZES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes, with K, M or G behind. */
export function parseSize(text: string, name: string): number {
  const [, count, unit] = /^(\d{1,9})([kmg]?)$/i.exec(text) ?? [];
  const bytes = Number(count ?? 0) * (SIZES[(unit ?? '').toLowerCase()] ?? 1);
  if (bytes > 0) return bytes;
  throw new UsageError(`${name} must be a size such as 500M or 1G, not "${text}".`);
}

/** Words separated by spaces; quotes hold a word with spaces together. */
export function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}
