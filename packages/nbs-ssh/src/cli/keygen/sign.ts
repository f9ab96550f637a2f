import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { signData } from '@nbs-ssh/transport/keys';
import { printable } from '@nbs-ssh/transport/wire';
import { createAgentSigner } from '../../agent/agent-signer.ts';
import type { PrivateKey } from '../../keys/private-key.ts';
import { type MessageSigner, signMessage } from '../../keys/signed-message.ts';
import { expandPath } from '../../platform/platform.ts';
import { type Asking, mayOverwrite } from './asking.ts';
import { KeygenFailure } from './errors.ts';
import { createFile, digestOf, exists, replaceFile } from './files.ts';
import { loadPrivate, loadPublic } from './load.ts';
import type { KeygenOptions } from './options.ts';

export interface SignOutput {
  /** What belongs on standard output: a signature of standard input. */
  readonly write: (text: string) => void;
  /** What happens, on standard error. */
  readonly tell: (line: string) => void;
}

const SIGNATURE_MODE = 0o644;

/** Signs each file into FILE.sig, or standard input onto standard output. */
export async function signFiles(options: KeygenOptions, asking: Asking, output: SignOutput): Promise<void> {
  const signer = await signerOf(options, asking);
  const files = options.operands.length === 0 ? ['-'] : options.operands;
  for (const file of files) await signFile(file, signer, options, asking, output);
}

async function signFile(
  file: string,
  signer: PrivateKey | MessageSigner,
  options: KeygenOptions,
  asking: Asking,
  { write, tell }: SignOutput,
): Promise<void> {
  const { namespace = '', messageHash: hash } = options;
  const shown = printable(file, 1024);
  tell(file === '-' ? 'Signing data on standard input' : `Signing file ${shown}`);
  const digest = await digestOf(file, hash);
  const armored = await signMessage({ digest }, signer, { namespace, hash, crypto: createNodeProvider() });
  if (file === '-') return write(armored);
  const target = `${file}.sig`;
  if (await exists(target)) {
    await mayOverwrite(printable(target, 1024), asking);
    await replaceFile(target, armored, SIGNATURE_MODE);
  } else await createFile(target, armored, SIGNATURE_MODE);
  tell(`Write signature to ${printable(target, 1024)}`);
}

/**
 * The key that signs. A `.pub` file or a certificate stands for the private key beside it, or in the agent when there is
 * none there; a certificate is then shown in the signature in place of the key.
 */
async function signerOf(options: KeygenOptions, asking: Asking): Promise<PrivateKey | MessageSigner> {
  const path = expandPath(options.file ?? '');
  if (options.agent) return createAgentSigner(await loadPublic(path, options, asking));
  const ending = ['-cert.pub', '.pub'].find((candidate) => path.endsWith(candidate));
  if (ending === undefined) return (await loadPrivate(path, options, asking)).key;
  const publicKey = await loadPublic(path, options, asking);
  const beside = path.slice(0, -ending.length);
  if (!(await exists(beside))) return createAgentSigner(publicKey);
  const { key } = await loadPrivate(beside, options, asking);
  if (publicKey.fingerprint() !== key.publicKey.fingerprint()) {
    throw new KeygenFailure(
      `The private key beside ${printable(path, 1024)} is another one.`,
      'Give -f the private key itself.',
    );
  }
  const provider = createNodeProvider();
  return {
    publicKey,
    sign: (algorithm, data) => signData(provider, algorithm, key.material, data),
  };
}
