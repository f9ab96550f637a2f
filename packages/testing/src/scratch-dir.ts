import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Set by the global set-up of a test run: a folder that all its worker processes share. */
export const RUN_DIR_VARIABLE = 'NBS_SSH_TEST_RUN_DIR';
/** Set beside it: the process that lives as long as the run. Workers come and go with each file. */
export const RUN_PID_VARIABLE = 'NBS_SSH_TEST_RUN_PID';

/** A folder of its own, gone when the owner is done with it. */
export interface ScratchDir extends Disposable {
  readonly path: string;
  /** Removes the folder and everything in it. May be called more than once. */
  remove(): void;
}

/**
 * Makes a folder, inside the test run's folder when there is one: the teardown then removes what a killed
 * worker left.
 *
 * @param purpose - A word for the folder's name, so that a left-over tells where it came from.
 */
export function scratchDir(purpose: string): ScratchDir {
  const path = mkdtempSync(join(process.env[RUN_DIR_VARIABLE] ?? tmpdir(), `nbs-ssh-${purpose}-`));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  return { path, remove, [Symbol.dispose]: remove };
}
