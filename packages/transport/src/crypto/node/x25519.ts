import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { type DiffieHellman, isAllZero } from '../ecdh.ts';
import { own } from './bytes.ts';

const LENGTH = 32;
/** RFC 8037 §2 wants an `x` beside every `d`; for a private key OpenSSL reads `d` only. */
const NO_X = base64url(new Uint8Array(LENGTH));

/**
 * X25519 of the platform. The key pair is not made by it but from our random bytes, because the provider's `random`
 * is the only source of randomness. Keys go in as JWK: their DER form takes OpenSSL 3 ten times as long to decode.
 */
export const nodeX25519: DiffieHellman = {
  publicLength: LENGTH,
  newSecret: (random) => random(LENGTH),
  publicValue: (secret) => {
    const { x } = createPublicKey(privateKey(secret)).export({ format: 'jwk' });
    if (x === undefined) throw new TypeError('an X25519 key without x');
    return own(Buffer.from(x, 'base64url'));
  },
  shared: (secret, peer) => {
    try {
      const publicKey = createPublicKey({
        key: { kty: 'OKP', crv: 'X25519', x: base64url(peer) },
        format: 'jwk',
      });
      const shared = own(diffieHellman({ privateKey: privateKey(secret), publicKey }));
      return isAllZero(shared) ? 'weak' : shared;
    } catch {
      // OpenSSL itself refuses an all-zero result; it has nothing else against 32 bytes.
      return 'weak';
    }
  },
};

function privateKey(secret: Uint8Array): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({
    key: { kty: 'OKP', crv: 'X25519', x: NO_X, d: base64url(secret) },
    format: 'jwk',
  });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
