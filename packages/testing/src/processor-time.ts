/** The larger size is so many times the smaller. */
const GROWTH = 8;
/** Eight times the size may take three times what is linear; quadratic would be eight times. */
const TOLERANCE = 3;
/** Milliseconds of processor time for what has nothing to do with the size, such as collecting garbage. */
const SLACK = 100;
/** Other work on the machine is not ours, and rarely disturbs so many runs in a row. */
const RUNS = 3;

/**
 * Holds work to taking time in proportion to its size: on a slow or busy machine both sizes take longer.
 *
 * @param small - So small that even a quadratic mistake ends in seconds at eight times the size.
 * @throws {Error} when eight times the size takes more than three times eight times the processor time.
 */
export function assertLinear(small: number, work: (size: number) => unknown): void {
  assertWithin(
    () => work(small * GROWTH),
    () => work(small),
    GROWTH * TOLERANCE,
  );
}

/**
 * Holds work to being cheap, compared with other work on the same machine.
 *
 * @throws {Error} when `work` takes more than `times` the processor time of `yardstick`.
 */
export function assertWithin(work: () => unknown, yardstick: () => unknown, times: number): void {
  const bound = times * processorTime(yardstick, 0) + SLACK;
  const took = processorTime(work, bound);
  if (took > bound)
    throw new Error(`${took.toFixed(1)} ms of processor time, where ${bound.toFixed(1)} are enough`);
}

/** Milliseconds, the least of some runs, which end early when one took no more than `enough`. */
function processorTime(run: () => unknown, enough: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < RUNS && least > enough; count += 1) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
