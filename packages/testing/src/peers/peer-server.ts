import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '../scratch-dir.ts';
import type { PeerServer } from './peer.ts';
import { type PeerCommand, startPeerProcess } from './peer-process.ts';

/** What a launcher has made ready in the folder of its server. */
export interface PeerPlan {
  readonly command: (port: number) => PeerCommand;
  readonly username: string;
  readonly clientKey?: string;
  readonly password?: string;
  /** One `type base64` for each host key; what stands behind is cut off. */
  readonly hostKeys: readonly string[];
}

/** Work that is undone in the opposite order, for example the removal of an account. */
export type OnStop = (step: () => void | Promise<void>) => void;

/** Makes a folder, lets `prepare` fill it, and starts the server it describes. All is gone after `stop`. */
export async function startPeer(
  name: string,
  prepare: (dir: string, onStop: OnStop) => Promise<PeerPlan>,
): Promise<PeerServer> {
  const steps: (() => void | Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  };
  try {
    const scratch = scratchDir(name);
    steps.push(scratch.remove);
    // The account that logs in may have to read what is in it.
    chmodSync(scratch.path, 0o755);
    const plan = await prepare(scratch.path, (step) => steps.push(step));
    const server = await startPeerProcess(plan.command);
    steps.push(server.stop);
    const hostKeys = plan.hostKeys.map((line) => line.split(' ').slice(0, 2).join(' '));
    const knownHosts = join(scratch.path, 'known_hosts');
    writeFileSync(knownHosts, hostKeys.map((key) => `[127.0.0.1]:${server.port} ${key}\n`).join(''));
    return {
      host: '127.0.0.1',
      port: server.port,
      identification: server.identification,
      username: plan.username,
      clientKey: plan.clientKey,
      password: plan.password,
      hostKeys,
      knownHosts,
      log: server.log,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
