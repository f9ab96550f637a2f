import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { CHash } from '@noble/hashes/utils.js';
import { wipe } from '../../wire/index.ts';
import type { MacSuite } from '../cipher.ts';

/** RFC 6668 §2. */
export const hmacSha256: MacSuite = /* @__PURE__ */ suite('hmac-sha2-256', sha256, 32, false);
export const hmacSha512: MacSuite = /* @__PURE__ */ suite('hmac-sha2-512', sha512, 64, false);
/** OpenSSH PROTOCOL §1.5: the same over the ciphertext. */
export const hmacSha256Etm: MacSuite = /* @__PURE__ */ suite(
  'hmac-sha2-256-etm@openssh.com',
  sha256,
  32,
  true,
);
export const hmacSha512Etm: MacSuite = /* @__PURE__ */ suite(
  'hmac-sha2-512-etm@openssh.com',
  sha512,
  64,
  true,
);

/** RFC 4253 §6.4, for {@link CryptoProvider.insecure}: HMAC with SHA-1 is not broken, but nothing new should use it. */
export const hmacSha1: MacSuite = /* @__PURE__ */ suite('hmac-sha1', sha1, 20, false);
export const hmacSha1Etm: MacSuite = /* @__PURE__ */ suite('hmac-sha1-etm@openssh.com', sha1, 20, true);

function suite(name: string, hash: CHash, length: number, etm: boolean): MacSuite {
  return {
    name,
    keyLength: length,
    tagLength: length,
    etm,
    create: (key) => {
      // Both key blocks are hashed once; each packet begins from a copy of that state.
      const keyed = hmac.create(hash, key);
      const state = keyed.clone();
      wipe(key);
      const number = new Uint8Array(4);
      const view = new DataView(number.buffer);
      const tag = new Uint8Array(length);
      return {
        compute: (sequence, bytes) => {
          view.setUint32(0, sequence);
          keyed._cloneInto(state).update(number).update(bytes).digestInto(tag);
          return tag;
        },
        wipe: () => {
          keyed.destroy();
          state.destroy();
          wipe(tag);
        },
      };
    },
  };
}
