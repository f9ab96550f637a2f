import type { FieldKind } from '../fields.ts';
import type { Json } from '../json.ts';
import { isOurKey, isOurWord } from '../vocabulary.ts';

/** A string of a document, and how it is to be treated. */
export interface Leaf {
  text: string;
  readonly kind: FieldKind;
  /** Leaves whose texts may continue one another share a group: all `content` of a transcript, for example. */
  readonly groups: readonly string[];
}

export type Node =
  | { readonly type: 'leaf'; readonly leaf: Leaf }
  | { readonly type: 'value'; readonly value: Json }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [Leaf | string, Node])[] };

/** How a value is to be treated, and what it holds. Items of a list have the list's rule. */
export interface Rule {
  readonly kind: FieldKind;
  readonly child: (key: string, holder: object) => Rule;
}

/** The same kind all the way down. */
export function all(kind: FieldKind): Rule {
  const rule: Rule = { kind, child: () => rule };
  return rule;
}

/** Deeper values are dropped. Nothing we write is deeper than eight. */
const MAX_DEPTH = 64;
/** Properties whose value says which stream a text belongs to. */
const STREAMS = ['event_type', 'interaction_type', 'type', 'stream', 'direction'] as const;

/**
 * Makes a tree of copies, so that what follows cannot change the original.
 *
 * @param failed - Text for a value that cannot be read or is too deep.
 */
export function plant(value: unknown, rule: Rule, failed: () => string): Node {
  const guarded = (from: unknown, own: Rule, place: Place): Node => {
    try {
      return grow(from, own, place);
    } catch {
      return { type: 'value', value: failed() };
    }
  };

  const grow = (from: unknown, own: Rule, place: Place): Node => {
    const { key, stream, depth } = place;
    const plain = unwrap(from);
    if (typeof plain === 'string') {
      if (isOurWord(key, plain)) return { type: 'value', value: plain };
      const groups = stream === '' ? [key] : [key, `${key} ${stream}`];
      return { type: 'leaf', leaf: { text: plain, kind: own.kind, groups } };
    }
    if (typeof plain !== 'object' || plain === null) {
      if (own.kind === 'private' && typeof plain === 'number') return removed();
      return { type: 'value', value: scalar(plain) };
    }
    if (own.kind === 'private') return removed();
    if (depth > MAX_DEPTH) return { type: 'value', value: failed() };
    const inside = { key, stream: streamOf(plain) ?? stream, depth: depth + 1 };
    if (Array.isArray(plain)) {
      return { type: 'list', items: plain.map((item) => guarded(item, own, inside)) };
    }
    const entries: (readonly [Leaf | string, Node])[] = [];
    for (const name of Object.keys(plain)) {
      const { found, value: child } = property(plain, name);
      if (found && (child === undefined || typeof child === 'function')) continue;
      const node: Node = found
        ? guarded(child, own.child(name, plain), { ...inside, key: name })
        : { type: 'value', value: failed() };
      entries.push([isOurKey(name) ? name : { text: name, kind: 'fact', groups: [] }, node]);
    }
    return { type: 'map', entries };
  };

  return guarded(value, rule, { key: '', stream: '', depth: 0 });
}

interface Place {
  readonly key: string;
  readonly stream: string;
  readonly depth: number;
}

/** Back to plain JSON, with whatever the leaves say by then. */
export function harvest(node: Node): Json {
  if (node.type === 'leaf') return node.leaf.text;
  if (node.type === 'value') return node.value;
  if (node.type === 'list') return node.items.map(harvest);
  const out = new Map<string, Json>();
  for (const [name, child] of node.entries) {
    const text = typeof name === 'string' ? name : name.text;
    let key = text;
    for (let n = 2; out.has(key); n += 1) key = `${text}#${n}`;
    out.set(key, harvest(child));
  }
  // Defines properties, so that a key `__proto__` is a property like any other.
  return Object.fromEntries(out);
}

export function leavesOf(node: Node): readonly Leaf[] {
  const out: Leaf[] = [];
  const visit = (at: Node): void => {
    if (at.type === 'leaf') out.push(at.leaf);
    else if (at.type === 'list') at.items.forEach(visit);
    else if (at.type === 'map') {
      for (const [key, child] of at.entries) {
        if (typeof key !== 'string') out.push(key);
        visit(child);
      }
    }
  };
  visit(node);
  return out;
}

const removed = (): Node => ({ type: 'leaf', leaf: { text: '', kind: 'private', groups: [] } });

/** What `JSON.stringify` would look at. */
function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  const convert = (value as { readonly toJSON?: unknown }).toJSON;
  return typeof convert === 'function' ? convert.call(value, '') : value;
}

function scalar(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) ? value : null;
}

function property(of: object, name: string): { readonly found: boolean; readonly value?: unknown } {
  try {
    return { found: true, value: (of as Record<string, unknown>)[name] };
  } catch {
    return { found: false };
  }
}

function streamOf(of: object): string | undefined {
  const names = STREAMS.flatMap((name) => {
    const value = Object.hasOwn(of, name) ? property(of, name).value : undefined;
    return typeof value === 'string' ? [value] : [];
  });
  return names.length === 0 ? undefined : names.join(' ');
}
