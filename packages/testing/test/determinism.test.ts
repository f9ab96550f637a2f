import assert from 'node:assert/strict';
import {
  FakeClock,
  formatRecordedSession,
  parseRecordedSession,
  type RecordedSession,
  replay,
  SessionRecorder,
  seededRandom,
} from '@nbs-ssh/testing';
import { fromHex } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';

describe('seeded randomness', () => {
  it('is the same for the same seed, however it is cut', () => {
    const whole = seededRandom('a')(100);
    const piecewise = seededRandom('a');
    const pieces = Array.from({ length: 100 }, () => piecewise(1)[0] ?? -1);
    assert.deepEqual([...whole], pieces);
  });

  it('differs between seeds', () => {
    assert.notDeepEqual(seededRandom('a')(32), seededRandom('b')(32));
  });
});

describe('fake clock', () => {
  it('fires timers in order, each at its own time, and those set meanwhile too', () => {
    const clock = new FakeClock(1000);
    const fired: [string, number][] = [];
    clock.schedule(1030, () => fired.push(['late', clock.now()]));
    clock.schedule(1010, () => {
      fired.push(['early', clock.now()]);
      clock.schedule(1020, () => fired.push(['nested', clock.now()]));
    });
    clock.schedule(1015, () => fired.push(['cancelled', clock.now()]))();
    clock.advance(30);
    assert.deepEqual(fired, [
      ['early', 1010],
      ['nested', 1020],
      ['late', 1030],
    ]);
    assert.equal(clock.pending, 0);
  });

  it('lets promises run between timers', async () => {
    const clock = new FakeClock();
    let woke = -1;
    void clock
      .sleep(10)
      .then(() => clock.sleep(10))
      .then(() => {
        woke = clock.now();
      });
    await clock.advanceAsync(25);
    assert.deepEqual([woke, clock.now()], [20, 25]);
  });
});

describe('recorded session', () => {
  const recorder = new SessionRecorder();
  recorder.add('server', fromHex('0102'));
  recorder.add('server', fromHex('03'));
  recorder.add('client', fromHex('0a0b'));
  recorder.add('server', fromHex('04'));
  const session: RecordedSession = recorder.finish('made up here');

  /** Answers the third byte it hears with `answer`. */
  const end = (answer: string) => {
    let heard = 0;
    let waiting = fromHex('');
    return {
      role: 'client' as const,
      receive: (bytes: Uint8Array) => {
        heard += bytes.length;
        if (heard === 3) waiting = fromHex(answer);
      },
      take: () => {
        const taken = waiting;
        waiting = fromHex('');
        return taken;
      },
    };
  };

  it('survives being written and read', () => {
    assert.deepEqual(parseRecordedSession(formatRecordedSession(session)), session);
    assert.equal(session.steps.length, 3);
  });

  it('accepts an end that says what was said then', () => {
    replay(session, end('0a0b'));
  });

  it('names the first byte that differs', () => {
    assert.throws(() => replay(session, end('0a0c')), /step 1, byte 1 .*recorded 0b…, now 0c/);
  });

  it('refuses an end that says too little or too much', () => {
    assert.throws(() => replay(session, end('0a')), /now nothing/);
    assert.throws(() => replay(session, end('0a0b0c')), /1 bytes more/);
  });
});
