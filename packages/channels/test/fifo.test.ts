import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import { Fifo } from '../src/fifo.ts';
import { creditAfterRead } from '../src/index.ts';
import { ReceiveWindow } from '../src/window.ts';

describe('Fifo', () => {
  it('behaves like an array with push and shift, also across its compaction', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 12 }), (moves) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const move of moves) {
          for (let i = 0; i < move; i += 1) {
            fifo.push(next);
            model.push(next);
            next += 1;
          }
          for (let i = 0; i > move; i -= 1) assert.equal(fifo.shift(), model.shift());
          assert.equal(fifo.length, model.length);
          assert.equal(fifo.at(0), model[0]);
          assert.equal(fifo.at(model.length - 1), model.at(-1));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('window credit', () => {
  it('waits for half the window and never exceeds what was consumed', () => {
    assert.equal(creditAfterRead(1000, 499), 0);
    assert.equal(creditAfterRead(1000, 500), 500);
    assert.equal(creditAfterRead(1, 1), 1);
  });

  it('neither creates nor loses a byte', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(fc.nat(600)), (size, steps) => {
        const window = new ReceiveWindow(size);
        let owed = 0;
        for (const step of steps) {
          window.take(Math.min(step, window.remaining));
          const read = Math.min(step, window.unread);
          owed += read - window.credit(read);
          assert.equal(window.remaining + window.unread + owed, size);
          assert.isBelow(owed * 2, size);
        }
      }),
    );
  });
});
