import { sha256 } from '@noble/hashes/sha2.js';
import { concat, utf8 } from '../../wire/index.ts';
import { cryptoError } from '../errors.ts';
import type { PublicKeyMaterial, SecurityKeyMaterial, SignatureSuite } from '../signature.ts';
import { SECURITY_KEY_TAIL } from './security-key-flags.ts';

/**
 * A signature by a FIDO authenticator, OpenSSH PROTOCOL.u2f: the plain algorithm over
 * `SHA256(application) ‖ flags ‖ counter ‖ SHA256(data)`.
 *
 * This says whether the authenticator signed. Whether somebody touched it is in the flags, which the signature
 * covers, and is for `keys` to ask.
 *
 * @param base - Verifies the plain signature. It hashes by itself.
 */
function securityKeySuite(type: SecurityKeyMaterial['type'], base: SignatureSuite): SignatureSuite {
  const name = type === 'sk-ed25519' ? 'sk-ssh-ed25519@openssh.com' : 'sk-ecdsa-sha2-nistp256@openssh.com';
  return {
    name,
    keyType: name,
    verify: (publicKey, data, signature) => {
      if (publicKey.type !== type || signature.length <= SECURITY_KEY_TAIL) return false;
      const split = signature.length - SECURITY_KEY_TAIL;
      const application = sha256(utf8(publicKey.application));
      const signed = concat(application, signature.subarray(split), sha256(data));
      return base.verify(plainKey(publicKey), signed, signature.subarray(0, split));
    },
    sign: (privateKey) => {
      throw cryptoError('CRYPTO_KEY_TYPE', { algorithm: name, keyType: privateKey.type });
    },
  };
}

/** The two algorithms of authenticators, over those of `plain`. They verify and never sign. */
export function securityKeySuites(plain: readonly SignatureSuite[]): readonly SignatureSuite[] {
  return (['sk-ed25519', 'sk-ecdsa'] as const).flatMap((type) => {
    const base = plain.find(({ name }) => name === BASES[type]);
    return base === undefined ? [] : [securityKeySuite(type, base)];
  });
}

const BASES = { 'sk-ed25519': 'ssh-ed25519', 'sk-ecdsa': 'ecdsa-sha2-nistp256' } as const;

/** Plain keys of keys in use: a provider may keep something per key. */
const plainKeys = new WeakMap<SecurityKeyMaterial, PublicKeyMaterial>();

function plainKey(key: SecurityKeyMaterial): PublicKeyMaterial {
  let plain = plainKeys.get(key);
  if (plain === undefined) {
    plain =
      key.type === 'sk-ed25519'
        ? { type: 'ed25519', publicKey: key.publicKey }
        : { type: 'ecdsa', curve: key.curve, point: key.point };
    plainKeys.set(key, plain);
  }
  return plain;
}
