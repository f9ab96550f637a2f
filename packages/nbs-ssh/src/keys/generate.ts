import { setImmediate } from 'node:timers/promises';
import { checkNewKey, generateEcdsa, generateEd25519 } from '@nbs-ssh/auth';
import type { CryptoProvider, EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider, searchRsaKey } from '@nbs-ssh/transport/crypto/noble';
import { outsideAsync } from '../errors/outside.ts';
import { PrivateKey } from './private-key.ts';

export type GeneratedKeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface GenerateKeyOptions {
  /** RSA: 2048 to 16,384, default 3072. ECDSA: 256, 384 or 521, default 256. Ed25519 has one size: leave it out. */
  readonly bits?: number | undefined;
  readonly comment?: string | undefined;
  /** Default `nobleProvider`, which looks for RSA primes in JavaScript; `createNodeProvider()` leaves that to OpenSSL. */
  readonly crypto?: CryptoProvider | undefined;
  /** Ends a search for RSA primes that takes too long. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_RSA_BITS = 3072;
const CURVES: ReadonlyMap<number, EcdsaCurve> = /* @__PURE__ */ new Map<number, EcdsaCurve>([
  [256, 'nistp256'],
  [384, 'nistp384'],
  [521, 'nistp521'],
]);

/**
 * Makes a key pair. The key has signed and verified once before it is handed out.
 *
 * RSA takes its time: with 3072 bits about a second in JavaScript, and minutes with 16,384. Other work goes on meanwhile.
 *
 * @throws {TypeError} for an unknown type. @throws {RangeError} for a size that the type does not have.
 * @throws {SSHError} `CRYPTO_KEY_GENERATION` when random numbers are not random, or the new key does not work.
 */
export async function generateKey(
  type: GeneratedKeyType,
  options: GenerateKeyOptions = {},
): Promise<PrivateKey> {
  const { crypto = nobleProvider, comment = '' } = options;
  if (/[\r\n\0]/.test(comment)) throw new RangeError('a comment must not contain line breaks');
  const key = await outsideAsync(async () => checkNewKey(await newKey(type, options, crypto), crypto));
  return new PrivateKey(key, comment);
}

async function newKey(
  type: GeneratedKeyType,
  { bits, signal }: GenerateKeyOptions,
  crypto: CryptoProvider,
): Promise<PrivateKeyMaterial> {
  signal?.throwIfAborted();
  switch (type) {
    case 'ed25519':
      if (bits !== undefined && bits !== 256) throw new RangeError('an ed25519 key has 256 bits');
      return generateEd25519(crypto);
    case 'ecdsa': {
      const curve = CURVES.get(bits ?? 256);
      if (curve === undefined) throw new RangeError('an ecdsa key has 256, 384 or 521 bits');
      return generateEcdsa(curve, crypto);
    }
    case 'rsa':
      return await newRsaKey(bits ?? DEFAULT_RSA_BITS, crypto, signal);
    default:
      throw new TypeError(`the type of a key is ed25519, ecdsa or rsa, not ${String(type)}`);
  }
}

async function newRsaKey(
  bits: number,
  crypto: CryptoProvider,
  signal: AbortSignal | undefined,
): Promise<PrivateKeyMaterial> {
  const search = searchRsaKey(bits, crypto.random);
  // The first step checks the size.
  let step = search.next();
  const native = await crypto.generateRsa?.(bits);
  signal?.throwIfAborted();
  if (native !== undefined) return native;
  while (step.done !== true) {
    await setImmediate();
    signal?.throwIfAborted();
    step = search.next();
  }
  return step.value;
}
