import { createCipheriv, createDecipheriv } from 'node:crypto';
import { wipe } from '../../wire/index.ts';
import type { DirectionKeys, StreamCipherSuite, StreamTransform } from '../cipher.ts';

/** `model` computed by the platform: one cipher object for a whole direction, which keeps the last block. */
export function nodeCbc(model: StreamCipherSuite): StreamCipherSuite {
  const algorithm = model.blockLength === 8 ? 'des-ede3-cbc' : `aes-${model.keyLength * 8}-cbc`;
  const transform =
    (create: typeof createCipheriv | typeof createDecipheriv) =>
    ({ key, iv }: DirectionKeys): StreamTransform => {
      const cipher = create(algorithm, key, iv);
      // Without it the last block would be held back, in case it is padding.
      cipher.setAutoPadding(false);
      wipe(key, iv);
      return {
        apply: (bytes) => bytes.set(cipher.update(bytes)),
        wipe: () => undefined,
      };
    };
  return { ...model, encryptor: transform(createCipheriv), decryptor: transform(createDecipheriv) };
}
