import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { hybridKex } from '../hybrid.ts';
import type { Kem } from '../kem.ts';
import type { OneRoundKexSuite } from '../kex.ts';
import { sntrup761 } from '../sntrup761/index.ts';
import { nobleNistp256, nobleNistp384 } from './ecdh-nist.ts';
import { nobleHash } from './hashes.ts';
import { nobleMlkem768, nobleMlkem1024 } from './mlkem.ts';
import { nobleX25519 } from './x25519.ts';

const nobleSntrup761: Kem = /* @__PURE__ */ sntrup761((...parts) => nobleHash('sha512', ...parts));

/** RFC 9941. */
export const sntrup761x25519Sha512: OneRoundKexSuite = /* @__PURE__ */ hybridKex(
  'sntrup761x25519-sha512',
  'sha512',
  nobleSntrup761,
  nobleX25519,
  sha512,
);
/** The same under the name it had before it was standardised. */
export const sntrup761x25519Sha512Openssh: OneRoundKexSuite = /* @__PURE__ */ hybridKex(
  'sntrup761x25519-sha512@openssh.com',
  'sha512',
  nobleSntrup761,
  nobleX25519,
  sha512,
);
/** draft-ietf-sshm-mlkem-hybrid-kex §2.3: three of them. */
export const mlkem768x25519Sha256: OneRoundKexSuite = /* @__PURE__ */ hybridKex(
  'mlkem768x25519-sha256',
  'sha256',
  nobleMlkem768,
  nobleX25519,
  sha256,
);
export const mlkem768nistp256Sha256: OneRoundKexSuite = /* @__PURE__ */ hybridKex(
  'mlkem768nistp256-sha256',
  'sha256',
  nobleMlkem768,
  nobleNistp256,
  sha256,
);
export const mlkem1024nistp384Sha384: OneRoundKexSuite = /* @__PURE__ */ hybridKex(
  'mlkem1024nistp384-sha384',
  'sha384',
  nobleMlkem1024,
  nobleNistp384,
  sha384,
);
