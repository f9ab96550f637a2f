import { createCipheriv } from 'node:crypto';
import { wipe } from '../../wire/index.ts';
import type { DirectionKeys, StreamCipherSuite, StreamTransform } from '../cipher.ts';

/** `model` computed by the platform: one cipher object for a whole direction, which keeps the counter. */
export function nodeAesCtr(model: StreamCipherSuite): StreamCipherSuite {
  const transform = ({ key, iv }: DirectionKeys): StreamTransform => {
    const cipher = createCipheriv(`aes-${model.keyLength * 8}-ctr`, key, iv);
    wipe(key, iv);
    return {
      apply: (bytes) => bytes.set(cipher.update(bytes)),
      // OpenSSL clears its key schedule with the object.
      wipe: () => undefined,
    };
  };
  return { ...model, encryptor: transform, decryptor: transform };
}
