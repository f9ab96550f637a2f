import type { SSHEvent } from '@nbs-ssh/evidence';
import type { Ask } from '../interaction/credentials.ts';

/** The place of a connection inside another one that goes through it. */
export interface Seat {
  /** Its name in errors and events, `user@host:port`. */
  readonly hop: string;
  /** Asks a person: meanwhile the deadline of the outer connection stands still too. */
  readonly ask: Ask;
  /** Takes this connection's events into the outer one's evidence, marked with {@link hop}. */
  readonly record: (event: SSHEvent) => void;
}
