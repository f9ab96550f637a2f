/** A part of a text: characters `start` up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const END = '-----END ';

/**
 * Private keys in PEM, also those cut off at either side: without an end the rest of the text is taken, and an
 * end without a beginning takes the encoded lines before it.
 */
export function pemSpans(text: string): readonly Span[] {
  if (!text.includes('PRIVATE KEY-----')) return [];
  const spans: Span[] = [];
  const label = /-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY-----/g;
  let floor = 0;
  for (let found = label.exec(text); found !== null; found = label.exec(text)) {
    const after = found.index + found[0].length;
    if (found[1] === 'END') {
      const start = startOfLines(text, found.index, floor);
      spans.push({ start, end: after });
      floor = after;
      continue;
    }
    const end = text.indexOf(END, after);
    const dashes = end === -1 ? -1 : text.indexOf('-----', end + END.length);
    floor = dashes === -1 ? text.length : dashes + 5;
    spans.push({ start: found.index, end: floor });
    label.lastIndex = floor;
  }
  return spans;
}

/** Where the encoded lines that end at `end` begin. Escaped line ends (`\n` as two characters) count as such. */
function startOfLines(text: string, end: number, floor: number): number {
  let start = end;
  while (start > floor && LINES.test(text.charAt(start - 1))) start -= 1;
  return start;
}

const LINES = /[A-Za-z0-9+/=\\\s]/;
