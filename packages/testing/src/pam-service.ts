import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './file-lock.ts';

/** PAM reads its stacks from one system folder only, so a name must be unique on the machine. */
const PAM_DIR = '/etc/pam.d';
const PREFIX = 'nbsssh-';

/** Only root can give PAM a stack; elsewhere prompts cannot be tested. */
export function pamAvailable(): boolean {
  return existsSync(PAM_DIR) && process.getuid?.() === 0;
}

/** A PAM stack for one server. */
export interface PamService {
  readonly name: string;
  readonly remove: () => void;
}

/** @param stack - Lines of the file, for example `auth required pam_unix.so`. */
export function writePamService(stack: readonly string[]): PamService {
  serial += 1;
  const name = `${PREFIX}${process.pid}-${serial}`;
  const path = join(PAM_DIR, name);
  writeFileSync(path, `${stack.join('\n')}\n`, { flag: 'wx' });
  return { name, remove: () => rmSync(path, { force: true }) };
}
let serial = 0;

/** Removes the stacks of processes that were killed before they could do so. */
export function removeStalePamServices(): void {
  if (!pamAvailable()) return;
  for (const name of readdirSync(PAM_DIR)) {
    if (name.startsWith(PREFIX) && !isAlive(Number.parseInt(name.slice(PREFIX.length), 10))) {
      rmSync(join(PAM_DIR, name), { force: true });
    }
  }
}
