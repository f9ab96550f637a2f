import type { KeyLoadError } from '../errors/classes.ts';
import type { Explanation } from './explain.ts';

/** Why a private key could not be used, with its file: a configuration may name several. */
export function explainKey(error: KeyLoadError): Explanation {
  const { path } = error.context;
  const file = path ?? 'a private key';
  const theKey = path === undefined ? 'the private key' : `the private key ${path}`;
  switch (error.reason) {
    case 'file_not_found':
      return {
        cause: `There is no key file ${file}.`,
        remedy: 'Check the path given with -i, or as IdentityFile in the configuration.',
      };
    case 'permission_denied':
      return { cause: `The key file cannot be used: ${error.message}.`, remedy: permissionRemedy(path) };
    case 'passphrase_required':
      return {
        cause: `T${theKey.slice(1)} is encrypted, and there is no passphrase for it.`,
        remedy: 'Run it in a terminal to type the passphrase, or set NBS_SSH_PASSPHRASE.',
      };
    case 'wrong_passphrase':
      return {
        cause: `The passphrase does not open ${theKey}, or the file is damaged.`,
        remedy: 'Type it again, or set NBS_SSH_PASSPHRASE to the right one.',
      };
    case 'invalid_format':
      return {
        cause: `The file is no private key that could be read: ${error.message}.`,
        remedy: 'Give -i the private key, not the .pub file, and check it with: nbs-ssh keygen -y -f FILE.',
      };
    default:
      return {
        cause: `The private key is of a kind that is not supported: ${error.message}.`,
        remedy: 'Do what the message says, or make a new key with: nbs-ssh keygen -t ed25519.',
      };
  }
}

/** Everybody may read a public key, so that its mode is not what is wrong with it. */
function permissionRemedy(path: string | undefined): string {
  if (path?.endsWith('.pub') === true) {
    return 'Give -i the private key; a .pub file does only for a key in an agent, and no agent is set (SSH_AUTH_SOCK).';
  }
  return `Make the file yours and private: chmod 600 ${path === undefined ? 'FILE' : `'${path}'`}.`;
}
