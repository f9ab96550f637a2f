import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import {
  certificateFacts,
  fingerprint,
  type PublicKey,
  plainKeyOf,
  plainName,
  publicKeyOf,
  signatureAlgorithmsFor,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { authError } from '../errors.ts';
import { UserauthPkOk } from '../messages.ts';
import { word } from '../tracer.ts';
import type { Offer } from './state.ts';
import type { PublicKeyCredential } from './types.ts';

/**
 * Decides with which algorithm a key is offered.
 *
 * `server-sig-algs` chooses between the algorithms of an RSA key, RFC 8332 §3.3. Without it the strongest goes first
 * and the others follow if it is refused. It does not rule out a key that has one algorithm only: RFC 8308 §3.1 lets
 * the list be incomplete. SHA-1 is a candidate only where the provider was given it by name, and then the last one; a
 * server that lists SHA-2 gets no SHA-1, unless the provider has nothing else: servers before OpenSSH 9.6 list what they
 * know and not what they accept, and leaving SHA-2 out is how to say so.
 *
 * @returns `undefined` when no algorithm fits the key, the server's list and the provider.
 */
export function offerOf(
  credential: PublicKeyCredential,
  key: { readonly publicKey: PublicKey; readonly privateKey?: PrivateKeyMaterial },
  crypto: Pick<CryptoProvider, 'hash' | 'signatures'>,
  serverSigAlgs: readonly string[] | undefined,
): Offer | undefined {
  const { publicKey, privateKey } = key;
  const known = signatureAlgorithmsFor(publicKey.keyType);
  const usable = known.filter((name) => crypto.signatures.some((suite) => suite.name === plainName(name)));
  const accepted = serverSigAlgs === undefined || known.length === 1 ? usable : chosen(usable, serverSigAlgs);
  const [algorithm, ...others] = accepted;
  if (algorithm === undefined) return undefined;
  return {
    credential,
    publicKey,
    privateKey,
    fingerprint: fingerprint(crypto.hash, plainKeyOf(publicKey).blob),
    certificate:
      publicKey.certificate === undefined ? undefined : certificateFacts(crypto.hash, publicKey.certificate),
    algorithm,
    fallbacks: others,
  };
}

/**
 * What is left to try with the same key, should the server's list have arrived meanwhile: only what is on it.
 *
 * Where the refused algorithm was on the list, it is the key that is not wanted. Servers before OpenSSH 9.6 list what
 * they know and not what they accept, though, so the others are tried when nothing else is left to lose a try to.
 *
 * @param last - No other credential is left.
 */
export function fallbacksAfter(
  offer: Offer,
  serverSigAlgs: readonly string[] | undefined,
  last: boolean,
): readonly string[] {
  if (serverSigAlgs === undefined) return offer.fallbacks;
  if (isListed(offer.algorithm, serverSigAlgs) && !last) return [];
  return listed(offer.fallbacks, serverSigAlgs);
}

function chosen(usable: readonly string[], serverSigAlgs: readonly string[]): readonly string[] {
  const sha1Only = usable.every((name) => plainName(name) === 'ssh-rsa');
  return sha1Only ? usable.filter((name) => isListed(name, serverSigAlgs)) : listed(usable, serverSigAlgs);
}

/** Those of `names` that the server lists: SHA-1 only when it lists nothing better for the same key. */
function listed(names: readonly string[], serverSigAlgs: readonly string[]): readonly string[] {
  const better = serverSigAlgs.includes('rsa-sha2-512') || serverSigAlgs.includes('rsa-sha2-256');
  return names.filter((name) => isListed(name, serverSigAlgs) && !(name === 'ssh-rsa' && better));
}

/** OpenSSH lists plain names only: who takes an algorithm takes certificates with it. */
function isListed(name: string, serverSigAlgs: readonly string[]): boolean {
  return serverSigAlgs.includes(plainName(name)) || serverSigAlgs.includes(name);
}

/**
 * Checks that SSH_MSG_USERAUTH_PK_OK repeats what was offered, RFC 4252 §7.
 *
 * @throws {WireError} when it is malformed; {AuthError} `AUTH_PK_OK_MISMATCH`.
 */
export function checkPkOk(payload: Uint8Array, offer: Offer): void {
  const { algorithm, publicKey } = UserauthPkOk.decode(payload);
  const sameKey = equalBytes(publicKey, offer.publicKey.blob);
  if (sameKey && algorithm === offer.algorithm) return;
  throw authError('AUTH_PK_OK_MISMATCH', { offered: offer.algorithm, received: word(algorithm), sameKey });
}

/** Whether the halves of a loaded key belong together, and to the key that was offered before it was loaded. */
export function isKeyOf(
  loaded: { readonly publicKey: PublicKey; readonly privateKey?: PrivateKeyMaterial | undefined },
  offer: Offer | undefined,
): boolean {
  const { publicKey, privateKey } = loaded;
  const pair = privateKey === undefined || equalBytes(publicKeyOf(privateKey).blob, publicKey.blob);
  return pair && (offer === undefined || equalBytes(plainKeyOf(offer.publicKey).blob, publicKey.blob));
}

/**
 * Whether somebody else's signature is what was asked for.
 *
 * Whether an authenticator must have been touched is for the server to say: it knows `no-touch-required`.
 */
export function isSignatureOf(
  crypto: Pick<CryptoProvider, 'signatures'>,
  offer: Offer,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const expected = { algorithm: plainName(offer.algorithm), presence: 'any' } as const;
  return verifySignature(crypto, expected, plainKeyOf(offer.publicKey), data, signature);
}

/** Most methods in one list, and the longest name: RFC 4251 §6 allows 64 characters, servers know six methods. */
const MAX_METHODS = 64;
const MAX_METHOD_NAME = 64;

/** @throws {AuthError} `AUTH_LIMIT` */
export function checkMethods(methods: readonly string[]): void {
  if (methods.length > MAX_METHODS) {
    throw authError('AUTH_LIMIT', {
      what: 'methods that can continue',
      limit: MAX_METHODS,
      received: methods.length,
    });
  }
  const longest = Math.max(0, ...methods.map((name) => name.length));
  if (longest > MAX_METHOD_NAME) {
    throw authError('AUTH_LIMIT', { what: 'method name', limit: MAX_METHOD_NAME, received: longest });
  }
}
