import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { wipe } from '../../wire/index.ts';
import type { Kem } from '../kem.ts';

/** Bytes of d ‖ z and of m, FIPS 203 §6.1 and §6.2, for every parameter set. */
const SEED = 64;
const MESSAGE = 32;

/** FIPS 203 §8, table 3. */
export const nobleMlkem768: Kem = /* @__PURE__ */ mlkem(ml_kem768, 1184, 1088);
export const nobleMlkem1024: Kem = /* @__PURE__ */ mlkem(ml_kem1024, 1568, 1568);

function mlkem(noble: typeof ml_kem768, publicLength: number, ciphertextLength: number): Kem {
  return {
    publicLength,
    ciphertextLength,
    keygen: (random) => {
      const seed = random(SEED);
      const keys = noble.keygen(seed);
      wipe(seed);
      return keys;
    },
    // Throws where the modulus check fails, FIPS 203 §7.2.
    encapsulate: (publicKey, random) => {
      const message = random(MESSAGE);
      try {
        const { cipherText, sharedSecret } = noble.encapsulate(publicKey, message);
        return { ciphertext: cipherText, sharedSecret };
      } finally {
        wipe(message);
      }
    },
    // Implicit rejection, FIPS 203 §6.3.
    decapsulate: (ciphertext, secretKey) => noble.decapsulate(ciphertext, secretKey),
  };
}
