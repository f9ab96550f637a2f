import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { ed25519Key } from './material.ts';

/** A new Ed25519 key, RFC 8032 §5.1.5: any 32 random bytes are a seed. */
export function generateEd25519(crypto: Pick<CryptoProvider, 'random'>): PrivateKeyMaterial {
  return ed25519Key(crypto.random(32), undefined, 'new key');
}
