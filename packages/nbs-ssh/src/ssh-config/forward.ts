import { badValue, type LineProblem } from './errors.ts';

/** One end of a forward: a TCP port, with or without a host, or the path of a Unix socket. */
export type ForwardEnd =
  | { readonly host: string | undefined; readonly port: number }
  | { readonly path: string };

export interface ForwardSpec {
  readonly type: 'local' | 'remote' | 'dynamic';
  readonly listen: ForwardEnd;
  /** `undefined`: wherever a SOCKS client asks for. */
  readonly target: ForwardEnd | undefined;
}

/** Longest path of a Unix socket, in bytes, with its end. */
const MAX_SOCKET_PATH = 108;
/** Longest name of a host, with its end: NI_MAXHOST. */
const MAX_HOST = 1025;

/**
 * `[bind:]port` and `host:port`, where a path may stand for either; variables are already put in.
 *
 * @throws {LineProblem}
 */
export function parseForward(
  type: ForwardSpec['type'],
  listen: string,
  target: string | undefined,
): ForwardSpec {
  const shown = target === undefined ? listen : `${listen} ${target}`;
  const fields = splitFields(target === undefined ? listen : `${listen}:${target}`, shown);
  const bad = (): LineProblem => badValue('it must be [address:]port and host:port, or paths', shown);
  return target === undefined ? withoutTarget(type, fields, bad) : withTarget(type, fields, bad);
}

/** As options of the command line have it: one text with everything. A remote one may have no target. @throws {LineProblem} */
export function parseForwardOption(type: ForwardSpec['type'], text: string): ForwardSpec {
  const fields = splitFields(text, text);
  const shapes = {
    local: '[address:]port:host:port',
    remote: '[address:]port[:host:port]',
    dynamic: '[address:]port',
  };
  const bad = (): LineProblem => badValue(`it must be ${shapes[type]}, or paths in their place`, text);
  const hasTarget = fields.length > 2 || (fields.length === 2 && fields[1]?.isPath === true);
  if (type === 'dynamic' || (type === 'remote' && !hasTarget)) return withoutTarget(type, fields, bad);
  return withTarget(type, fields, bad);
}

function withoutTarget(
  type: ForwardSpec['type'],
  fields: readonly Field[],
  bad: () => LineProblem,
): ForwardSpec {
  const [first, second] = fields;
  if (first === undefined || fields.length > 2) throw bad();
  const end = second === undefined ? single(first, bad) : tcp(first, second, bad);
  if (type !== 'remote' && 'port' in end && end.port === 0) throw bad();
  return { type: type === 'local' ? 'dynamic' : type, listen: end, target: undefined };
}

function withTarget(
  type: ForwardSpec['type'],
  fields: readonly Field[],
  bad: () => LineProblem,
): ForwardSpec {
  const [from, to] = ends(fields, bad);
  if ('port' in to && to.port === 0) throw bad();
  if ('port' in from && from.port === 0 && type !== 'remote') throw bad();
  return { type, listen: from, target: to };
}

interface Field {
  readonly text: string;
  readonly isPath: boolean;
}

function ends(fields: readonly Field[], bad: () => LineProblem): readonly [ForwardEnd, ForwardEnd] {
  const [a, b, c, d] = fields;
  if (a === undefined || b === undefined || fields.length > 4) throw bad();
  if (c === undefined) {
    if (!b.isPath) throw bad();
    return [single(a, bad), single(b, bad)];
  }
  if (d !== undefined) return [tcp(a, b, bad), tcp(c, d, bad)];
  if (a.isPath) return [single(a, bad), tcp(b, c, bad)];
  return c.isPath ? [tcp(a, b, bad), single(c, bad)] : [single(a, bad), tcp(b, c, bad)];
}

function single(field: Field, bad: () => LineProblem): ForwardEnd {
  if (!field.isPath) return { host: undefined, port: portOf(field.text, bad) };
  if (field.text.length >= MAX_SOCKET_PATH) throw bad();
  return { path: field.text };
}

function tcp(host: Field, port: Field, bad: () => LineProblem): ForwardEnd {
  if (host.text.length >= MAX_HOST) throw bad();
  return { host: host.text, port: portOf(port.text, bad) };
}

function portOf(text: string, bad: () => LineProblem): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 65_535) return value;
  throw bad();
}

/** At colons; brackets hold an IPv6 address together, and a backslash takes the next character as it is. */
function splitFields(spec: string, shown: string): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < spec.length) {
    if (spec.charAt(at) === '[') {
      const close = spec.indexOf(']', at);
      const after = spec.charAt(close + 1);
      if (close < 0 || (after !== ':' && after !== '')) throw badValue('a bracket is not closed', shown);
      const text = spec.slice(at + 1, close);
      fields.push({ text, isPath: text.includes('/') });
      at = close + 2;
      continue;
    }
    let text = '';
    for (; at < spec.length && spec.charAt(at) !== ':'; at += 1) {
      if (spec.charAt(at) === '\\') at += 1;
      text += spec.charAt(at);
    }
    fields.push({ text, isPath: text.includes('/') });
    at += 1;
  }
  return fields;
}

/** As `ssh -G` prints it. */
export function formatForward({ type, listen, target }: ForwardSpec): string {
  const name = `${type}forward`;
  const from = `${name} ${formatEnd(listen)}`;
  if (type === 'dynamic') return from;
  return `${from} ${target === undefined ? '[socks]:0' : formatEnd(target)}`;
}

function formatEnd(end: ForwardEnd): string {
  if ('path' in end) return end.path;
  return end.host === undefined ? String(end.port) : `[${end.host}]:${end.port}`;
}
