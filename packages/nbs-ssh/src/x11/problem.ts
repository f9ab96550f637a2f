import type { X11SetupProblem } from '@nbs-ssh/channels';

/** Why a program of the server does not get to the display. */
export type X11Reason =
  | X11SetupProblem
  /** The server opened a channel that no session asked for. */
  | 'not_requested'
  /** Too many programs at a time. */
  | 'too_many'
  /** Its cookie is none that was given out: it does not come from a session of ours. */
  | 'wrong_cookie'
  /** The cookie was right, and is too old. */
  | 'expired'
  /** It did not say anything for too long, or the display did not answer. */
  | 'timeout'
  /** It ended before it had said what it is authorized by. */
  | 'ended'
  | 'display_unreachable'
  /** xauth made no cookie for untrusted programs. */
  | 'no_untrusted_cookie'
  /** The Xauthority file cannot be read. */
  | 'no_xauthority'
  /** The connection is over. */
  | 'closed';

/** What went wrong on the way to the display; stays inside this folder. */
export class X11Problem extends Error {
  readonly reason: X11Reason;

  constructor(reason: X11Reason, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}
