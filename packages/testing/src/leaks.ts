/** Compares what keeps the process busy with what did at the beginning. */
export interface LeakCheck {
  /**
   * Waits until nothing is left that was not there before.
   *
   * @param withinMs - How long resources may take to go away. Default 10,000: a busy machine is slow to close a socket.
   * @throws {Error} naming every kind of resource that is left, or the rejection that nobody handled.
   */
  assertClean(withinMs?: number): Promise<void>;
  /** Stops listening for rejections without checking. `assertClean` does so by itself. */
  stop(): void;
}

/**
 * Takes the baseline. Call it before the first socket of a test and {@link LeakCheck.assertClean} after the last.
 *
 * Kinds are counted, not objects: a test that closes a socket it was lent hides one that it leaks.
 */
export function watchForLeaks(): LeakCheck {
  const baseline = activeResources();
  const rejections: unknown[] = [];
  const remember = (reason: unknown): void => {
    rejections.push(reason);
  };
  process.on('unhandledRejection', remember);
  const stop = (): void => {
    process.off('unhandledRejection', remember);
  };
  return {
    stop,
    assertClean: async (withinMs = 10_000) => {
      const deadline = performance.now() + withinMs;
      let left = leftOver(baseline);
      while (left.length > 0 && performance.now() < deadline) {
        // Immediates only: a timer of ours would count as a leak.
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
        left = leftOver(baseline);
      }
      // Unhandled rejections are reported after the microtasks of the turn they happened in.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      stop();
      if (left.length > 0) throw new Error(`still active after ${withinMs} ms: ${left.join(', ')}`);
      if (rejections.length > 0) throw new Error('a rejection was not handled', { cause: rejections[0] });
    },
  };
}

/** Not a sign of anything: one-shot work that ends by itself, and our own polling. */
const PASSING = new Set([
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'TickObject',
  'CloseReq',
  'ShutdownWrap',
]);

function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function leftOver(baseline: ReadonlyMap<string, number>): string[] {
  return [...activeResources()].flatMap(([kind, count]) => {
    const more = count - (baseline.get(kind) ?? 0);
    return more > 0 ? [`${more} × ${kind}`] : [];
  });
}
