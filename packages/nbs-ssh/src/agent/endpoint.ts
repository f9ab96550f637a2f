import { connect as connectSocket } from 'node:net';
import type { ByteDuplex } from '@nbs-ssh/session';
import { fromSocket } from '@nbs-ssh/session/node';
import { whenConnected } from '../connection/dial.ts';
import { currentPlatform, expandPath, type Platform } from '../platform/platform.ts';

/** Where OpenSSH's agent listens on Windows when nothing else is said. */
const WINDOWS_PIPE = '\\\\.\\pipe\\openssh-ssh-agent';

/** Something that answers as an agent does: {@link Agent}, or an adapter of your own. */
export interface AgentEndpoint {
  /** Opens one connection. @throws what the operating system says, with its `code`; `signal.reason` when aborted. */
  connect(signal: AbortSignal): Promise<ByteDuplex>;
}

/** The socket or pipe that a path or the environment names; `undefined` when nothing names one. */
export function agentPath(path?: string, on: Platform = currentPlatform()): string | undefined {
  const named = path ?? (on.env['SSH_AUTH_SOCK'] || (on.windows ? WINDOWS_PIPE : undefined));
  // A pipe's name is no path of files, and has no variables in it.
  return named === undefined || named.startsWith('\\\\') ? named : expandPath(named, on);
}

/** The agent behind a unix socket or a Windows pipe. */
export function socketEndpoint(path: string): AgentEndpoint {
  return {
    connect: async (signal) => {
      signal.throwIfAborted();
      const socket = connectSocket({ path });
      await whenConnected(socket, signal);
      return fromSocket(socket);
    },
  };
}

/**
 * One connection. An endpoint that ignores the signal does not keep us waiting: what it opens too late is closed.
 *
 * @throws what the endpoint says; `signal.reason` when aborted.
 */
export async function dialAgent(endpoint: AgentEndpoint, signal: AbortSignal): Promise<ByteDuplex> {
  const connecting = endpoint.connect(signal);
  let onAbort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([connecting, aborted]);
  } catch (error) {
    connecting.then(
      (late) => Promise.allSettled([late.readable.getReader().cancel(), late.writable.getWriter().abort()]),
      () => {},
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
