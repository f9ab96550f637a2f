import { createECDH } from 'node:crypto';
import type { DiffieHellman } from '../ecdh.ts';
import { type NistCurve, nistDh } from '../nist.ts';
import { own } from './bytes.ts';

/** A NIST curve of the platform. */
export function nodeNistDh(curve: NistCurve): DiffieHellman {
  const withSecret = (secret: Uint8Array): ReturnType<typeof createECDH> => {
    const ecdh = createECDH(curve.openssl);
    ecdh.setPrivateKey(secret);
    return ecdh;
  };
  return nistDh(
    curve,
    (secret) => own(withSecret(secret).getPublicKey()),
    (secret, peer) => own(withSecret(secret).computeSecret(peer)),
  );
}
