import { x25519 } from '@noble/curves/ed25519.js';
import type { DiffieHellman } from '../ecdh.ts';
import { ecdhKex, isAllZero } from '../ecdh.ts';
import type { OneRoundKexSuite } from '../kex.ts';

const LENGTH = 32;

/** X25519, RFC 7748 §5. */
export const nobleX25519: DiffieHellman = {
  publicLength: LENGTH,
  newSecret: (random) => random(LENGTH),
  publicValue: (secret) => x25519.getPublicKey(secret),
  shared: (secret, peer) => {
    try {
      // Throws for an all-zero result; a later version that returns it would be caught just the same.
      const shared = x25519.getSharedSecret(secret, peer);
      return isAllZero(shared) ? 'weak' : shared;
    } catch {
      return 'weak';
    }
  },
};

/** RFC 8731. */
export const curve25519Sha256: OneRoundKexSuite = /* @__PURE__ */ ecdhKex(
  'curve25519-sha256',
  'sha256',
  nobleX25519,
);
/** The same under the name it had before it was standardised. */
export const curve25519Sha256Libssh: OneRoundKexSuite = /* @__PURE__ */ ecdhKex(
  'curve25519-sha256@libssh.org',
  'sha256',
  nobleX25519,
);
