import type { EvidenceBundle } from '@nbs-ssh/evidence/node';
import type { Channel, ChannelListener } from '@nbs-ssh/session';
import type { Secret, TraceValue } from '@nbs-ssh/transport/wire';
import { ChannelError, type ErrorContext, type SSHError } from '../errors/classes.ts';
import type { X11Options } from '../x11/options.ts';
import { type PtyOptions, ptyRequest } from './terminal.ts';

/** What a session channel is opened for, RFC 4254 §6.5. */
export type ProcessStart =
  | { readonly type: 'exec'; readonly command: string | Uint8Array }
  | { readonly type: 'shell' }
  | { readonly type: 'subsystem'; readonly name: string };

/** What running commands needs of a connection. */
export interface RemoteProcesses {
  /** @throws {SSHError} when the connection is not open. */
  readonly open: (listener: ChannelListener) => Channel;
  /** Asks for what is handed on to every command, if anything is. */
  readonly forwardAgent: (channel: Channel) => void;
  /** Asks for what {@link ProcessOptions.x11} says. @throws {TypeError | RangeError} */
  readonly forwardX11: (channel: Channel, options: true | X11Options) => void;
  /** Of every command, before its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly unixNow: () => number;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
  readonly toPublic: (error: unknown) => SSHError;
  readonly context: () => ErrorContext;
  readonly evidence: () => EvidenceBundle;
  /** Told each secret before it is sent, so that it never reaches evidence. */
  readonly register: (secret: Secret) => void;
}

export interface ProcessOptions {
  /** `true` for a terminal with defaults. Stdout and stderr then come as one. */
  readonly pty?: boolean | PtyOptions;
  /** Sent before the command. Servers accept few names and do not say which (`AcceptEnv`). */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Lets programs of the server use a display here: `true` for that of DISPLAY, untrusted. Default `false`. A server that does
   * not allow it runs the command without.
   */
  readonly x11?: boolean | X11Options;
}

/** How a remote process ended. */
export interface ProcessExit {
  /** `null` when a signal ended it, or the server did not say. */
  readonly exitCode: number | null;
  /** Name without `SIG`, for example `TERM`. */
  readonly signal: string | null;
}

const REFUSALS = {
  exec: ['CHANNEL_EXEC_REFUSED', 'the server refused to run the command'],
  shell: ['CHANNEL_SHELL_REFUSED', 'the server refused a shell'],
  subsystem: ['CHANNEL_SUBSYSTEM_REFUSED', 'the server does not have this subsystem'],
} as const;

/**
 * Opens a session channel and starts what `start` says on it. The requests follow the open at once, so that it costs two
 * round trips and not four.
 *
 * @returns the channel, and a promise of why it did not start; `undefined` when it did. It never rejects.
 */
export function startProcess(
  processes: RemoteProcesses,
  start: ProcessStart,
  options: ProcessOptions,
  listener: ChannelListener,
): { readonly channel: Channel; readonly started: Promise<SSHError | undefined> } {
  let ended = false;
  const channel = processes.open({
    ...listener,
    onRequest: (request, token) => {
      ended ||= request.type === 'exit-status' || request.type === 'exit-signal';
      listener.onRequest?.(request, token);
    },
  });
  const { pty, granted } = askToStart(processes, channel, start, options);
  const started = (async (): Promise<SSHError | undefined> => {
    const refusal = await channel.opened;
    if (refusal !== undefined) {
      return refused(
        processes,
        'CHANNEL_OPEN_REFUSED',
        `the server refused a session: ${refusal.description || `reason ${refusal.reason}`}`,
        'open',
      );
    }
    if ((await pty) === false && !channel.isClosed) {
      channel.abandon();
      return refused(processes, 'CHANNEL_PTY_REFUSED', 'the server refused a terminal', 'pty-req');
    }
    // Servers with threads may tell how a short command ended, and close, before they say that it was started.
    if (!(await granted) && !ended) {
      channel.abandon();
      const [code, message] = REFUSALS[start.type];
      return refused(processes, code, message, start.type);
    }
    return undefined;
  })();
  return { channel, started };
}

/** @throws {TypeError | RangeError | ChannelError} when an argument cannot be sent; the channel is then given up. */
function askToStart(
  processes: RemoteProcesses,
  channel: Channel,
  start: ProcessStart,
  { env, pty, x11 = false }: ProcessOptions,
): { readonly pty: Promise<boolean> | undefined; readonly granted: Promise<boolean> } {
  try {
    processes.forwardAgent(channel);
    if (x11 !== false) processes.forwardX11(channel, x11);
    for (const [name, value] of Object.entries({ ...processes.env, ...env })) {
      if (typeof value !== 'string') throw new TypeError(`the environment variable ${name} is no string`);
      channel.notify({ type: 'env', name, value });
    }
    return {
      pty: pty === undefined || pty === false ? undefined : channel.request(ptyRequest(pty)),
      granted: channel.request(start),
    };
  } catch (error) {
    channel.abandon();
    throw error instanceof TypeError || error instanceof RangeError ? error : processes.toPublic(error);
  }
}

function refused(processes: RemoteProcesses, code: string, message: string, reason: string): ChannelError {
  const context = { ...processes.context(), reason };
  return new ChannelError(message, { code, fault: 'peer', retryable: false, context });
}
