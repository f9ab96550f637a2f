import { encodedKind, LONG_RUN } from './entropy.ts';
import { isSensitiveKey, MAX_KEY } from './keys.ts';
import { isMark, type Tally } from './mark.ts';
import { pemSpans } from './pem.ts';
import { type CharacterClass, characterClass, replaceRuns } from './runs.ts';

/*
 * Every expression here takes time linear in the text. Repetition is bounded, or over one class of characters
 * that the next piece cannot begin with; a run may only start where the run before it does not continue
 * (the look-behinds), so no character is scanned once per start.
 */

/** Removes what looks like a secret whoever it belongs to. Marks of an earlier pass stay as they are. */
export function redactPatterns(text: string, tally: Tally): string {
  let out = text;
  for (const [needed, step] of STEPS) {
    if (needed === '' || out.includes(needed)) out = step(out, tally);
  }
  return out;
}

type Step = (text: string, tally: Tally) => string;

/** Each with a string without which it has nothing to do: most text has none of them. */
const STEPS: readonly (readonly [string, Step])[] = [
  ['PRIVATE KEY-----', pem],
  ['://', urls],
  [':', headers],
  [' ', schemes],
  ['--', flags],
  ['-', shortFlags],
  ['', assignments],
  ['', tokens],
  ['eyJ', jwts],
  ['', encoded],
];

function pem(text: string, tally: Tally): string {
  let out = '';
  let from = 0;
  for (const { start, end } of pemSpans(text)) {
    out += text.slice(from, start) + tally.mark('pem');
    from = end;
  }
  return out + text.slice(from);
}

/**
 * `scheme://user:password@host`. The password may hold `@`: everything up to the last one is taken.
 *
 * By hand, because a text of nothing but addresses has millions of them.
 */
function urls(text: string, tally: Tally): string {
  const parts: string[] = [];
  let from = 0;
  // One back: the colon of the next address may be the last character of this one.
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at - 1)) {
    at += 3;
    let colon = -1;
    let last = -1;
    for (; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit <= SPACE || unit === SLASH) break;
      if (unit === AT) last = at;
      else if (unit === COLON && colon === -1 && last === -1) colon = at;
    }
    if (colon === -1 || last <= colon + 1) continue;
    if (text.charAt(colon + 1) === '[' && isMark(text.slice(colon + 1, last))) continue;
    parts.push(text.slice(from, colon + 1), tally.mark('url'));
    from = last;
  }
  if (from === 0) return text;
  parts.push(text.slice(from));
  return parts.join('');
}

const SPACE = 0x20;
const SLASH = 0x2f;
const COLON = 0x3a;
const AT = 0x40;

/** HTTP headers that carry credentials, to the end of their line or string. */
function headers(text: string, tally: Tally): string {
  return text.replace(
    /\b(authorization|cookie|x-api-key|x-auth-token)(["']?\s{0,4}:\s{0,4}["']?)([^\r\n"'\\]+)/gi,
    (whole, name: string, colon: string, value: string) =>
      isMark(value) ? whole : `${name}${colon}${tally.mark('header')}`,
  );
}

/** `Bearer x` and `Basic x` wherever they stand. */
function schemes(text: string, tally: Tally): string {
  return text.replace(
    /\b(bearer|basic)(\s{1,4})([A-Za-z0-9._~+/=-]{8,4096})/gi,
    (whole, scheme: string, gap: string, value: string) => {
      return /[0-9=+/]/.test(value) ? `${scheme}${gap}${tally.mark('header')}` : whole;
    },
  );
}

/** `--password x`, `--token=x`. */
function flags(text: string, tally: Tally): string {
  const sensitive = remembered(isSensitiveKey);
  const flag = /(?<![\w-])--([A-Za-z][\w-]{0,127})(?:=|\s{1,4})/g;
  return replaceValues(text, flag, (found) => (sensitive(found[1] ?? '') ? 'flag' : undefined), tally);
}

/** Short flags of programs that are known to take a password there: `mysql -pX`, `sshpass -p X`, `curl -u a:X`. */
function shortFlags(text: string, tally: Tally): string {
  const program = /(?<![\w.-])(mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|sshpass|curl)(?![\w-])/g;
  const end = /[\n;|&]/g;
  let out = '';
  let from = 0;
  for (let found = program.exec(text); found !== null; found = program.exec(text)) {
    end.lastIndex = program.lastIndex;
    const stop = end.exec(text)?.index ?? text.length;
    out += text.slice(from, program.lastIndex);
    out += withoutFlags(found[1] ?? '', text.slice(program.lastIndex, stop), tally);
    from = stop;
    program.lastIndex = stop;
  }
  return out + text.slice(from);
}

function withoutFlags(program: string, rest: string, tally: Tally): string {
  if (program === 'curl') {
    return rest.replace(/(?<=\s)(-u\s{0,4}[^\s:]{1,256}:)(\S+)/g, (whole, head: string, value: string) =>
      isMark(value) ? whole : head + tally.mark('flag'),
    );
  }
  const flag = program === 'sshpass' ? /(?<=\s)(-p\s{0,4})(\S+)/g : /(?<=\s)(-p)(\S+)/g;
  return rest.replace(flag, (whole, head: string, value: string) =>
    isMark(value) ? whole : head + tally.mark('flag'),
  );
}

/** `password=x`, `"api_key": "x"`, `DB_PASSWORD: x`. */
function assignments(text: string, tally: Tally): string {
  const sensitive = remembered(isSensitiveKey);
  const hint = /pass|pwd|pw|secret|token|key|credential|pin|otp|cookie/gi;
  const separator = /\\?["']?\s{0,4}[=:]\s{0,4}/y;
  let out = '';
  let from = 0;
  let floor = 0;
  for (let found = hint.exec(text); found !== null; found = hint.exec(text)) {
    let start = found.index;
    const first = Math.max(floor, start - MAX_KEY);
    while (start > first && WORD.test(text.charAt(start - 1))) start -= 1;
    const end = endOf(WORDS, text, hint.lastIndex);
    floor = end;
    hint.lastIndex = end;
    if (end - start > MAX_KEY || !sensitive(text.slice(start, end))) continue;
    separator.lastIndex = end;
    if (!separator.test(text)) continue;
    const value = valueAt(text, separator.lastIndex);
    if (value === undefined) continue;
    out += text.slice(from, value.start) + tally.mark('value');
    from = value.end;
    floor = from;
    hint.lastIndex = from;
  }
  return out + text.slice(from);
}

const WORD = /[\w.-]/;
const WORDS = /[\w.-]*/y;

/** Where the run that `run` describes ends, when it starts at `at`. */
function endOf(run: RegExp, text: string, at: number): number {
  run.lastIndex = at;
  run.test(text);
  return Math.max(at, run.lastIndex);
}

/** `test` with its newest answers kept: the same few keys come again and again. */
function remembered(test: (key: string) => boolean): (key: string) => boolean {
  const answers = new Map<string, boolean>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size >= 256) answers.clear();
    const answer = test(key);
    answers.set(key, answer);
    return answer;
  };
}

/** Replaces the value after each match of `key`, when `kindOf` says that it is private. */
function replaceValues(
  text: string,
  key: RegExp,
  kindOf: (found: RegExpExecArray) => 'flag' | undefined,
  tally: Tally,
): string {
  let out = '';
  let from = 0;
  for (let found = key.exec(text); found !== null; found = key.exec(text)) {
    const kind = kindOf(found);
    const value = kind === undefined ? undefined : valueAt(text, key.lastIndex);
    if (kind === undefined || value === undefined || text.startsWith('--', value.start)) continue;
    out += text.slice(from, value.start) + tally.mark(kind);
    from = value.end;
    key.lastIndex = from;
  }
  return out + text.slice(from);
}

/**
 * The value at `at`: what its quotes hold, or everything to the next separator.
 *
 * @returns `undefined` when there is none, or it was removed before.
 */
function valueAt(text: string, at: number): { readonly start: number; readonly end: number } | undefined {
  const escaped = text.charAt(at) === '\\' && /["']/.test(text.charAt(at + 1));
  const open = escaped ? at + 1 : at;
  const quote = text.charAt(open);
  const start = quote === '"' || quote === "'" ? open + 1 : at;
  const end = start === at ? endOf(BARE, text, at) : endOfQuoted(text, start, escaped ? '\\' : quote);
  if (end === start) return undefined;
  // Brackets that follow a mark are the text's own, as in `(password=[redacted:value])`.
  const value = end - start > MAX_MARK ? '' : text.slice(start, end).replace(/[)}\]]*$/, ']');
  return isMark(value) ? undefined : { start, end };
}

const BARE = /[^\s"'&;,]*/y;
/** No mark with the brackets after it is longer. */
const MAX_MARK = 64;

/** Where a quoted value ends: at `stop`, at the line's end, or at the text's. A backslash keeps what follows it. */
function endOfQuoted(text: string, start: number, stop: string): number {
  const special = /["'\\\n]/g;
  special.lastIndex = start;
  for (let found = special.exec(text); found !== null; found = special.exec(text)) {
    if (found[0] === stop || found[0] === '\n') return found.index;
    if (found[0] === '\\') special.lastIndex += 1;
  }
  return text.length;
}

/** Tokens that name their issuer. */
function tokens(text: string, tally: Tally): string {
  return text.replace(
    /(?<![A-Za-z0-9])(?:A[KS]IA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[\w-]{20,255}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}|sk-(?:ant-|proj-)?[A-Za-z0-9_]{20,255}[\w-]{0,255}|AIza[\w-]{30,255}|npm_[A-Za-z0-9]{30,255}|hf_[A-Za-z0-9]{20,255}|dop_v1_[a-f0-9]{32,255}|SG\.[\w-]{16,255}\.[\w-]{16,255})/g,
    () => tally.mark('token'),
  );
}

/** Longer parts are found by {@link encoded}: their runs are data by any measure. */
function jwts(text: string, tally: Tally): string {
  return text.replace(/(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,4096}(?:\.[\w-]{0,4096})?/g, () =>
    tally.mark('jwt'),
  );
}

/** Long base64 and hex. */
function encoded(text: string, tally: Tally): string {
  return replaceRuns(text, BASE64_RUN, LONG_RUN, (run, at) => {
    if (isFingerprint(text, run, at)) return run;
    const kind = encodedKind(run);
    return kind === undefined ? run : tally.mark(kind);
  });
}

const BASE64_RUN: CharacterClass = characterClass(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-',
);

/** Fingerprints are public and a diagnosis needs them: `SHA256:` and exactly 43 characters, `SHA512:` and 86. */
function isFingerprint(text: string, run: string, at: number): boolean {
  const length = FINGERPRINTS[text.slice(Math.max(0, at - 7), at)];
  return length === run.length && !/[\w/.~@+-]/.test(text.charAt(at - 8));
}

const FINGERPRINTS: Readonly<Record<string, number>> = { 'SHA256:': 43, 'SHA512:': 86 };
