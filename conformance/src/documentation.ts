import { readFileSync, writeFileSync } from 'node:fs';

/** A part of a document that a program writes, between two lines that stay. */
export interface Part {
  readonly begin: string;
  readonly end: string;
}

/** @throws {Error} when the lines are not there. */
export function readPart(path: string, part: Part): string {
  const { text, start, end } = find(path, part);
  return text.slice(start, end);
}

/** @throws {Error} when the lines are not there. */
export function writePart(path: string, part: Part, content: string): void {
  const { text, start, end } = find(path, part);
  writeFileSync(path, `${text.slice(0, start)}\n\n${content}\n\n${text.slice(end)}`);
}

function find(
  path: string,
  part: Part,
): { readonly text: string; readonly start: number; readonly end: number } {
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf(part.begin);
  const end = text.indexOf(part.end);
  if (begin < 0 || end < begin) throw new Error(`${path} lacks the lines ${part.begin} and ${part.end}`);
  return { text, start: begin + part.begin.length, end };
}
