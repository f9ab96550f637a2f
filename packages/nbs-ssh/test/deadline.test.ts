import { FakeClock } from '@nbs-ssh/testing';
import { describe, expect, it } from 'vitest';
import { Deadline } from '../src/connection/deadline.ts';

function start(milliseconds: number): {
  readonly clock: FakeClock;
  readonly deadline: Deadline;
  expired: number;
} {
  const clock = new FakeClock();
  const state = { clock, expired: 0 } as { clock: FakeClock; deadline: Deadline; expired: number };
  state.deadline = new Deadline(
    {
      now: clock.now,
      unixNow: clock.now,
      after: (delay, run) => clock.schedule(clock.now() + delay, run),
    },
    milliseconds,
    () => {
      state.expired += 1;
    },
  );
  return state;
}

describe('a deadline', () => {
  it('expires once, when its time is up', () => {
    const state = start(1000);
    state.clock.advance(999);
    expect(state.expired).toBe(0);
    state.clock.advance(5000);
    expect(state.expired).toBe(1);
  });

  it('stands still while a question is open, and goes on with what was left', async () => {
    const state = start(1000);
    state.clock.advance(400);
    let answer: (value: string) => void = () => {};
    const asked = state.deadline.pausedFor(() => new Promise<string>((resolve) => (answer = resolve)));
    state.clock.advance(100_000);
    expect(state.expired).toBe(0);
    answer('yes');
    expect(await asked).toBe('yes');
    state.clock.advance(599);
    expect(state.expired).toBe(0);
    state.clock.advance(1);
    expect(state.expired).toBe(1);
    expect(state.clock.pending).toBe(0);
  });

  it('waits for the last of several questions', async () => {
    const state = start(1000);
    const answers: (() => void)[] = [];
    const ask = (): Promise<void> =>
      state.deadline.pausedFor(() => new Promise((resolve) => answers.push(resolve)));
    const both = [ask(), ask()];
    answers[0]?.();
    await both[0];
    state.clock.advance(5000);
    expect(state.expired).toBe(0);
    answers[1]?.();
    await both[1];
    state.clock.advance(1000);
    expect(state.expired).toBe(1);
  });

  it('does not wait for ever for an answer that never comes', () => {
    const state = start(1000);
    void state.deadline.pausedFor(() => new Promise(() => {}));
    state.clock.advance(600_000);
    expect(state.expired).toBe(0);
    state.clock.advance(1000);
    expect(state.expired).toBe(1);
  });

  it('leaves no timer behind when it is cancelled, also with a question open', async () => {
    const state = start(1000);
    let answer: () => void = () => {};
    const asked = state.deadline.pausedFor(() => new Promise<void>((resolve) => (answer = resolve)));
    state.deadline.cancel();
    expect(state.clock.pending).toBe(0);
    answer();
    await asked;
    expect(state.clock.pending).toBe(0);
    state.clock.advance(10_000);
    expect(state.expired).toBe(0);
  });

  it('passes on what a question throws, and goes on', async () => {
    const state = start(1000);
    await expect(state.deadline.pausedFor(() => Promise.reject(new RangeError('no')))).rejects.toThrow(
      RangeError,
    );
    state.clock.advance(1000);
    expect(state.expired).toBe(1);
  });
});
