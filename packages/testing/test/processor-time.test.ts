import assert from 'node:assert/strict';
import { assertLinear, assertWithin } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';

/** Work of so many steps that cannot be left out. */
function steps(count: number): number {
  let state = 1;
  for (let i = 0; i < count; i += 1) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

describe('time of the processor', () => {
  it('that grows with the size is fine, with its square is not', () => {
    assertLinear(10_000, (size) => steps(100 * size));
    assert.throws(() => assertLinear(10_000, (size) => steps((size * size) / 10)), /ms of processor time/);
  });

  it('is compared with that of other work', () => {
    assertWithin(
      () => steps(1e7),
      () => steps(1e7),
      3,
    );
    assert.throws(
      () =>
        assertWithin(
          () => steps(2e8),
          () => steps(1e5),
          3,
        ),
      /ms of processor time/,
    );
  });
});
