/** Time as the driver sees it. Injected, so that tests own it and core code needs no timer global. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Unix time in milliseconds, for the timestamps in evidence. */
  unixNow(): number;
  /** Calls `run` once, after `milliseconds`. @returns a function that cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}
