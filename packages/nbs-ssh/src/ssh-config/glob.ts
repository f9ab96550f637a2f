/** One character of a pattern, or `*`. */
type Part = '*' | ((char: string) => boolean);

/** Whether a part of a path has wildcards. */
export function hasWildcards(part: string): boolean {
  return /[*?[]/.test(part);
}

/** Without the backslashes that take wildcards their meaning. */
export function plainPart(part: string): string {
  return part.replace(/\\(.)/gs, '$1');
}

/**
 * Whether a name is what one part of a path describes, as glob(7): `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash for
 * what is meant as it is. A dot in front has to be written.
 */
export function matchesGlob(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.') && !pattern.startsWith('\\.')) return false;
  return matchesParts([...name], compile(pattern));
}

/** One way back only, to the last `*`. */
function matchesParts(text: readonly string[], parts: readonly Part[]): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < text.length; ) {
    const part = parts[at];
    if (part === '*') {
      star = at;
      resume = i;
      at += 1;
    } else if (part?.(text[i] ?? '') === true) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      i = resume;
    } else return false;
  }
  return parts.slice(at).every((part) => part === '*');
}

function compile(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    if (char === '*') parts.push('*');
    else if (char === '?') parts.push(() => true);
    else if (char === '[') at = bracket(chars, at, parts);
    else {
      if (char === '\\' && at + 1 < chars.length) at += 1;
      const wanted = chars[at];
      parts.push((other) => other === wanted);
    }
  }
  return parts;
}

/** A class such as `[a-z]` at `start`; without its end the bracket stands for itself. @returns where it ends. */
function bracket(chars: readonly string[], start: number, parts: Part[]): number {
  const negated = chars[start + 1] === '!' || chars[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  // A bracket that comes first is one of the characters.
  const end = chars.indexOf(']', first + 1);
  if (end < 0) {
    parts.push((char) => char === '[');
    return start;
  }
  const ranges: (readonly [string, string])[] = [];
  for (let at = first; at < end; at += 1) {
    const from = chars[at] ?? '';
    const isRange = chars[at + 1] === '-' && at + 2 < end;
    ranges.push([from, isRange ? (chars[at + 2] ?? from) : from]);
    if (isRange) at += 2;
  }
  parts.push((char) => ranges.some(([from, to]) => char >= from && char <= to) !== negated);
  return end;
}
