import { isPrivateKeyError, parsePublicKeyText, privateKeyPublicPart } from '@nbs-ssh/auth';
import { readCertificateFile, readKeyFile } from '@nbs-ssh/auth/node';
import { formatPublicKeyLine, isKeysError, parseKeyOrCertificate } from '@nbs-ssh/transport/keys';
import { fromUtf8Lossy } from '@nbs-ssh/transport/wire';

/** What the file of an identity says about its public half. */
export interface Identity {
  /** `keytype base64`; `undefined` where it cannot be told without opening the key. */
  readonly line: string | undefined;
  /** The file is a public key: the private one is elsewhere, in an agent. */
  readonly publicOnly: boolean;
}

/**
 * The public half of an identity, from the private key file where that shows it, else from `PATH.pub`, or the file
 * itself when it is a public key. Whatever is wrong with a file comes out when the key itself is used.
 */
export async function readIdentity(path: string): Promise<Identity> {
  const content = await readKeyFile(path, { allowShared: true }).catch(() => undefined);
  const stated = content === undefined ? undefined : statedLine(content);
  if (stated !== undefined) return stated;
  return {
    line: await readCertificateFile(`${path}.pub`).then(publicLine, () => undefined),
    publicOnly: false,
  };
}

/** @returns `undefined` for a private key that does not show its public half, and for what is no key. */
function statedLine(content: Uint8Array): Identity | undefined {
  try {
    const part = privateKeyPublicPart(content);
    return part && { line: formatPublicKeyLine(part.publicKey), publicOnly: false };
  } catch (error) {
    if (!isPrivateKeyError(error)) throw error;
    const line = publicLine(fromUtf8Lossy(content));
    return line === undefined ? undefined : { line, publicOnly: true };
  } finally {
    content.fill(0);
  }
}

function publicLine(text: string): string | undefined {
  try {
    const parsed = parsePublicKeyText(text, parseKeyOrCertificate);
    return parsed && formatPublicKeyLine(parsed.publicKey);
  } catch (error) {
    if (!isKeysError(error)) throw error;
    return undefined;
  }
}
