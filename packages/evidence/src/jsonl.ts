import { isObject, type JsonObject, safeStringify } from './json.ts';
import type { BundleRecord } from './record.ts';

/*
 * A bundle as lines: the head, each event, the transcript, and an end that counts the events. Without the end
 * the file was cut off. Lines of ours say what they are in `record`; event lines are those of an event log.
 */

export function toJsonl(record: BundleRecord): string {
  const { events, transcript, ...head } = record;
  const lines: unknown[] = [{ record: 'bundle', ...head }, ...events];
  if (transcript !== null) lines.push({ record: 'transcript', transcript });
  lines.push({ record: 'end', events: events.length });
  return lines.map((line) => `${safeStringify(line)}\n`).join('');
}

/** What the lines of a file add up to. */
export interface Lines {
  /** The head's keys, with `events` and `transcript`, as one object like that of a JSON file. */
  readonly record: JsonObject;
  /** Whether the end is there, or none is due: event logs and the original's files have none. */
  readonly complete: boolean;
}

/** Puts lines together. Lines of files that are not ours are taken by what they hold. */
export function fromLines(lines: readonly JsonObject[]): Lines {
  const head: Record<string, unknown> = {};
  const events: unknown[] = [];
  let endDue = false;
  let counted: unknown;
  for (const line of lines) {
    if (typeof line['event_type'] === 'string') {
      events.push(line);
    } else if (line['record'] === 'end') {
      counted = line['events'];
    } else {
      endDue ||= line['record'] === 'bundle';
      const { record: _, events: more, ...rest } = line;
      for (const [key, value] of Object.entries(rest)) head[key] = value;
      if (Array.isArray(more)) events.push(...more.filter(isObject));
    }
  }
  return {
    record: { ...head, events } as unknown as JsonObject,
    complete: !endDue || counted === events.length,
  };
}
