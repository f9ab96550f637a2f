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
