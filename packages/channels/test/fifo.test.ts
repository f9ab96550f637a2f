import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import { Fifo } from '../src/fifo.ts';

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
