import { Secret, utf8 } from '@nbs-ssh/transport/wire';
import type { ClientPhase } from '../../src/client/state.ts';
import type { ClientAuth, ClientAuthAnswer, ClientCredential } from '../../src/index.ts';
import {
  ServiceAccept,
  UserauthBanner,
  UserauthFailure,
  UserauthInfoRequest,
  UserauthPasswdChangereq,
  UserauthPkOk,
  UserauthSuccess,
} from '../../src/messages.ts';
import { drain, ed25519, newClient, type Recorded } from '../support.ts';

export const key = ed25519();
const EMPTY = new Uint8Array(0);

export const accept = ServiceAccept.encode({ service: 'ssh-userauth' });
export const success = UserauthSuccess.encode({});
export const refuse = (methods: readonly string[], partialSuccess = false): Uint8Array =>
  UserauthFailure.encode({ methods, partialSuccess });
export const banner = (text: string): Uint8Array =>
  UserauthBanner.encode({ message: utf8(text), language: EMPTY });
export const pkOk = UserauthPkOk.encode({ algorithm: 'ssh-ed25519', publicKey: key.publicKey.blob });
export const changereq = UserauthPasswdChangereq.encode({ prompt: utf8('New password:'), language: EMPTY });
export const questions = (...texts: readonly string[]): Uint8Array =>
  UserauthInfoRequest.encode({
    name: utf8('name'),
    instruction: utf8('instruction'),
    language: EMPTY,
    prompts: texts.map((text) => ({ text: utf8(text), echo: false })),
  });

const everything = refuse(['publickey', 'password', 'keyboard-interactive']);
const password: ClientCredential = { kind: 'password' };
const publickey: ClientCredential = { kind: 'publickey', publicKey: key.publicKey };
const dialog: ClientCredential = { kind: 'keyboard-interactive' };

type Step = Uint8Array | ClientAuthAnswer;
const secret = new Secret('pw');

/** How to bring a client into each phase: its credentials, then messages and answers in order. */
const PATHS: { readonly [P in ClientPhase]: readonly [readonly ClientCredential[], ...Step[]] } = {
  idle: [[password]],
  'service-requested': [[password]],
  'none-sent': [[password], accept],
  'password-asked': [[password], accept, everything],
  'password-sent': [[password], accept, everything, { type: 'password', id: 1, password: secret }],
  'change-asked': [[password], accept, everything, { type: 'password', id: 1, password: secret }, changereq],
  'key-asked': [[publickey], accept, everything, pkOk],
  'key-probed': [[publickey], accept, everything],
  'signature-asked': [
    [{ kind: 'publickey', publicKey: key.publicKey, signer: 'external' }],
    accept,
    everything,
    pkOk,
  ],
  'key-signed': [[publickey], accept, everything, pkOk, { type: 'load-key', id: 1, ...key }],
  'dialog-sent': [[dialog], accept, everything],
  'prompts-asked': [[dialog], accept, everything, questions('Code: ')],
  succeeded: [[password], accept, everything, { type: 'password', id: 1, password: secret }, success],
  failed: [[password], accept, accept],
};

export const PHASES = Object.keys(PATHS) as ClientPhase[];

export function clientIn(phase: ClientPhase): Recorded<ClientAuth> {
  const [credentials, ...steps] = PATHS[phase];
  const client = newClient({ credentials });
  if (phase !== 'idle') client.machine.start();
  for (const step of steps) {
    if (step instanceof Uint8Array) client.machine.receive(step);
    else client.machine.resolve(step);
  }
  if (client.machine.phase !== phase) throw new Error(`${client.machine.phase} instead of ${phase}`);
  drain(client.machine);
  return client;
}

/** One well-formed message of every number that is legal in a phase. */
export function sample(phase: ClientPhase, number: number): Uint8Array {
  if (number === 6) return accept;
  if (number === 51) return refuse(['publickey']);
  if (number === 52) return success;
  if (number === 53) return banner('hello');
  if (number !== 60) return Uint8Array.of(number);
  if (phase === 'key-probed') return pkOk;
  return phase === 'password-sent' ? changereq : questions('A: ', 'B: ');
}
