import { generateKeyPair, type JsonWebKey } from 'node:crypto';
import type { PrivateKeyMaterial } from '../signature.ts';

/** RSA keys by OpenSSL, in a thread of its own. @returns `undefined` where the runtime cannot. */
export function nodeGenerateRsa(bits: number): Promise<PrivateKeyMaterial | undefined> {
  return new Promise((resolve) => {
    try {
      generateKeyPair('rsa', { modulusLength: bits, publicExponent: 0x10001 }, (error, _, privateKey) => {
        resolve(error === null ? quietly(() => materialOf(privateKey.export({ format: 'jwk' }))) : undefined);
      });
    } catch {
      resolve(undefined);
    }
  });
}

/** The numbers of RFC 7518 §6.3.2. @throws {TypeError} when one is missing. */
function materialOf(jwk: JsonWebKey): PrivateKeyMaterial {
  const number = (name: string): bigint => {
    const value = jwk[name];
    if (typeof value !== 'string' || value === '')
      throw new TypeError('an RSA key without all of its numbers');
    return BigInt(`0x${Buffer.from(value, 'base64url').toString('hex')}`);
  };
  return {
    type: 'rsa',
    n: number('n'),
    e: number('e'),
    d: number('d'),
    p: number('p'),
    q: number('q'),
    iqmp: number('qi'),
  };
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
