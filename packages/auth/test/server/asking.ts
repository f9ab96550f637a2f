import { strict as assert } from 'node:assert';
import { signData } from '@nbs-ssh/transport/keys';
import type { ServerAuth, ServerAuthConfig, ServerAuthEffect, ServerAuthOutput } from '../../src/index.ts';
import { publicKeyFields, signedData, UserauthFailure } from '../../src/messages.ts';
import { crypto, drain, failure, type KeyPair, payloads, request, SESSION_ID } from '../support.ts';
import { key, serverIn } from './phases.ts';

export const feed = (server: ServerAuth, ...messages: readonly Uint8Array[]): ServerAuthOutput[] => {
  for (const message of messages) server.receive(message);
  return drain(server);
};
export const failed = (server: ServerAuth, ...messages: readonly Uint8Array[]) =>
  failure(feed(server, ...messages));
export const refusal = (outputs: readonly ServerAuthOutput[]) => {
  const [payload, ...more] = payloads(outputs);
  assert.deepEqual([outputs.length, more.length], [1, 0]);
  return UserauthFailure.decode(payload ?? new Uint8Array());
};
export const effectOf = (outputs: readonly ServerAuthOutput[]): ServerAuthEffect => {
  const [output] = outputs;
  if (output?.type !== 'effect') throw new Error(`${output?.type} instead of an effect`);
  return output.effect;
};
export const awaiting = (config?: Partial<ServerAuthConfig>): ServerAuth =>
  serverIn('request-awaited', config).machine;

interface Signed {
  readonly sessionId?: Uint8Array;
  readonly signedUser?: string;
  readonly signedAlgorithm?: string;
  readonly algorithm?: string;
  readonly pair?: KeyPair;
  readonly signer?: KeyPair;
}

/** A signed request; each option puts something else under the signature than is asked for. */
export function signed(options: Signed = {}): Uint8Array {
  const { pair = key, signer = pair, sessionId = SESSION_ID, signedUser = 'ada' } = options;
  const algorithm = options.algorithm ?? 'ssh-ed25519';
  const data = signedData(sessionId, signedUser, options.signedAlgorithm ?? algorithm, pair.publicKey.blob);
  const own = signer.publicKey.keyType === 'ssh-rsa' ? 'rsa-sha2-256' : signer.publicKey.keyType;
  const signature = signData(crypto, own, signer.privateKey, data);
  return request('publickey', publicKeyFields(true, algorithm, pair.publicKey.blob).string(signature));
}
