import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { isCertificateType, type PublicKey, parseCertificate, publicKeyOf } from '@nbs-ssh/transport/keys';
import { fromUtf8Lossy, Secret, WireReader } from '@nbs-ssh/transport/wire';
import { ecdsaKey, ed25519Key, rsaKey, scalarBytes, unsupportedType } from '../private-key/material.ts';
import { readPrivateKey } from '../private-key/openssh-key.ts';
import { AGENT, CONSTRAINT } from './numbers.ts';
import type { KeyConstraints } from './types.ts';

/** Longest comment kept, in characters. OpenSSH shows a few hundred. */
const MAX_COMMENT = 1024;
const FORMAT = 'key for an agent';

/** A request as an agent reads it. What it does not know is `unknown`, and is refused. */
export type ReceivedRequest =
  | { readonly type: 'list' }
  | { readonly type: 'sign'; readonly blob: Uint8Array; readonly data: Uint8Array; readonly flags: number }
  | {
      readonly type: 'add';
      readonly publicKey: PublicKey;
      readonly privateKey: PrivateKeyMaterial;
      readonly comment: string;
      readonly constraints: KeyConstraints;
    }
  | { readonly type: 'remove'; readonly blob: Uint8Array }
  | { readonly type: 'remove-all' }
  | { readonly type: 'lock'; readonly passphrase: Secret }
  | { readonly type: 'unlock'; readonly passphrase: Secret }
  | { readonly type: 'extension'; readonly name: string; readonly contents: Uint8Array }
  | { readonly type: 'unknown' };

/**
 * Reads one request.
 *
 * @param message - Without its length. Copied where the result keeps bytes.
 * @throws {WireError | PrivateKeyError | KeysError} when it is malformed, or a key that cannot be kept. The agent goes
 *   on: where the next message begins is known.
 */
export function readAgentRequest(message: Uint8Array): ReceivedRequest {
  const reader = new WireReader(message);
  const number = reader.u8('request');
  switch (number) {
    case AGENT.REQUEST_IDENTITIES:
      return ended(reader, { type: 'list' });
    case AGENT.SIGN_REQUEST: {
      const blob = reader.string('key').slice();
      const data = reader.string('data').slice();
      return ended(reader, { type: 'sign', blob, data, flags: reader.u32('flags') });
    }
    case AGENT.ADD_IDENTITY:
    case AGENT.ADD_ID_CONSTRAINED:
      return readAddition(reader, new WireReader(message.subarray(1)).text('key type'));
    case AGENT.REMOVE_IDENTITY:
      return ended(reader, { type: 'remove', blob: reader.string('key').slice() });
    case AGENT.REMOVE_ALL_IDENTITIES:
      return ended(reader, { type: 'remove-all' });
    case AGENT.LOCK:
      return ended(reader, { type: 'lock', passphrase: readPassphrase(reader) });
    case AGENT.UNLOCK:
      return ended(reader, { type: 'unlock', passphrase: readPassphrase(reader) });
    case AGENT.EXTENSION:
      return { type: 'extension', name: reader.text('extension'), contents: reader.rest().slice() };
    default:
      return { type: 'unknown' };
  }
}

function ended<T extends ReceivedRequest>(reader: WireReader, request: T): T {
  reader.end('request to an agent');
  return request;
}

/** Only ever compared, so bytes that are no UTF-8 do no harm: both ends map them alike. */
const readPassphrase = (reader: WireReader): Secret => new Secret(fromUtf8Lossy(reader.string('passphrase')));

function readAddition(reader: WireReader, keyType: string): ReceivedRequest {
  const { publicKey, privateKey } = readPair(reader, keyType);
  const comment = fromUtf8Lossy(reader.string('comment')).slice(0, MAX_COMMENT);
  const constraints = readConstraints(reader);
  // A constraint that is not understood must not be dropped: draft-ietf-sshm-ssh-agent §5.2.7.
  if (constraints === undefined) return { type: 'unknown' };
  return { type: 'add', publicKey, privateKey, comment, constraints };
}

function readPair(
  reader: WireReader,
  keyType: string,
): { readonly publicKey: PublicKey; readonly privateKey: PrivateKeyMaterial } {
  if (!isCertificateType(keyType)) {
    const privateKey = readPrivateKey(reader);
    return { publicKey: publicKeyOf(privateKey), privateKey };
  }
  reader.text('key type');
  const publicKey = parseCertificate(reader.string('certificate'));
  return { publicKey, privateKey: readCertifiedKey(publicKey, reader) };
}

/** Behind a certificate come only the private numbers, OpenSSH PROTOCOL.certkeys and PROTOCOL.agent. */
function readCertifiedKey({ material }: PublicKey, reader: WireReader): PrivateKeyMaterial {
  switch (material.type) {
    case 'ed25519': {
      reader.string('public key');
      return ed25519Key(reader.string('private key').subarray(0, 32), material.publicKey, FORMAT);
    }
    case 'ecdsa': {
      const { curve, point } = material;
      return ecdsaKey(curve, scalarBytes(curve, reader.mpint('scalar'), FORMAT), point, FORMAT);
    }
    case 'rsa': {
      const { n, e } = material;
      const [d, iqmp, p] = [reader.mpint('d'), reader.mpint('iqmp'), reader.mpint('p')];
      return rsaKey({ n, e, d, iqmp, p, q: reader.mpint('q') }, FORMAT);
    }
    default:
      throw unsupportedType(material.type);
  }
}

function readConstraints(reader: WireReader): KeyConstraints | undefined {
  let constraints: KeyConstraints = {};
  while (reader.remaining > 0) {
    const kind = reader.u8('constraint');
    if (kind === CONSTRAINT.LIFETIME) constraints = { ...constraints, lifetimeSec: reader.u32('lifetime') };
    else if (kind === CONSTRAINT.CONFIRM) constraints = { ...constraints, confirm: true };
    else return undefined;
  }
  return constraints;
}
