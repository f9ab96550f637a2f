import { fromUtf8Lossy } from '@nbs-ssh/transport/wire';
import { authError } from '../errors.ts';
import { MAX_PROMPT_LENGTH, UserauthInfoRequest } from '../messages.ts';
import type { Prompt } from './types.ts';

/** Text of the server for showing; what is not UTF-8 becomes U+FFFD. Cut after `limit` bytes. */
export const shortText = (bytes: Uint8Array, limit: number): string =>
  fromUtf8Lossy(bytes.subarray(0, limit));

/** @throws {AuthError} `AUTH_LIMIT`: a question that is cut would be another question. */
export function promptText(bytes: Uint8Array, what: string): string {
  if (bytes.length > MAX_PROMPT_LENGTH) {
    throw authError('AUTH_LIMIT', { what, limit: MAX_PROMPT_LENGTH, received: bytes.length });
  }
  return fromUtf8Lossy(bytes);
}

export interface Questions {
  readonly name: string;
  readonly instruction: string;
  readonly prompts: readonly Prompt[];
}

/** @throws {WireError | AuthError} */
export function readQuestions(payload: Uint8Array): Questions {
  const { name, instruction, prompts } = UserauthInfoRequest.decode(payload);
  return {
    name: promptText(name, 'INFO_REQUEST name'),
    instruction: promptText(instruction, 'INFO_REQUEST instruction'),
    prompts: prompts.map(({ text, echo }) => ({ text: promptText(text, 'prompt'), echo })),
  };
}
