import type { ByteDuplex } from './byte-duplex.ts';

type Reader = ReturnType<ByteDuplex['readable']['getReader']>;
type Writer = ReturnType<ByteDuplex['writable']['getWriter']>;

/** Both halves of a pipe in use. */
export interface End {
  readonly reader: Reader;
  readonly writer: Writer;
}

/** Takes both halves of a pipe. May be done once. */
export const endOf = ({ readable, writable }: ByteDuplex): End => ({
  reader: readable.getReader(),
  writer: writable.getWriter(),
});

/** Gives a pipe up at once, whatever is on its way. Never rejects. */
export async function destroy({ reader, writer }: End): Promise<void> {
  await Promise.allSettled([reader.cancel(), writer.abort()]);
}

/** How two joined pipes came apart. */
export interface JoinOutcome {
  /** The pipe that broke first and what it said; `undefined` when both directions ended, or the join was given up. */
  readonly broken: { readonly side: 'one' | 'other'; readonly error: unknown } | undefined;
}

export interface JoinOptions {
  /** Bytes that went on their way: `from` says which pipe they came from. */
  readonly onBytes?: (from: 'one' | 'other', bytes: number) => void;
}

/** Two pipes that are joined. */
export interface Joined {
  /** Resolves when both pipes are gone. Never rejects. */
  readonly done: Promise<JoinOutcome>;
  /** Gives both pipes up now. Idempotent. */
  readonly giveUp: () => void;
}

/**
 * Copies between two pipes, both ways, until both have ended or one breaks; then both are gone. A write waits until the
 * other end has room, so a slow reader stops its sender. A direction that ends is ended at the other pipe, and the other
 * direction goes on. So it does when the peer of a channel reads no more: what it is sent is then thrown away.
 */
export function join(one: End, other: End, { onBytes }: JoinOptions = {}): Joined {
  let broken: JoinOutcome['broken'];
  let given = false;
  const giveUp = (): void => {
    given = true;
    void destroy(one);
    void destroy(other);
  };
  const fail = (side: 'one' | 'other', error: unknown): void => {
    // What comes after the first failure is its consequence.
    if (given) return;
    broken = { side, error };
    giveUp();
  };
  const toOther = copy(one.reader, other.writer, {
    readFailed: (error) => fail('one', error),
    writeFailed: (error) => fail('other', error),
    passed: (bytes) => onBytes?.('one', bytes),
  });
  const toOne = copy(other.reader, one.writer, {
    readFailed: (error) => fail('other', error),
    writeFailed: (error) => fail('one', error),
    passed: (bytes) => onBytes?.('other', bytes),
  });
  const done = Promise.all([toOther, toOne]).then(async () => {
    await Promise.all([destroy(one), destroy(other)]);
    return { broken };
  });
  return { done, giveUp };
}

interface CopyListener {
  readonly readFailed: (error: unknown) => void;
  readonly writeFailed: (error: unknown) => void;
  readonly passed: (bytes: number) => void;
}

/** Never rejects: what fails is told to the listener, and the copying is over. */
async function copy(from: Reader, to: Writer, listener: CopyListener): Promise<void> {
  let unread = false;
  for (;;) {
    let chunk: Uint8Array | undefined;
    try {
      const { done, value } = await from.read();
      chunk = done ? undefined : value;
    } catch (error) {
      listener.readFailed(error);
      return;
    }
    try {
      if (chunk === undefined) {
        await to.close();
        return;
      }
      if (unread) continue;
      await to.write(chunk);
    } catch (error) {
      unread = (error as { readonly code?: unknown } | null)?.code === 'CHANNELS_UNREAD';
      if (unread) continue;
      listener.writeFailed(error);
      return;
    }
    listener.passed(chunk.length);
  }
}
