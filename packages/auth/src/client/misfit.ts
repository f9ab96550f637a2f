import type { SshError } from '@nbs-ssh/transport/wire';
import { authError } from '../errors.ts';
import type { ClientAuthAnswer } from './types.ts';

/** What `resolve` throws when an answer does not fit. Names kinds only: an answer may hold a secret. */
export function misfit(answer: ClientAuthAnswer, expected: string): SshError {
  return authError('AUTH_ANSWER', { id: answer.id, expected, received: answer.type });
}
