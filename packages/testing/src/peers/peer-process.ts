import { setTimeout as delay } from 'node:timers/promises';
import { firstLine } from '../first-line.ts';
import { freePort } from '../free-port.ts';
import { stopTree } from '../process-tree.ts';
import { watchProcess } from '../watched-process.ts';

export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface PeerProcess {
  readonly port: number;
  readonly identification: string;
  readonly log: () => string;
  /** Ends the server and everything it has started. */
  readonly stop: () => Promise<void>;
}

/** Servers on a virtual machine of their own take seconds, and a loaded machine makes that worse. */
const START_DEADLINE_MS = 60_000;
const RETRY_MS = 25;
/** Somebody may take a free port between asking for it and the server's bind. */
const PORT_ATTEMPTS = 5;

/** Starts a server in the foreground and resolves once it has identified itself on its port. */
export async function startPeerProcess(command: (port: number) => PeerCommand): Promise<PeerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const result = await tryToStart(command(port), port);
    if ('identification' in result) return result;
    const taken = /address already (in use|used)|EADDRINUSE|bind/i.test(result.said);
    if (!taken || attempt === PORT_ATTEMPTS) throw new Error(result.said);
  }
}

async function tryToStart(command: PeerCommand, port: number): Promise<PeerProcess | { said: string }> {
  const { program, args, env } = command;
  const { child, log, isAlive, trouble } = watchProcess(program, args, { env: { ...process.env, ...env } });
  const stop = (): Promise<void> => stopTree(child);
  const deadline = Date.now() + START_DEADLINE_MS;
  let last = '';
  while (isAlive() && Date.now() < deadline) {
    try {
      const { identification } = await firstLine(port);
      return { port, identification, log, stop };
    } catch (error) {
      last = (error as Error).message;
      await delay(RETRY_MS);
    }
  }
  const why = trouble(`nothing on port ${port}: ${last}`);
  await stop();
  return { said: `${program}: ${why}\n${log()}` };
}
