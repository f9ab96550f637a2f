import { channelsError } from '@nbs-ssh/channels';
import { destroy, endOf, type JoinOutcome, join } from '@nbs-ssh/session';
import { assert, describe, it } from 'vitest';
import { type MemoryPipe, memoryPipe, readAll } from './memory-pipe.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Two joined pipes, and the far ends of both. */
function joined(): {
  readonly left: MemoryPipe;
  readonly right: MemoryPipe;
  readonly done: Promise<JoinOutcome>;
  readonly giveUp: () => void;
  readonly bytes: Record<'one' | 'other', number>;
} {
  const left = memoryPipe();
  const right = memoryPipe();
  const bytes = { one: 0, other: 0 };
  const both = join(endOf(left.near), endOf(right.near), {
    onBytes: (from, count) => {
      bytes[from] += count;
    },
  });
  return { left, right, bytes, ...both };
}

describe('two joined pipes', () => {
  it('carry bytes both ways, and count them', async () => {
    const { left, right, done, bytes } = joined();
    const [a, b] = [endOf(left.far), endOf(right.far)];
    const arrived = Promise.all([readAll(b.reader), readAll(a.reader)]);
    await Promise.all([a.writer.write(text('to the right')), b.writer.write(text('left'))]);
    await Promise.all([a.writer.close(), b.writer.close()]);
    assert.deepEqual(await arrived, ['to the right', 'left']);
    assert.deepEqual(await done, { broken: undefined });
    assert.deepEqual(bytes, { one: 12, other: 4 });
  });

  it('T168 who ends its own direction still gets the whole answer', async () => {
    const { left, right, done } = joined();
    const [a, b] = [endOf(left.far), endOf(right.far)];
    await a.writer.close();
    assert.equal(await readAll(b.reader), '');
    const answer = readAll(a.reader);
    await b.writer.write(text('answer, '));
    await b.writer.write(text('and the rest'));
    await b.writer.close();
    assert.equal(await answer, 'answer, and the rest');
    assert.deepEqual(await done, { broken: undefined });
  });

  it('go on in the other direction when the peer of a channel reads no more, and drop what it is sent', async () => {
    const { left, right, done, bytes } = joined();
    const [a, b] = [endOf(left.far), endOf(right.far)];
    right.breakWriting(channelsError('CHANNELS_UNREAD', { channel: 1 }));
    for (let i = 0; i < 100; i += 1) await a.writer.write(new Uint8Array(100_000));
    const answer = readAll(a.reader);
    await b.writer.write(text('the whole answer'));
    await b.writer.close();
    assert.equal(await answer, 'the whole answer');
    await a.writer.close();
    assert.deepEqual(await done, { broken: undefined });
    assert.deepEqual(bytes, { one: 0, other: 16 });
  });

  it('come apart when one breaks, and say which', async () => {
    const { left, right, done } = joined();
    const reset = new Error('reset');
    right.breakReading(reset);
    assert.deepEqual(await done, { broken: { side: 'other', error: reset } });
    assert.deepEqual([left.gone(), right.gone()], [true, true]);
  });

  it('come apart when a write fails, and blame the pipe that was written to', async () => {
    const { left, right, done } = joined();
    const gone = new Error('gone');
    right.breakWriting(gone);
    await endOf(left.far).writer.write(text('lost'));
    assert.deepEqual(await done, { broken: { side: 'other', error: gone } });
    assert.deepEqual([left.gone(), right.gone()], [true, true]);
  });

  it('are given up on demand, which is nobody to blame', async () => {
    const { left, right, done, giveUp } = joined();
    giveUp();
    giveUp();
    assert.deepEqual(await done, { broken: undefined });
    assert.deepEqual([left.gone(), right.gone()], [true, true]);
  });

  it('hold a fast writer back until the slow side has read', async () => {
    const { left, right, done } = joined();
    const [a, b] = [endOf(left.far), endOf(right.far)];
    let written = 0;
    const writing = (async () => {
      for (; written < 100; written += 1) await a.writer.write(new Uint8Array(1000));
      await a.writer.close();
    })();
    await right.stuck;
    assert.isBelow(written, 10);
    assert.equal((await readAll(b.reader)).length, 100_000);
    await writing;
    await destroy(b);
    await done;
  });
});
