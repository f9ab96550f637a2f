import type { Clock } from '../clock.ts';

/** The runtime's own clock. Timers keep the process alive: a session that waits is work. */
export const systemClock: Clock = {
  now: () => performance.now(),
  unixNow: () => Date.now(),
  after: (milliseconds, run) => {
    // A longer delay than a timer can hold would fire at once.
    const timer = setTimeout(run, Math.min(milliseconds, 0x7fff_ffff));
    return () => clearTimeout(timer);
  },
};
