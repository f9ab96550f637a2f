import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';

/** The few primitives these tests need, from the platform: independent of the providers under test. */
export const testCrypto: Pick<CryptoProvider, 'hash' | 'hmac' | 'random'> = {
  random: (length) => new Uint8Array(randomBytes(length)),
  hash: (name, ...parts) => {
    const hash = createHash(name);
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  },
  hmac: (name, key, data) => new Uint8Array(createHmac(name, key).update(data).digest()),
};
