import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Bytes that this process holds on to: what is reachable on the heap, and the buffers beside it.
 *
 * Collects first, so that garbage, whose amount depends on how busy the machine is, is not counted. A collection takes
 * some 20 ms: take a sample now and then, not for each event.
 */
export function liveMemory(): number {
  collect ??= collector();
  collect();
  // Buffers that the first collection found dead may be given back by another thread; the second one waits for it.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The collector of V8, which is hidden without a flag. Flags count for contexts made after them. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
