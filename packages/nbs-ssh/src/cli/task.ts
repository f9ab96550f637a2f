import type { SSHConnection } from '../connection/connection.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import type { Settings } from './config-options.ts';
import type { Forwards } from './forwards.ts';
import type { Interrupts } from './interrupts.ts';
import type { Plan } from './plan.ts';
import type { Report } from './report.ts';
import { UsageError } from './usage.ts';

/** What the connection is for. */
export type Task =
  | { readonly type: 'shell' }
  | { readonly type: 'command'; readonly command: string }
  | { readonly type: 'subsystem'; readonly name: string }
  /** Standard input and output are those of a TCP connection from the server. */
  | { readonly type: 'pipe'; readonly host: string; readonly port: number }
  /** Nothing by itself: it stays for the forwards. */
  | { readonly type: 'none' };

/** What a task works with. */
export interface Workplace {
  /** Logged in. */
  readonly connection: SSHConnection;
  readonly plan: Plan;
  readonly report: Report;
  readonly interrupts: Interrupts;
  readonly forwards: Forwards;
}

/** How a task ended, as far as the server said. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** @param command - Of the command line. @throws {UsageError} when the options ask for several things at once. */
export function taskOf(command: string | undefined, { pipe }: Settings, target: HostSettings): Task {
  if (pipe !== undefined || target.sessionType === 'none') {
    if (command !== undefined) {
      throw new UsageError(
        `A command was given, and ${pipe === undefined ? '-N (SessionType none)' : '-W'} runs none.`,
        'Leave one of the two out.',
      );
    }
    return pipe === undefined ? { type: 'none' } : { type: 'pipe', ...pipe };
  }
  const run = commandOf(command, target);
  if (target.sessionType === 'subsystem') {
    if (run !== undefined && run !== '') return { type: 'subsystem', name: run };
    throw new UsageError(
      'No subsystem was named, and -s (SessionType subsystem) asks for one.',
      'Write its name behind the host, for example: nbs-ssh -s user@host sftp.',
    );
  }
  return run === undefined || run === '' ? { type: 'shell' } : { type: 'command', command: run };
}

/** As with ssh: one of the two only. */
function commandOf(command: string | undefined, { remoteCommand }: HostSettings): string | undefined {
  if (command === undefined || remoteCommand === undefined) return command ?? remoteCommand;
  throw new UsageError(
    'The configuration has a RemoteCommand for this host, and a command was given too.',
    'Leave the command out, or add -o RemoteCommand=none.',
  );
}
