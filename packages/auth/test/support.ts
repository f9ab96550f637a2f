import { createHash, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto';
import type { EcdsaCurve, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { type PublicKey, publicKeyOf } from '@nbs-ssh/transport/keys';
import type { WireWriter } from '@nbs-ssh/transport/wire';
import { fromUtf8, Secret, type SshError, type TraceEvent } from '@nbs-ssh/transport/wire';
import {
  ClientAuth,
  type ClientAuthAnswer,
  type ClientAuthConfig,
  type ClientAuthEffect,
  type ClientAuthOutput,
  ServerAuth,
  type ServerAuthConfig,
  type ServerAuthEffect,
  type ServerAuthOutput,
  type ServerVerdict,
} from '../src/index.ts';
import { UserauthRequest, userauthRequest } from '../src/messages.ts';

export const SESSION_ID = new Uint8Array(createHash('sha256').update('session').digest());
export const ALL_ALGORITHMS = nobleProvider.signatures.map((suite) => suite.name);
export const crypto = nobleProvider;

export interface KeyPair {
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKeyMaterial;
}

export function ed25519(): KeyPair {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return pair({ type: 'ed25519', seed: bytes(jwk, 'd'), publicKey: bytes(jwk, 'x') });
}

export function ecdsa(curve: EcdsaCurve = 'nistp256'): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: `P-${curve.slice(5)}` });
  const jwk = privateKey.export({ format: 'jwk' });
  const point = Uint8Array.from([4, ...bytes(jwk, 'x'), ...bytes(jwk, 'y')]);
  return pair({ type: 'ecdsa', curve, secret: bytes(jwk, 'd'), point });
}

let rsaPair: KeyPair | undefined;
/** One key for the whole file: making them is slow. */
export function rsa(): KeyPair {
  rsaPair ??= makeRsa();
  return rsaPair;
}

function makeRsa(): KeyPair {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const number = (name: keyof JsonWebKey): bigint =>
    BigInt(`0x${Buffer.from(bytes(jwk, name)).toString('hex')}`);
  return pair({
    type: 'rsa',
    n: number('n'),
    e: number('e'),
    d: number('d'),
    p: number('p'),
    q: number('q'),
    iqmp: number('qi'),
  });
}

const pair = (privateKey: PrivateKeyMaterial): KeyPair => ({
  privateKey,
  publicKey: publicKeyOf(privateKey),
});
const bytes = (jwk: JsonWebKey, name: keyof JsonWebKey): Uint8Array =>
  new Uint8Array(Buffer.from(String(jwk[name]), 'base64url'));

export interface Recorded<T> {
  readonly machine: T;
  readonly trace: TraceEvent[];
}

export function newClient(config: Partial<ClientAuthConfig> = {}): Recorded<ClientAuth> {
  const trace: TraceEvent[] = [];
  const machine = new ClientAuth({
    username: 'ada',
    sessionId: SESSION_ID,
    credentials: [],
    crypto,
    trace: (event) => void trace.push(event),
    ...config,
  });
  return { machine, trace };
}

export function newServer(config: Partial<ServerAuthConfig> = {}): Recorded<ServerAuth> {
  const trace: TraceEvent[] = [];
  const machine = new ServerAuth({
    sessionId: SESSION_ID,
    crypto,
    methods: ['publickey', 'password', 'keyboard-interactive'],
    serverSigAlgs: ALL_ALGORITHMS,
    trace: (event) => void trace.push(event),
    ...config,
  });
  return { machine, trace };
}

export const drain = <T>(machine: { poll(): T | undefined }): T[] => {
  const outputs: T[] = [];
  for (let output = machine.poll(); output !== undefined; output = machine.poll()) outputs.push(output);
  return outputs;
};

type AnswerWithoutId = ClientAuthAnswer extends infer A
  ? A extends ClientAuthAnswer
    ? Omit<A, 'id'>
    : never
  : never;

export interface Outcome {
  readonly client: ClientAuthOutput[];
  readonly server: ServerAuthOutput[];
  /** Every payload that travelled, as `>50` (client to server) or `<51`. */
  readonly wire: string[];
  readonly requests: string[];
}

/** Runs both machines against each other until neither has anything to say. */
export function run(
  client: ClientAuth,
  server: ServerAuth,
  answer: (effect: ClientAuthEffect) => AnswerWithoutId,
  decide: (effect: ServerAuthEffect) => ServerVerdict,
): Outcome {
  const outcome: Outcome = { client: [], server: [], wire: [], requests: [] };
  client.start();
  for (let busy = true, now = 0; busy; now += 5) {
    busy = false;
    client.tick(now);
    server.tick(now);
    for (const output of drain(client)) {
      busy = true;
      if (output.type === 'send') {
        outcome.wire.push(`>${output.payload[0]}`);
        if (output.payload[0] === 50) outcome.requests.push(UserauthRequest.decode(output.payload).method);
        server.receive(output.payload);
      } else if (output.type === 'effect') {
        client.resolve({ ...answer(output.effect), id: output.effect.id } as ClientAuthAnswer);
      } else outcome.client.push(output);
    }
    for (const output of drain(server)) {
      busy = true;
      if (output.type === 'send') {
        outcome.wire.push(`<${output.payload[0]}`);
        client.receive(output.payload);
      } else if (output.type === 'effect') {
        server.resolve({ id: output.effect.id, verdict: decide(output.effect) });
      } else outcome.server.push(output);
    }
  }
  return outcome;
}

export const last = <T>(list: readonly T[]): T => {
  const item = list.at(-1);
  if (item === undefined) throw new Error('nothing came out');
  return item;
};

/** The error a machine ended with. */
export function failure(outputs: readonly (ClientAuthOutput | ServerAuthOutput)[]): SshError {
  const output = last(outputs);
  if (output.type !== 'failed') throw new Error(`the last output is ${output.type}`);
  return output.error;
}

/** Message numbers of what was sent. */
export const sent = (outputs: readonly (ClientAuthOutput | ServerAuthOutput)[]): number[] =>
  outputs.flatMap((output) => (output.type === 'send' ? [output.payload[0] ?? -1] : []));

export const payloads = (outputs: readonly (ClientAuthOutput | ServerAuthOutput)[]): Uint8Array[] =>
  outputs.flatMap((output) => (output.type === 'send' ? [output.payload] : []));

export const request = (method: string, fields: WireWriter, username = 'ada'): Uint8Array =>
  userauthRequest(username, method, fields);

/** A password nobody else has, so that a leak can be searched for. */
export const canary = (): Secret => new Secret(`canary-${randomBytes(9).toString('hex')}`);

/** Everything a trace or an error would show, for searching. */
export const spelled = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Error) return { ...item, message: item.message, stack: item.stack };
    if (item instanceof Uint8Array) return fromUtf8Safe(item);
    return typeof item === 'bigint' ? String(item) : item;
  });

function fromUtf8Safe(value: Uint8Array): string {
  try {
    return fromUtf8(value);
  } catch {
    return '[bytes]';
  }
}
