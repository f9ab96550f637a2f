import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './file-lock.ts';
import { removeStalePamServices } from './pam-service.ts';
import { descendants, signalAll } from './process-tree.ts';
import { RUN_DIR_VARIABLE, RUN_PID_VARIABLE, scratchDir } from './scratch-dir.ts';
import { PID_FILE } from './services/service.ts';
import { removeAccount, removeStaleAccounts, type TestAccount } from './test-account.ts';

/** Runs once before all workers start; what it returns runs once after all have ended. */
export async function setup(): Promise<() => Promise<void>> {
  await removeStaleAccounts();
  removeStalePamServices();
  const dir = scratchDir('run');
  // The test account passes through here on its way to a server's authorized_keys.
  chmodSync(dir.path, 0o711);
  process.env[RUN_DIR_VARIABLE] = dir.path;
  process.env[RUN_PID_VARIABLE] = String(process.pid);
  return async () => {
    endServersOfKilledWorkers(dir.path);
    const file = join(dir.path, 'account.json');
    if (existsSync(file)) {
      const { username } = JSON.parse(readFileSync(file, 'utf8')) as TestAccount;
      await removeAccount(username);
    }
    removeStalePamServices();
    dir.remove();
  };
}

/** A server that was stopped has removed its folder, and its pid file with it. */
function endServersOfKilledWorkers(runDir: string): void {
  for (const name of readdirSync(runDir)) {
    const file = ['sshd.pid', PID_FILE].map((pidFile) => join(runDir, name, pidFile)).find(existsSync);
    if (file === undefined) continue;
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 0 && isAlive(pid)) signalAll([...descendants(pid), pid], 'SIGKILL');
  }
}
