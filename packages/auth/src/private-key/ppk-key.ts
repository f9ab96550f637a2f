import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { isCertificateType } from '@nbs-ssh/transport/keys';
import { isWireError, WireReader } from '@nbs-ssh/transport/wire';
import { invalid, unsupported } from './errors.ts';
import { ecdsaKey, ed25519Key, rsaKey, scalarBytes, statedHalf, unsupportedType } from './material.ts';
import { PPK_FORMAT } from './ppk-lines.ts';

/**
 * The two blobs of a PuTTY file as one key: PuTTY's manual, C.3. What the public blob has, the private one lacks.
 *
 * @param plain - Decrypted, with up to a block of padding that only the MAC vouches for.
 * @throws {PrivateKeyError}
 */
export function readPpkKey(algorithm: string, publicBlob: Uint8Array, plain: Uint8Array): PrivateKeyMaterial {
  if (isCertificateType(algorithm)) {
    throw unsupported(
      'a PuTTY key with a certificate',
      'take it out with puttygen KEY.ppk --remove-certificate',
    );
  }
  const { keyType, material } = statedHalf(publicBlob, PPK_FORMAT);
  if (keyType !== algorithm) throw invalid(PPK_FORMAT, 'the file names two types of key');
  const reader = new WireReader(plain);
  try {
    switch (material.type) {
      case 'ed25519':
        // A little-endian number to PuTTY, which is the seed as RFC 8032 has it.
        return ed25519Key(reader.string('seed'), material.publicKey, PPK_FORMAT);
      case 'ecdsa': {
        const { curve, point } = material;
        return ecdsaKey(curve, readScalar(reader, curve), point, PPK_FORMAT);
      }
      case 'rsa': {
        const d = reader.mpint('d');
        const p = reader.mpint('p');
        const q = reader.mpint('q');
        return rsaKey({ n: material.n, e: material.e, d, p, q, iqmp: reader.mpint('iqmp') }, PPK_FORMAT);
      }
      default:
        throw unsupportedType(keyType);
    }
  } catch (error) {
    if (!isWireError(error)) throw error;
    throw invalid(PPK_FORMAT, 'a field of the private part is cut short or malformed', error);
  }
}

function readScalar(reader: WireReader, curve: EcdsaCurve): Uint8Array {
  return scalarBytes(curve, reader.mpint('scalar'), PPK_FORMAT);
}
