import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { bytesToBigint, wipe } from '../../wire/index.ts';
import { bigintPower, type DhPower } from '../dh/finite-field.ts';
import { type DhGroup, modpGroup } from '../dh/groups.ts';
import { dhPrivateKeyDer, dhPublicKeyDer, dhPublicValue } from './der.ts';

/**
 * Powers by the platform, ten times as fast as with BigInt.
 *
 * Not by `createDiffieHellman`: it examines each group that OpenSSL does not know, which takes seconds. Key objects
 * do not, and whether a group is good is decided elsewhere.
 */
export const nodePower: DhPower = {
  publicValue: (group, secret) => {
    const publicKey = createPublicKey(privateKey(group, secret));
    return dhPublicValue(publicKey.export({ format: 'der', type: 'spki' }));
  },
  shared: (group, secret, peer) => {
    const der = dhPublicKeyDer(group, peer);
    const publicKey = createPublicKey({ key: der as Buffer, format: 'der', type: 'spki' });
    const shared = diffieHellman({ privateKey: privateKey(group, secret), publicKey });
    try {
      return bytesToBigint(shared);
    } finally {
      wipe(shared);
    }
  },
};

function privateKey(group: DhGroup, secret: Uint8Array): KeyObject {
  const der = dhPrivateKeyDer(group, secret);
  try {
    return createPrivateKey({ key: der as Buffer, format: 'der', type: 'pkcs8' });
  } finally {
    wipe(der);
  }
}

/** Compared with ours: a value, and a secret that its own length would not fill. */
export function nodePowerWorks(): boolean {
  const group = modpGroup(1024);
  const secret = new Uint8Array(64).fill(0xa5);
  const value = bigintPower.publicValue(group, secret);
  if (nodePower.publicValue(group, secret) !== value) return false;
  return nodePower.shared(group, secret, value) === bigintPower.shared(group, secret, value);
}
