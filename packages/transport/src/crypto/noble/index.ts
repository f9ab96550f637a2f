import { randomBytes } from '@noble/hashes/utils.js';
import { chacha20Poly1305 } from '../chacha20-poly1305.ts';
import type { CryptoProvider } from '../provider.ts';
import { nobleInsecureSignatures, nobleSignatures } from '../signatures/noble.ts';
import { aes128Ctr, aes192Ctr, aes256Ctr } from './aes-ctr.ts';
import { aes128Gcm, aes256Gcm } from './aes-gcm.ts';
import { aes128Cbc, aes192Cbc, aes256Cbc, tripleDesCbcSuite } from './cbc.ts';
import {
  dhGroup1Sha1,
  dhGroup14Sha1,
  dhGroup14Sha256,
  dhGroup16Sha512,
  dhGroup18Sha512,
  dhGroupExchangeSha256,
} from './dh.ts';
import { ecdhNistp256, ecdhNistp384, ecdhNistp521 } from './ecdh-nist.ts';
import { nobleHash, nobleHmac } from './hashes.ts';
import { hmacSha1, hmacSha1Etm, hmacSha256, hmacSha256Etm, hmacSha512, hmacSha512Etm } from './hmac.ts';
import {
  mlkem768nistp256Sha256,
  mlkem768x25519Sha256,
  mlkem1024nistp384Sha384,
  sntrup761x25519Sha512,
  sntrup761x25519Sha512Openssh,
} from './hybrids.ts';
import { curve25519Sha256, curve25519Sha256Libssh } from './x25519.ts';

/** Everything in JavaScript: runs wherever there is a `crypto.getRandomValues`. */
export const nobleProvider: CryptoProvider = {
  name: 'noble',
  random: randomBytes,
  hash: nobleHash,
  hmac: nobleHmac,
  kex: [
    mlkem768x25519Sha256,
    sntrup761x25519Sha512,
    sntrup761x25519Sha512Openssh,
    mlkem768nistp256Sha256,
    mlkem1024nistp384Sha384,
    curve25519Sha256,
    curve25519Sha256Libssh,
    ecdhNistp256,
    ecdhNistp384,
    ecdhNistp521,
    dhGroup14Sha256,
    dhGroup16Sha512,
    dhGroup18Sha512,
    dhGroupExchangeSha256,
  ],
  signatures: nobleSignatures,
  // AES without hardware is some ten times slower than ChaCha20.
  ciphers: [chacha20Poly1305, aes256Gcm, aes128Gcm, aes128Ctr, aes192Ctr, aes256Ctr],
  macs: [hmacSha256Etm, hmacSha512Etm, hmacSha256, hmacSha512],
  insecure: {
    kex: [dhGroup14Sha1, dhGroup1Sha1],
    signatures: nobleInsecureSignatures,
    ciphers: [aes128Cbc, aes192Cbc, aes256Cbc, tripleDesCbcSuite],
    macs: [hmacSha1Etm, hmacSha1],
  },
};

export { chacha20Poly1305 } from '../chacha20-poly1305.ts';
export { searchRsaKey } from '../signatures/rsa-search.ts';
export { aes128Ctr, aes192Ctr, aes256Ctr } from './aes-ctr.ts';
export { aes128Gcm, aes256Gcm } from './aes-gcm.ts';
export { aes128Cbc, aes192Cbc, aes256Cbc, tripleDesCbcSuite } from './cbc.ts';
export {
  dhGroup1Sha1,
  dhGroup14Sha1,
  dhGroup14Sha256,
  dhGroup16Sha512,
  dhGroup18Sha512,
  dhGroupExchangeSha256,
} from './dh.ts';
export { ecdhNistp256, ecdhNistp384, ecdhNistp521 } from './ecdh-nist.ts';
export { nobleHash, nobleHmac } from './hashes.ts';
export { hmacSha1, hmacSha1Etm, hmacSha256, hmacSha256Etm, hmacSha512, hmacSha512Etm } from './hmac.ts';
export {
  mlkem768nistp256Sha256,
  mlkem768x25519Sha256,
  mlkem1024nistp384Sha384,
  sntrup761x25519Sha512,
  sntrup761x25519Sha512Openssh,
} from './hybrids.ts';
export { curve25519Sha256, curve25519Sha256Libssh } from './x25519.ts';
