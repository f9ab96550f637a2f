import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EcdsaCurve, PrivateKeyMaterial, PublicKeyMaterial } from '@nbs-ssh/transport/crypto';
import { fromHex } from '@nbs-ssh/transport/wire';
import { nodeSignatures } from '../../../src/crypto/node/signatures.ts';
import { nobleSignatures } from '../../../src/crypto/signatures/noble.ts';

export const PROVIDERS = [
  { name: 'noble', signatures: nobleSignatures },
  { name: 'node', signatures: nodeSignatures },
] as const;

export type Suites = (typeof PROVIDERS)[number]['signatures'];

export function suite(signatures: Suites, name: string): Suites[number] {
  const found = signatures.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no suite ${name}`);
  return found;
}

/** Those that sign: keys in an authenticator are only verified. */
export function signing(signatures: Suites): Suites {
  return signatures.filter(({ name }) => !name.startsWith('sk-'));
}

/** A file under `test-vectors/`, as JSON. */
export function vectors<T>(path: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../../../../test-vectors/${path}`, import.meta.url), 'utf8'),
  ) as T;
}

export const hexToBigint = (hex: string): bigint => BigInt(`0x${hex}`);

const NODE_CURVES: { readonly [C in EcdsaCurve]: string } = {
  nistp256: 'P-256',
  nistp384: 'P-384',
  nistp521: 'P-521',
};

/** A new key pair by `node:crypto`, as our material. */
export function newKey(keyType: string): PrivateKeyMaterial {
  if (keyType === 'ssh-ed25519') {
    const jwk = exported(generateKeyPairSync('ed25519').privateKey);
    return { type: 'ed25519', seed: jwk.bytes('d'), publicKey: jwk.bytes('x') };
  }
  if (keyType === 'ssh-rsa') {
    const jwk = exported(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    const number = (name: string): bigint => hexToBigint(Buffer.from(jwk.bytes(name)).toString('hex'));
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
  const curve = keyType.replace('ecdsa-sha2-', '') as EcdsaCurve;
  const jwk = exported(generateKeyPairSync('ec', { namedCurve: NODE_CURVES[curve] }).privateKey);
  const point = Uint8Array.of(4, ...jwk.bytes('x'), ...jwk.bytes('y'));
  return { type: 'ecdsa', curve, secret: jwk.bytes('d'), point };
}

function exported(key: KeyObject): { bytes: (name: string) => Uint8Array } {
  const jwk = key.export({ format: 'jwk' });
  return { bytes: (name) => new Uint8Array(Buffer.from(String(jwk[name]), 'base64url')) };
}

export function publicHalf(key: PrivateKeyMaterial): PublicKeyMaterial {
  if (key.type === 'ed25519') return { type: 'ed25519', publicKey: key.publicKey };
  if (key.type === 'ecdsa') return { type: 'ecdsa', curve: key.curve, point: key.point };
  return { type: 'rsa', n: key.n, e: key.e };
}

export interface RsaVectorKey {
  readonly bits: number;
  readonly n: string;
  readonly e: string;
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly iqmp: string;
  readonly signatures: readonly { readonly algorithm: string; readonly signature: string }[];
}

/** A fixed RSA key of the vectors: making one takes a second or so in the worst case. */
export function rsaVectorKey(bits: 2048 | 3072): Extract<PrivateKeyMaterial, { type: 'rsa' }> {
  const { keys } = vectors<{ keys: readonly RsaVectorKey[] }>('signatures/rsa-openssl.json');
  const key = keys.find((candidate) => candidate.bits === bits);
  if (key === undefined) throw new Error(`no key of ${bits} bits`);
  return rsaMaterial(key);
}

export function rsaMaterial(key: RsaVectorKey): Extract<PrivateKeyMaterial, { type: 'rsa' }> {
  return {
    type: 'rsa',
    n: hexToBigint(key.n),
    e: hexToBigint(key.e),
    d: hexToBigint(key.d),
    p: hexToBigint(key.p),
    q: hexToBigint(key.q),
    iqmp: hexToBigint(key.iqmp),
  };
}

export const bytes = fromHex;
