import { readFileSync } from 'node:fs';
import { concat, fromHex, toHex } from '@nbs-ssh/transport/wire';

/** The bytes of one session in the order they travelled. */
export interface RecordedSession {
  /** Where the bytes came from: programs, versions, how to record them again. */
  readonly source: string;
  readonly steps: readonly RecordedStep[];
}

export interface RecordedStep {
  readonly from: 'client' | 'server';
  readonly bytes: Uint8Array;
}

/** One end of the session, driven by hand. `take` returns all bytes it wants to send, and forgets them. */
export interface ReplayedEnd {
  readonly role: 'client' | 'server';
  readonly receive: (bytes: Uint8Array) => void;
  readonly take: () => Uint8Array;
}

/**
 * Plays the other end's part of a recording and checks that this end sends what it sent then.
 *
 * How the bytes of a step are split over calls of `take` does not matter.
 *
 * @throws {Error} naming the step and the first byte that differs.
 */
export function replay(session: RecordedSession, end: ReplayedEnd): void {
  let sent: Uint8Array = new Uint8Array(0);
  let total = 0;
  const collect = (): void => {
    sent = concat(sent, end.take());
  };
  for (const [index, step] of session.steps.entries()) {
    if (step.from !== end.role) {
      end.receive(step.bytes);
      continue;
    }
    collect();
    const difference = firstDifference(step.bytes, sent);
    if (difference !== undefined) {
      const at = `step ${index}, byte ${difference} (byte ${total + difference} of the ${end.role})`;
      const was = toHex(step.bytes.subarray(difference, difference + 16));
      throw new Error(
        `${at}: recorded ${was}…, now ${toHex(sent.subarray(difference, difference + 16)) || 'nothing'}`,
      );
    }
    sent = sent.subarray(step.bytes.length);
    total += step.bytes.length;
  }
  collect();
  if (sent.length > 0)
    throw new Error(`${sent.length} bytes more than recorded: ${toHex(sent.subarray(0, 16))}…`);
}

/** First place where `actual` does not begin with `expected`. */
function firstDifference(expected: Uint8Array, actual: Uint8Array): number | undefined {
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  return at === -1 ? undefined : at;
}

/** Reads the form that {@link formatRecordedSession} writes. */
export function parseRecordedSession(json: string): RecordedSession {
  const file = JSON.parse(json) as { source: string; steps: { from: 'client' | 'server'; hex: string }[] };
  return { source: file.source, steps: file.steps.map(({ from, hex }) => ({ from, bytes: fromHex(hex) })) };
}

export function readRecordedSession(path: string): RecordedSession {
  return parseRecordedSession(readFileSync(path, 'utf8'));
}

/** JSON with one step a line, so that a changed recording shows as a readable difference. */
export function formatRecordedSession(session: RecordedSession): string {
  const steps = session.steps.map(({ from, bytes }) => `    ${JSON.stringify({ from, hex: toHex(bytes) })}`);
  return `{\n  "source": ${JSON.stringify(session.source)},\n  "steps": [\n${steps.join(',\n')}\n  ]\n}\n`;
}

/** Collects a session while it happens. Neighbouring chunks of one side become one step. */
export class SessionRecorder {
  readonly #steps: { from: 'client' | 'server'; chunks: Uint8Array[] }[] = [];

  add(from: 'client' | 'server', bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const last = this.#steps.at(-1);
    if (last?.from === from) last.chunks.push(Uint8Array.from(bytes));
    else this.#steps.push({ from, chunks: [Uint8Array.from(bytes)] });
  }

  finish(source: string): RecordedSession {
    const steps = this.#steps.map(({ from, chunks }) => ({
      from,
      bytes: concat(...chunks),
    }));
    return { source, steps };
  }
}
