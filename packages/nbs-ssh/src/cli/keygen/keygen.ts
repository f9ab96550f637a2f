import { stderr, stdout } from 'node:process';
import { openPrompter } from '../prompt.ts';
import type { EnvironmentSecrets } from '../secrets.ts';
import type { Asking } from './asking.ts';
import { explainKeygen } from './errors.ts';
import { findHost, hashHosts, removeHost } from './known-hosts.ts';
import { changeComment, changePassphrase, make } from './make.ts';
import { type KeygenOptions, parseKeygen } from './options.ts';
import { exportPublic, importPublic, showFingerprints, showPublic } from './show.ts';
import { signFiles } from './sign.ts';
import { KEYGEN_HELP } from './usage.ts';
import { checkOnly, findPrincipals, matchPrincipals, verify } from './verify.ts';

/** Runs `nbs-ssh keygen`. @returns the exit status. */
export async function keygen(args: readonly string[], secrets: EnvironmentSecrets): Promise<number> {
  try {
    const options = parseKeygen(args);
    await run(options, { prompter: openPrompter(), secrets });
    return 0;
  } catch (error) {
    const { cause, remedy, exitCode } = explainKeygen(error);
    stderr.write(`nbs-ssh: ${cause}\nnbs-ssh: ${remedy}\n`);
    return exitCode;
  }
}

async function run(options: KeygenOptions, asking: Asking): Promise<void> {
  const write = (text: string): void => void stdout.write(text);
  const say = (line: string): void => write(`${line}\n`);
  const unlessQuiet = (out: (line: string) => void): ((line: string) => void) =>
    options.quiet ? () => {} : out;
  const tell = (line: string): void => void stderr.write(`${line}\n`);
  switch (options.action) {
    case 'help':
      return write(KEYGEN_HELP);
    case 'generate':
      return await make(options, asking, unlessQuiet(say));
    case 'passphrase':
      return await changePassphrase(options, asking, unlessQuiet(say));
    case 'comment':
      return await changeComment(options, asking, unlessQuiet(say));
    case 'public':
      return await showPublic(options, asking, say);
    case 'fingerprint':
      return await showFingerprints(options, asking, say);
    case 'export':
      return await exportPublic(options, asking, say);
    case 'import':
      return await importPublic(options, asking, say);
    case 'find-host':
      return await findHost(options, { say, tell });
    case 'remove-host':
      return await removeHost(options, { say, tell });
    case 'hash-hosts':
      return await hashHosts(options, { say, tell });
    case 'sign':
      return await signFiles(options, asking, { write, tell: unlessQuiet(tell) });
    case 'verify':
      return await verify(options, { say, tell });
    case 'check-novalidate':
      return await checkOnly(options, { say, tell });
    case 'find-principals':
      return await findPrincipals(options, { say, tell });
    case 'match-principals':
      return await matchPrincipals(options, { say, tell });
  }
}
