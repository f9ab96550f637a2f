import type { SshError } from '@nbs-ssh/transport/wire';

/**
 * What a session needs of an authentication machine, in either role: `ClientAuth` and `ServerAuth` both fit.
 *
 * @typeParam Effect - What it asks for. @typeParam Answer - What it is answered with. @typeParam Login - What is
 *   known about a successful login.
 */
export interface AuthMachine<Effect, Answer, Login> {
  start?(): void;
  tick(now: number): void;
  serverSigAlgs?(names: readonly string[]): void;
  receive(payload: Uint8Array): void;
  resolve(answer: Answer): void;
  poll(): AuthOutput<Effect, Login> | undefined;
}

export type AuthOutput<Effect, Login> =
  | { readonly type: 'send'; readonly payload: Uint8Array }
  | { readonly type: 'effect'; readonly effect: Effect }
  | { readonly type: 'banner'; readonly text: string }
  | ({ readonly type: 'success' } & Login)
  | { readonly type: 'failed'; readonly error: SshError };
