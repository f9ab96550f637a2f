import { sha256 } from '@noble/hashes/sha2.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import type { OneRoundKexSuite } from '../kex.ts';
import { type Kem, mlkemHybrid } from '../mlkem-hybrid.ts';
import { nobleX25519 } from './x25519.ts';

/** ML-KEM-768, FIPS 203 §8, table 3. */
export const nobleMlkem768: Kem = {
  seedLength: 64,
  messageLength: 32,
  publicLength: 1184,
  ciphertextLength: 1088,
  keygen: (seed) => ml_kem768.keygen(seed),
  encapsulate: (publicKey, message) => ml_kem768.encapsulate(publicKey, message),
  decapsulate: (ciphertext, secretKey) => ml_kem768.decapsulate(ciphertext, secretKey),
};

export const mlkem768x25519Sha256: OneRoundKexSuite = /* @__PURE__ */ mlkemHybrid(
  'mlkem768x25519-sha256',
  nobleMlkem768,
  nobleX25519,
  sha256,
);
