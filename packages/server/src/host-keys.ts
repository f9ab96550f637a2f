import { generateEd25519, parsePrivateKey } from '@nbs-ssh/auth';
import type { HostKey } from '@nbs-ssh/transport';
import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { publicKeyOf } from '@nbs-ssh/transport/keys';

/** The text of an unencrypted private key file, or the key itself. */
export type HostKeySource = string | Uint8Array | PrivateKeyMaterial;

/**
 * Loads the host keys, or makes an Ed25519 key that lives as long as the server when there are none.
 *
 * @throws {PrivateKeyError} when a text is not a usable private key. @throws {RangeError} for two keys of one type:
 *   negotiation could not tell them apart.
 */
export function loadHostKeys(
  sources: readonly HostKeySource[] | undefined,
  crypto: CryptoProvider,
): readonly HostKey[] {
  const keys = sources?.map((source) => loadKey(source, crypto)) ?? [generateEd25519(crypto)];
  if (keys.length === 0) throw new RangeError('hostKeys must not be empty; leave it out to have a key made');
  const loaded = keys.map((privateKey) => ({ privateKey, publicKey: publicKeyOf(privateKey) }));
  const types = loaded.map((key) => key.publicKey.keyType);
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) throw new RangeError(`two host keys of type ${twice}`);
  return loaded;
}

function loadKey(source: HostKeySource, crypto: CryptoProvider): PrivateKeyMaterial {
  const isText = typeof source === 'string' || source instanceof Uint8Array;
  return isText ? parsePrivateKey(source, { crypto }).key : source;
}
