import { utf8, WireWriter } from '@nbs-ssh/transport/wire';
import type { ServerAuth, ServerAuthConfig, ServerVerdict } from '../../src/index.ts';
import { publicKeyFields, ServiceRequest, UserauthInfoResponse } from '../../src/messages.ts';
import type { ServerPhase } from '../../src/server/state.ts';
import { drain, ed25519, newServer, type Recorded, request } from '../support.ts';

export const key = ed25519();
export const service = ServiceRequest.encode({ service: 'ssh-userauth' });
export const password = (text: string, username?: string): Uint8Array =>
  request('password', new WireWriter().bool(false).text(text), username);
export const none = (username?: string): Uint8Array => request('none', new WireWriter(), username);
export const probe = (pair = key, algorithm = 'ssh-ed25519'): Uint8Array =>
  request('publickey', publicKeyFields(false, algorithm, pair.publicKey.blob));
export const dialog = (): Uint8Array => request('keyboard-interactive', new WireWriter().text('').text(''));
export const responses = (...texts: readonly string[]): Uint8Array =>
  UserauthInfoResponse.encode({ responses: texts.map(utf8) });

type Step = Uint8Array | ServerVerdict;

const PATHS: { readonly [P in ServerPhase]: readonly Step[] } = {
  'service-awaited': [],
  'request-awaited': [service],
  deciding: [service, password('pw')],
  'responses-awaited': [service, dialog(), { prompts: [{ text: 'Code: ', echo: false }] }],
  succeeded: [service, password('pw'), true],
  failed: [service, service],
};

export const PHASES = Object.keys(PATHS) as ServerPhase[];

export function serverIn(phase: ServerPhase, config: Partial<ServerAuthConfig> = {}): Recorded<ServerAuth> {
  const server = newServer(config);
  let id = 0;
  for (const step of PATHS[phase]) {
    if (step instanceof Uint8Array) server.machine.receive(step);
    else {
      id += 1;
      server.machine.resolve({ id, verdict: step });
    }
  }
  if (server.machine.phase !== phase) throw new Error(`${server.machine.phase} instead of ${phase}`);
  drain(server.machine);
  return server;
}

/** One well-formed message of every number that is legal in a phase. */
export function sample(number: number): Uint8Array {
  if (number === 5) return service;
  if (number === 50) return password('pw');
  return number === 61 ? responses('42') : Uint8Array.of(number);
}
