import { SshError } from '@nbs-ssh/transport/wire';

/** Levels of nesting kept; contexts have two or three. */
const MAX_DEPTH = 6;
/** Entries kept of one list or object. */
const MAX_ENTRIES = 256;

/**
 * `value` as data that `JSON.stringify` takes, whatever a caller's own error brought along.
 *
 * Bytes become their number, errors their name, code and message: not their own fields, which are not ours to know.
 * What has a `toJSON` decides for itself, as secrets do.
 */
export function plain(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : plainObject(value, depth);
    default:
      return `[${typeof value}]`;
  }
}

function plainObject(value: object, depth: number): unknown {
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return plainError(value, depth);
  if (depth >= MAX_DEPTH) return '[…]';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => plain(entry, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ENTRIES)
      .map(([key, entry]) => [key, plain(entry, depth + 1)]),
  );
}

function plainError(error: Error, depth: number): unknown {
  const code = 'code' in error ? { code: plain(error.code, MAX_DEPTH) } : {};
  // Contexts of our own errors are made to be logged; of others' we cannot know.
  const context =
    error instanceof SshError && depth < MAX_DEPTH ? { context: plain(error.context, depth + 1) } : {};
  return { name: error.name, ...code, message: error.message, ...context };
}
