import type { PublicKey } from '@nbs-ssh/transport/keys';
import type { ServerMethod } from './types.ts';

/** Who asks for what, as far as it matters until the answer is there. */
export interface OpenRequest {
  readonly username: string;
  readonly method: ServerMethod;
  readonly startedAt: number;
  readonly key?: {
    readonly publicKey: PublicKey;
    readonly algorithm: string;
    readonly fingerprint: string;
    readonly signed: boolean;
  };
  readonly dialog?: { readonly submethods: string; readonly round: number };
}

export type ServerState =
  | { readonly phase: 'service-awaited' }
  | { readonly phase: 'request-awaited' }
  | { readonly phase: 'deciding'; readonly id: number; readonly request: OpenRequest }
  | { readonly phase: 'responses-awaited'; readonly request: OpenRequest; readonly prompts: number }
  | { readonly phase: 'succeeded' }
  | { readonly phase: 'failed' };

export type ServerPhase = ServerState['phase'];

/**
 * Message numbers legal in each phase.
 *
 * A client may send further requests without waiting, RFC 4252 §5: those of `deciding` wait undecoded, those of
 * `succeeded` are ignored silently (§5.1). A new request in the middle of a dialog abandons it, RFC 4256 §3.1.
 */
export const SERVER_LEGAL: { readonly [P in ServerPhase]: readonly number[] } = {
  'service-awaited': [5],
  'request-awaited': [50],
  deciding: [50, 61],
  'responses-awaited': [50, 61],
  succeeded: [50],
  failed: [],
};
