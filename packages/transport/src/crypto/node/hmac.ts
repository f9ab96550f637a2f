import { createHmac, createSecretKey } from 'node:crypto';
import { wipe } from '../../wire/index.ts';
import type { MacSuite } from '../cipher.ts';

/** `model` computed by the platform. */
export function nodeHmac(model: MacSuite, hash: 'sha1' | 'sha256' | 'sha512'): MacSuite {
  return {
    ...model,
    create: (key) => {
      const secret = createSecretKey(key);
      wipe(key);
      const number = new Uint8Array(4);
      const view = new DataView(number.buffer);
      return {
        compute: (sequence, bytes) => {
          view.setUint32(0, sequence);
          return createHmac(hash, secret).update(number).update(bytes).digest();
        },
        wipe: () => undefined,
      };
    },
  };
}
