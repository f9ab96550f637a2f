import type { Prompter } from '../prompt.ts';
import type { EnvironmentSecrets } from '../secrets.ts';
import { KeygenFailure } from './errors.ts';
import type { KeygenOptions } from './options.ts';

/** What the actions need from the user. */
export interface Asking {
  readonly prompter: Prompter | undefined;
  readonly secrets: EnvironmentSecrets;
}

/** Times that a new passphrase is asked for when the two do not agree. */
const TRIES = 3;

/**
 * A new passphrase; `''` for none. It is typed twice, because nobody sees what is typed.
 *
 * @param environment - Whether NBS_SSH_PASSPHRASE is meant: not where it opens the key that gets a new one.
 */
export async function newPassphrase(
  options: KeygenOptions,
  { prompter, secrets }: Asking,
  environment: boolean,
): Promise<string> {
  if (options.newPassphrase !== undefined) return options.newPassphrase;
  if (environment && secrets.passphrase !== undefined) return secrets.passphrase;
  if (prompter === undefined) {
    throw new KeygenFailure(
      'There is no terminal to ask for the new passphrase on.',
      environment
        ? "Give it as NBS_SSH_PASSPHRASE, or none with -N ''."
        : "Give it with -N, or none with -N ''.",
      1,
    );
  }
  for (let tries = 0; tries < TRIES; tries += 1) {
    const first = await prompter.ask('New passphrase (empty for none): ', { echo: false });
    const second = await prompter.ask('The same again: ', { echo: false });
    if (first === second) return first;
  }
  throw new KeygenFailure('The two passphrases were not the same.', 'Run it again.', 1);
}

/** The passphrase of an existing key, for when it is needed. `undefined` when there is no way to get one. */
export function oldPassphrase(
  options: KeygenOptions,
  { prompter, secrets }: Asking,
  path: string,
): (() => Promise<string>) | undefined {
  const given = options.oldPassphrase ?? secrets.passphrase;
  if (given !== undefined) return async () => given;
  return prompter === undefined ? undefined : () => prompter.ask(`Passphrase for ${path}: `, { echo: false });
}

/** @throws {KeygenFailure} with exit status 1 when the answer is no, and when there is nobody to ask. */
export async function mayOverwrite(path: string, { prompter }: Asking): Promise<void> {
  if (prompter === undefined) {
    throw new KeygenFailure(`${path} exists already, and it is not overwritten.`, 'Choose another file.', 1);
  }
  const answer = await prompter.ask(`${path} exists already. Overwrite it (y/n)? `, { echo: true });
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new KeygenFailure(`${path} was left as it is.`, 'Choose another file.', 1);
}
