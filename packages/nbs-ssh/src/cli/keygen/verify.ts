import {
  type AllowedSigners,
  isSshsigError,
  MAX_SSHSIG,
  parseAllowedSigners,
  parseSshsig,
  principalsMatching,
  principalsOfKey,
  type Sshsig,
} from '@nbs-ssh/auth';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { printable } from '@nbs-ssh/transport/wire';
import type { PublicKey } from '../../keys/public-key.ts';
import { type MessageProblem, signatureOf, verifyMessage } from '../../keys/signed-message.ts';
import { expandPath } from '../../platform/platform.ts';
import { KeygenFailure } from './errors.ts';
import { digestOf, readText } from './files.ts';
import type { KeygenOptions } from './options.ts';

export interface VerifyOutput {
  /** Results, on standard output. */
  readonly say: (line: string) => void;
  /** Warnings, on standard error. */
  readonly tell: (line: string) => void;
}

/** Whether the signer that is named signed what comes on standard input. */
export async function verify(options: KeygenOptions, output: VerifyOutput): Promise<void> {
  const { namespace = '', identity = '', revoked, verifyTime } = options;
  const { armored, sshsig } = await readSignature(options);
  const file = expandPath(options.file ?? '');
  const allowedSigners = await readText(file);
  const revokedKeys = revoked === undefined ? undefined : await readText(expandPath(revoked));
  const digest = await digestOf('-', sshsig.hash);
  const verdict = verifyMessage({ digest }, armored, {
    namespace,
    identity,
    allowedSigners,
    revokedKeys,
    at: verifyTime === undefined ? undefined : new Date(verifyTime * 1000),
    crypto: createNodeProvider(),
  });
  warn(file, verdict, output);
  if (!verdict.valid) throw refused(verdict.reason, options, output, verdict.publicKey, verdict.certificate);
  good(verdict.publicKey, options, output, ` for ${printable(identity)}`);
}

/** Whether the signature is right for what comes on standard input, whoever made it. */
export async function checkOnly(options: KeygenOptions, output: VerifyOutput): Promise<void> {
  const { armored, sshsig } = await readSignature(options);
  const digest = await digestOf('-', sshsig.hash);
  const verdict = signatureOf({ digest }, armored, options.namespace ?? '', createNodeProvider());
  if (!verdict.valid) throw refused(verdict.reason, options, output, verdict.publicKey);
  good(verdict.publicKey, options, output, '');
}

/** Who may sign with the key of a signature. */
export async function findPrincipals(options: KeygenOptions, output: VerifyOutput): Promise<void> {
  const { sshsig } = await readSignature(options);
  const signers = await readSigners(options, output);
  const now = options.verifyTime ?? Math.floor(Date.now() / 1000);
  tellPrincipals(principalsOfKey(createNodeProvider(), signers, sshsig.publicKey, now), output);
}

/** Which lines mean the signer that is named. */
export async function matchPrincipals(options: KeygenOptions, output: VerifyOutput): Promise<void> {
  tellPrincipals(principalsMatching(await readSigners(options, output), options.identity ?? ''), output);
}

function tellPrincipals(principals: readonly string[], { say }: VerifyOutput): void {
  if (principals.length === 0) {
    throw new KeygenFailure('No principal matched.', 'Check the file of allowed signers (-f).');
  }
  for (const principal of principals) say(printable(principal, 1024));
}

async function readSigners(options: KeygenOptions, output: VerifyOutput): Promise<AllowedSigners> {
  const file = expandPath(options.file ?? '');
  const signers = parseAllowedSigners(await readText(file));
  warn(file, signers, output);
  return signers;
}

function warn(file: string, { warnings }: Pick<AllowedSigners, 'warnings'>, { tell }: VerifyOutput): void {
  for (const { line, problem } of warnings) tell(`${printable(file, 1024)}:${line}: ${problem}`);
}

async function readSignature(
  options: KeygenOptions,
): Promise<{ readonly armored: string; readonly sshsig: Sshsig }> {
  const path = expandPath(options.signature ?? '');
  const armored = await readText(path, MAX_SSHSIG);
  try {
    return { armored, sshsig: parseSshsig(armored) };
  } catch (error) {
    if (!isSshsigError(error)) throw error;
    const why = error.message.slice(error.code.length + 2);
    throw new KeygenFailure(
      `${printable(path, 1024)} cannot be used: ${why}.`,
      'Check the path given with -s.',
    );
  }
}

function good(
  key: PublicKey,
  { namespace = '', printKey, quiet }: KeygenOptions,
  { say }: VerifyOutput,
  signer: string,
): void {
  if (!quiet) {
    say(`Good "${printable(namespace)}" signature${signer} with ${key.label} key ${key.fingerprint()}`);
  }
  if (printKey) say(key.line);
}

const WHY: Readonly<Record<MessageProblem, readonly [cause: string, remedy: string]>> = {
  malformed: ['it is no signature of a message', 'Check the path given with -s.'],
  namespace: ['it was made for another purpose', 'Give the namespace (-n) that it was made for.'],
  signature: [
    'it does not belong to this message',
    'Check that the message is complete and unchanged, and that it is its signature.',
  ],
  revoked: ['its key is revoked', 'Do not trust it; ask the signer for one by another key.'],
  'unknown-signer': [
    'its key is not allowed for this signer',
    'Check the name (-I), and the file of allowed signers (-f).',
  ],
  'namespace-not-allowed': [
    'its key is not allowed for this purpose',
    'Check namespaces= in the file of allowed signers.',
  ],
  'not-yet-valid': ['its key was not valid yet', 'Check valid-after= in the file of allowed signers.'],
  certificate: [
    'the certificate of its signer does not hold',
    'Ask the signer for one with a new certificate.',
  ],
  expired: ['its key was not valid any more', 'Check valid-before= in the file of allowed signers.'],
};

function refused(
  problem: MessageProblem,
  { quiet }: KeygenOptions,
  { say }: VerifyOutput,
  key: PublicKey | undefined,
  certificate?: string,
): KeygenFailure {
  // The words that scripts look for in the output of ssh-keygen.
  if (!quiet) say('Could not verify signature.');
  const [cause, remedy] = WHY[problem];
  const by = key === undefined ? '' : ` (${key.label} key ${key.fingerprint()})`;
  const detail = certificate === undefined ? '' : `, ${certificate}`;
  return new KeygenFailure(`The signature is not good: ${cause}${detail}${by}.`, remedy);
}
