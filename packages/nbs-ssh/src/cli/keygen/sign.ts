import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { signData } from '@nbs-ssh/transport/keys';
import { printable } from '@nbs-ssh/transport/wire';
import type { PrivateKey } from '../../keys/private-key.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { type MessageSigner, signMessage } from '../../keys/signed-message.ts';
import { expandPath } from '../../platform/platform.ts';
import { type Asking, mayOverwrite } from './asking.ts';
import { KeygenFailure } from './errors.ts';
import { createFile, digestOf, exists, readText, replaceFile } from './files.ts';
import { loadPrivate } from './load.ts';
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
 * The key that signs. A `.pub` file or a certificate stands for the private key beside it; a certificate is then shown
 * in the signature in place of the key.
 */
async function signerOf(options: KeygenOptions, asking: Asking): Promise<PrivateKey | MessageSigner> {
  const path = expandPath(options.file ?? '');
  const beside = ['-cert.pub', '.pub'].find((ending) => path.endsWith(ending));
  if (beside === undefined) return (await loadPrivate(path, options, asking)).key;
  const publicKey = PublicKey.parse(await readText(path, MAX_PUBLIC));
  const { key } = await loadPrivate(path.slice(0, -beside.length), options, asking);
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

const MAX_PUBLIC = 131_072;
