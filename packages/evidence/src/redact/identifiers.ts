import { ipv4Class, ipv6Class, parseIpv4, parseIpv6 } from './address.ts';
import { isPseudonym, OURS, type Replaced, type Tally } from './mark.ts';
import { Matcher } from './matcher.ts';
import { type CharacterClass, characterClass, replaceRuns } from './runs.ts';

/** Names shorter than this are replaced in their own fields only: in text they would hit words. */
const SEARCHED_FROM = 3;
/** Different identifiers of one bundle. Beyond it, all the rest share one number. */
const MAX_PSEUDONYMS = 100_000;

/** Domains of algorithm and extension names, RFC 4250 §4.6.1. `name@domain` is no user there. */
const PROTOCOL_DOMAINS: ReadonlySet<string> = new Set([
  'openssh.com',
  'libssh.org',
  'lysator.liu.se',
  'ssh.com',
  'putty.projects.tartarus.org',
  'bitvise.com',
  'asyncssh.timeheart.net',
]);

/** Directories that are the same on every machine. */
const PUBLIC_ROOTS: ReadonlySet<string> = new Set(
  'bin boot dev etc lib lib64 opt proc run sbin sys tmp usr var'.split(' '),
);
/** File names that say what kind of file it was, and nothing about whose. */
const PUBLIC_FILE =
  /[\\/](known_hosts2?|ssh_known_hosts|config|authorized_keys|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:\.pub)?)$/;

/**
 * One bundle's pseudonyms: the same host, user or path gets the same name everywhere in it, and nothing about
 * the original but its class (private, loopback, …) can be read off it.
 */
export class Pseudonyms {
  readonly #tally: Tally;
  readonly #names = new Map<string, string>();
  readonly #last = new Map<Replaced, number>();
  readonly #known = new Matcher<Replaced>();
  /** Spelling to pseudonym; parsing the same address a million times takes seconds. */
  readonly #addresses = new Map<string, { readonly kind: Replaced; readonly name: string } | undefined>();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Makes sure that no new pseudonym equals one that `text` holds from an earlier pass. */
  avoid(text: string): void {
    if (!text.includes('<')) return;
    for (const [found] of text.matchAll(OURS)) {
      if (!isPseudonym(found)) continue;
      const kind = found.slice(1, found.indexOf('-')) as Replaced;
      const number = Number(found.slice(found.lastIndexOf('-') + 1, -1));
      this.#last.set(kind, Math.max(this.#last.get(kind) ?? 0, number));
    }
  }

  /** Has `value`, seen in a host or user field, searched for in all text. */
  know(kind: 'host' | 'user', value: string): void {
    if (value.length < SEARCHED_FROM || isPseudonym(value) || isKept(kind, value)) return;
    if (isAddress(value)) return;
    for (const form of new Set([value, value.toLowerCase(), value.toUpperCase()]))
      this.#known.add(form, kind);
  }

  host(value: string): string {
    if (value === '' || isPseudonym(value) || isKept('host', value)) return value;
    return this.#address(value) ?? this.#name('host', value.toLowerCase());
  }

  user(value: string): string {
    return value === '' || isPseudonym(value) ? value : this.#name('user', value);
  }

  path(value: string): string {
    if (value === '' || value.startsWith('<path-')) return value;
    const first = /^\/([^/]*)/.exec(value)?.[1];
    if (first !== undefined && PUBLIC_ROOTS.has(first)) return this.#replaceKnown(value);
    const file = PUBLIC_FILE.exec(value)?.[1];
    return file === undefined
      ? this.#name('path', value)
      : `${this.#name('path', value.slice(0, -file.length - 1))}/${file}`;
  }

  /** Replaces paths, `user@host`, addresses and everything {@link know}n in running text. */
  text(value: string): string {
    let out = value;
    if (out.includes('/')) {
      out = out.replace(/(?<![\w/.~@+<>:-])(?:~[\w.-]*)?\/[\w.+@~/-]*/g, (path) => this.#pathInText(path));
    }
    if (out.includes(':\\')) {
      out = out.replace(/(?<!\w)[A-Za-z]:\\[^\s"'<>|*?:;,]*/g, (path) => this.path(path));
    }
    if (out.includes('@')) {
      out = out.replace(
        /(?<![\w.+@-])([\w.+-]{1,256})@([A-Za-z0-9][\w.-]{0,255})/g,
        (whole, user: string, host: string) => {
          const domain = host.replace(/[.-]+$/, '');
          if (PROTOCOL_DOMAINS.has(domain.toLowerCase())) return whole;
          return `${this.user(user)}@${this.host(domain)}${host.slice(domain.length)}`;
        },
      );
    }
    if (out.includes(':')) {
      const joined = out;
      out = replaceRuns(joined, ADDRESS_RUN, 2, (run, at) => {
        // Every IPv6 address has two colons at least.
        if (run.length > 64 || run.indexOf(':') === run.lastIndexOf(':')) return run;
        if (isWord(joined.charCodeAt(at - 1)) || isWord(joined.charCodeAt(at + run.length))) return run;
        return this.#ipv6InText(run);
      });
    }
    out = out.replace(
      /(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)/g,
      (run) => this.#address(run) ?? run,
    );
    return this.#replaceKnown(out);
  }

  #pathInText(path: string): string {
    const trimmed = path.replace(/[.,/]{1,8}$/, '');
    const absolute = trimmed.startsWith('/');
    if (absolute && trimmed.indexOf('/', 1) === -1) return path;
    return this.path(trimmed) + path.slice(trimmed.length);
  }

  #ipv6InText(run: string): string {
    const whole = this.#address(run);
    if (whole !== undefined) return whole;
    const trimmed = run.replace(/(?<!:):$|\.$/, '');
    return (this.#address(trimmed) ?? trimmed) + run.slice(trimmed.length);
  }

  #address(value: string): string | undefined {
    const seen = this.#addresses.get(value);
    if (seen !== undefined) this.#tally.add(seen.kind);
    if (seen !== undefined || this.#addresses.has(value)) return seen?.name;
    const bare = value.replace(/^\[|\]$|%.{0,32}$/g, '');
    const v4 = parseIpv4(bare);
    const v6 = v4 === undefined ? parseIpv6(bare) : undefined;
    if (v4 === undefined && v6 === undefined) {
      if (this.#addresses.size < MAX_PSEUDONYMS) this.#addresses.set(value, undefined);
      return undefined;
    }
    const kind = v4 === undefined ? 'ipv6' : 'ipv4';
    const about = v4 === undefined ? ipv6Class(v6 ?? []) : ipv4Class(v4);
    if (about === 'unspecified') return value;
    const name = this.#name(kind, (v4 ?? v6 ?? []).join('.'), `-${about}`);
    if (this.#addresses.size < MAX_PSEUDONYMS) this.#addresses.set(value, { kind, name });
    return name;
  }

  #name(kind: Replaced, value: string, about = ''): string {
    this.#tally.add(kind);
    const key = `${kind} ${value}`;
    const existing = this.#names.get(key);
    if (existing !== undefined) return existing;
    const number = this.#names.size < MAX_PSEUDONYMS ? (this.#last.get(kind) ?? 0) + 1 : MAX_PSEUDONYMS + 1;
    const name = `<${kind}${about}-${number}>`;
    if (number <= MAX_PSEUDONYMS) {
      this.#last.set(kind, number);
      this.#names.set(key, name);
    }
    return name;
  }

  #replaceKnown(text: string): string {
    const hits = this.#known.find(text);
    if (hits.length === 0) return text;
    const kept = [...text.matchAll(OURS)].map(
      (found) => [found.index, found.index + found[0].length] as const,
    );
    let out = '';
    let from = 0;
    let next = 0;
    for (const { start, end, tag } of hits.sort((a, b) => a.start - b.start || b.end - a.end)) {
      if (start < from || IN_NAME.test(text.charAt(start - 1)) || IN_NAME.test(text.charAt(end))) continue;
      while (next < kept.length && (kept[next]?.[1] ?? 0) <= start) next += 1;
      if ((kept[next]?.[0] ?? Number.POSITIVE_INFINITY) < end) continue;
      const found = text.slice(start, end);
      out += text.slice(from, start) + (tag === 'user' ? this.user(found) : this.host(found));
      from = end;
    }
    return out + text.slice(from);
  }
}

const ADDRESS_RUN: CharacterClass = characterClass('0123456789abcdefABCDEF:.');

/** `\w`, of a UTF-16 unit. */
const isWord = (unit: number): boolean =>
  (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122) || unit === 95;

/** A name goes on here, so what was found is a part of another one. `.` and `-` do not count: `db.example.com`. */
const IN_NAME = /\w/;

const isKept = (kind: 'host' | 'user', value: string): boolean =>
  kind === 'host' && /^localhost$/i.test(value);
const isAddress = (value: string): boolean =>
  parseIpv4(value) !== undefined || parseIpv6(value) !== undefined;
