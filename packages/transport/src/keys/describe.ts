import type { PublicKeyMaterial } from '../crypto/index.ts';
import { bitLength } from '../crypto/modular.ts';
import type { PublicKey } from './types.ts';

const CURVE_BITS = { nistp256: 256, nistp384: 384, nistp521: 521 } as const;

/** Size of a key as people speak of it: of the modulus, or of the curve. */
export function keyBits(material: PublicKeyMaterial): number {
  switch (material.type) {
    case 'ed25519':
    case 'sk-ed25519':
      return 256;
    case 'ecdsa':
    case 'sk-ecdsa':
      return CURVE_BITS[material.curve];
    case 'rsa':
      return bitLength(material.n);
    case 'dss':
      return bitLength(material.p);
  }
}

const LABELS: { readonly [T in PublicKeyMaterial['type']]: string } = {
  ed25519: 'ED25519',
  ecdsa: 'ECDSA',
  rsa: 'RSA',
  dss: 'DSA',
  'sk-ed25519': 'ED25519-SK',
  'sk-ecdsa': 'ECDSA-SK',
};

/** The short name that OpenSSH prints: `ED25519`, `ECDSA`, `RSA`, `DSA`, `ED25519-SK`, `ECDSA-SK`; with `-CERT` behind it for a certificate. */
export function keyLabel(publicKey: PublicKey): string {
  const { type } = publicKey.material;
  const label = LABELS[type];
  return publicKey.certificate === undefined ? label : `${label}-CERT`;
}
