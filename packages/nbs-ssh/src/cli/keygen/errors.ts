import { isSshsigError } from '@nbs-ssh/auth';
import { AgentError, KeyLoadError, SSHError } from '../../errors/classes.ts';
import { type Explanation, explain } from '../explain.ts';
import { NoAnswer } from '../prompt.ts';
import { UsageError } from '../usage.ts';

/** Something that the user can do something about, in a sentence each. */
export class KeygenFailure extends Error {
  override readonly name = 'KeygenFailure';
  readonly remedy: string;
  /** As ssh-keygen: 1 where the user said no, otherwise 255. */
  readonly exitCode: number;

  constructor(message: string, remedy: string, exitCode = 255) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** A file that cannot be read or written, by the system's code. */
export function fileFailure(path: string, doing: 'read' | 'written', error: unknown): KeygenFailure {
  const code = (error as { readonly code?: unknown } | null)?.code;
  const known = typeof code === 'string' && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  const remedy = doing === 'read' ? 'Check the path.' : 'Name a file in a folder that you may write to.';
  return new KeygenFailure(`${path} cannot be ${doing}: ${known ?? String(code ?? error)}.`, remedy);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'you may not do that',
  EPERM: 'you may not do that',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EEXIST: 'it exists already',
};

/** Cause, remedy and exit status of whatever ended the command. */
export function explainKeygen(error: unknown): Explanation & { readonly exitCode: number } {
  if (error instanceof KeygenFailure) {
    return { cause: error.message, remedy: error.remedy, exitCode: error.exitCode };
  }
  if (error instanceof UsageError) {
    const { message: cause, remedy = 'nbs-ssh keygen --help lists the options.' } = error;
    return { cause, remedy, exitCode: 1 };
  }
  if (error instanceof NoAnswer) {
    return { cause: `Nothing was answered: ${error.message}.`, remedy: 'Run it again.', exitCode: 1 };
  }
  if (error instanceof KeyLoadError) return { ...explainKey(error), exitCode: 255 };
  if (error instanceof AgentError) {
    const remedy = 'Look at SSH_AUTH_SOCK and ssh-add -l, or give -f the private key itself.';
    return { cause: `The agent did not sign: ${error.message}.`, remedy, exitCode: 255 };
  }
  const below = error instanceof SSHError ? error.context.originalError : error;
  if (isSshsigError(below)) {
    const cause = `${sentence(below.message.slice(below.code.length + 2))}.`;
    return { cause, remedy: 'Repair the file, or make it anew.', exitCode: 255 };
  }
  return { ...explain(error), exitCode: 255 };
}

function explainKey(error: KeyLoadError): Explanation {
  const file = error.context.path ?? 'The key';
  switch (error.reason) {
    case 'file_not_found':
      return { cause: `There is no key file ${file}.`, remedy: 'Check the path given with -f.' };
    case 'permission_denied':
      return {
        cause: `${sentence(error.message)}.`,
        remedy: 'Make the file yours and private: chmod 600 FILE.',
      };
    case 'passphrase_required':
      return {
        cause: `${file} is encrypted, and there is no passphrase for it.`,
        remedy: 'Run it in a terminal to type the passphrase, or set NBS_SSH_PASSPHRASE.',
      };
    case 'wrong_passphrase':
      return {
        cause: `The passphrase does not open ${file === 'The key' ? 'the key' : file}, or the file is damaged.`,
        remedy: 'Type it again, or set NBS_SSH_PASSPHRASE to the right one.',
      };
    default:
      return { cause: `${sentence(error.message)}.`, remedy: 'Check the path, and that it is a key file.' };
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
