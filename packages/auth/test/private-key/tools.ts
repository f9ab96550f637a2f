import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Says whether a program can be started; tests that need it skip when it cannot. */
export function installed(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch (error) {
    // Any exit status means that it ran.
    return (
      (error as { status?: unknown }).status !== undefined && (error as { code?: string }).code !== 'ENOENT'
    );
  }
}

export const hasSshKeygen: boolean = installed('ssh-keygen', '-Q', 'key');
export const hasOpenssl: boolean = installed('openssl', 'version');
export const hasPuttygen: boolean = installed('puttygen', '--version');
if (!hasPuttygen) console.warn('puttygen is not installed: tests against it are skipped');
if (!hasSshKeygen) console.warn('ssh-keygen is not installed: tests against it are skipped');
if (!hasOpenssl) console.warn('openssl is not installed: tests against it are skipped');

/** Type and size, as arguments behind `-t`: ssh-keygen and puttygen call them the same. */
export const KEY_TYPES = [
  ['ed25519', []],
  ['ecdsa', ['-b', '256']],
  ['ecdsa', ['-b', '384']],
  ['ecdsa', ['-b', '521']],
  ['rsa', ['-b', '2048']],
] as const;

/** A directory for one test file; call `remove` in afterAll. */
export function workspace(): {
  readonly path: (name: string) => string;
  readonly run: (program: string, ...args: readonly string[]) => string;
  readonly read: (name: string) => string;
  readonly remove: () => void;
} {
  const directory = mkdtempSync(join(tmpdir(), 'nbs-auth-'));
  return {
    path: (name) => join(directory, name),
    run: (program, ...args) =>
      execFileSync(program, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    read: (name) => readFileSync(join(directory, name), 'utf8'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
