import type { GlobalRequestToken } from '@nbs-ssh/channels';
import type { ChannelTable, Clock } from '@nbs-ssh/session';
import { transportError } from '@nbs-ssh/transport';
import type { SshError, TraceValue } from '@nbs-ssh/transport/wire';
import { askInTime } from '../bounded.ts';
import type { ServerLimits } from '../options.ts';
import type { ForwardingClient } from './policy.ts';
import type { ForwardingRules, Rule } from './rules.ts';

/** What forwarding needs of its connection. */
export interface ForwardAround {
  readonly channels: ChannelTable;
  readonly clock: Clock;
  readonly limits: ServerLimits;
  readonly rules: ForwardingRules;
  readonly client: ForwardingClient;
  readonly trace: (name: string, fields: Readonly<Record<string, TraceValue>>) => void;
  /** Answers a global request, which wants no answer where there is no token. */
  readonly reply: (token: GlobalRequestToken | undefined, success: boolean, data?: Uint8Array) => void;
  /** The connection ends with this: the client said something that makes no sense, or we are broken. */
  readonly fail: (error: SshError) => void;
  /** A policy threw or took too long. */
  readonly onError: (error: SshError) => void;
}

/** Asks a policy, in bounded time. `false` also when it throws, or `signal` is aborted. */
export async function permits<Target>(
  { clock, limits, client, onError }: ForwardAround,
  rule: Rule<Target>,
  target: Target,
  signal: AbortSignal,
): Promise<boolean> {
  const { handler } = rule;
  if (handler === undefined) return rule.permits(target, client) === true;
  const asking = { clock, limitSec: limits.authHandlerSec, handler, onError };
  const { answer, giveUp } = askInTime(
    asking,
    false,
    async () => (await rule.permits(target, client)) === true,
  );
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await answer;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** The error for what must not happen: the connection ends with it, and nobody waits for an answer that does not come. */
export const defect = (cause: unknown): SshError =>
  transportError('TRANSPORT_INTERNAL', { what: 'forwarding failed' }, { cause });
