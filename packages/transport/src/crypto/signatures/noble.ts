import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { SignatureSuite } from '../signature.ts';
import { sshDss } from './dss.ts';
import { ecdsaSha2Nistp256, ecdsaSha2Nistp384, ecdsaSha2Nistp521 } from './ecdsa.ts';
import { sshEd25519 } from './ed25519.ts';
import { rsaSuite, SHA1_DIGEST_INFO, SHA256_DIGEST_INFO, SHA512_DIGEST_INFO } from './rsa.ts';
import { securityKeySuites } from './security-key.ts';

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

/** RFC 4253 §6.6. Collisions of SHA-1 can be bought, RFC 8332 §1 therefore replaced it. */
export const sshRsa: SignatureSuite = /* @__PURE__ */ rsaSuite({
  name: 'ssh-rsa',
  digest: sha1,
  digestInfo: SHA1_DIGEST_INFO,
});

/** For {@link CryptoProvider.insecure}: SHA-1, and DSA whose 160 bits were meant for the year 2010. */
export const nobleInsecureSignatures: readonly SignatureSuite[] = [sshRsa, sshDss];

/** Those that sign here, most wanted first. */
export const plainSignatures: readonly SignatureSuite[] = [
  sshEd25519,
  ecdsaSha2Nistp256,
  ecdsaSha2Nistp384,
  ecdsaSha2Nistp521,
  rsaSha2512,
  rsaSha2256,
];

/** Signature algorithms in pure JavaScript, most wanted first. SHA-1 (`ssh-rsa`) and DSA are not among them. */
export const nobleSignatures: readonly SignatureSuite[] = [
  ...plainSignatures,
  .../* @__PURE__ */ securityKeySuites(plainSignatures),
];
