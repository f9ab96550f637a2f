import { LineProblem } from './errors.ts';

const BLANKS = ' \t\r\n';

/**
 * Takes the keyword off a line: it ends at a blank, a quote or `=`, and one `=` with blanks around it is skipped.
 *
 * A quoted keyword is one too. @throws {LineProblem} for a quote without its partner.
 */
export function splitKeyword(line: string): { readonly keyword: string; readonly rest: string } {
  const text = skipBlanks(line);
  const end = text.search(/[ \t\r\n"=]/);
  if (end < 0) return { keyword: text, rest: '' };
  if (text.charAt(end) === '"') {
    const close = text.indexOf('"', end + 1);
    if (close < 0) throw new LineProblem('syntax', 'a quote is not closed');
    const keyword = text.slice(0, end) + text.slice(end + 1, close);
    return { keyword, rest: skipBlanks(text.slice(close + 1)) };
  }
  const rest = skipBlanks(text.slice(end + 1));
  const equals = text.charAt(end) !== '=' && rest.startsWith('=');
  return { keyword: text.slice(0, end), rest: equals ? skipBlanks(rest.slice(1)) : rest };
}

/** Without what ends a line: blanks, also a form feed. */
export function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && `${BLANKS}\f`.includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

function skipBlanks(text: string): string {
  let at = 0;
  while (at < text.length && BLANKS.includes(text.charAt(at))) at += 1;
  return text.slice(at);
}

/**
 * The words of an option, as OpenSSH splits them: blanks separate, single and double quotes hold together, a backslash
 * gives quotes, itself and (outside quotes) a space their plain meaning and stays otherwise, and a word that begins
 * with `#` begins a comment.
 *
 * @throws {LineProblem} for a quote without its partner.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (text.charAt(at) === ' ' || text.charAt(at) === '\t') at += 1;
    if (at >= text.length || text.charAt(at) === '#') return words;
    const { word, end } = takeWord(text, at);
    words.push(word);
    at = end;
  }
}

function takeWord(text: string, start: number): { readonly word: string; readonly end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at += 1) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && isEscaped(next, quote)) {
      word += next;
      at += 1;
    } else if (quote === '' && (char === ' ' || char === '\t')) break;
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (quote !== '' && char === quote) quote = '';
    else word += char;
  }
  if (quote !== '') throw new LineProblem('syntax', 'a quote is not closed');
  return { word, end: at };
}

function isEscaped(next: string, quote: string): boolean {
  return next === "'" || next === '"' || next === '\\' || (quote === '' && next === ' ');
}
