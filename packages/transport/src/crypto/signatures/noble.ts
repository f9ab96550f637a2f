import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { SignatureSuite } from '../signature.ts';
import { ecdsaSha2Nistp256, ecdsaSha2Nistp384, ecdsaSha2Nistp521 } from './ecdsa.ts';
import { sshEd25519 } from './ed25519.ts';
import { rsaSuite, SHA256_DIGEST_INFO, SHA512_DIGEST_INFO } from './rsa.ts';

/** RFC 8332 §3. */
export const rsaSha2512: SignatureSuite = /* @__PURE__ */ rsaSuite({
  name: 'rsa-sha2-512',
  digest: sha512,
  digestInfo: SHA512_DIGEST_INFO,
});
/** RFC 8332 §3. */
export const rsaSha2256: SignatureSuite = /* @__PURE__ */ rsaSuite({
  name: 'rsa-sha2-256',
  digest: sha256,
  digestInfo: SHA256_DIGEST_INFO,
});

/** Signature algorithms in pure JavaScript, most wanted first. SHA-1 (`ssh-rsa`) and DSA are not among them. */
export const nobleSignatures: readonly SignatureSuite[] = [
  sshEd25519,
  ecdsaSha2Nistp256,
  ecdsaSha2Nistp384,
  ecdsaSha2Nistp521,
  rsaSha2512,
  rsaSha2256,
];
