import { isPrivateKeyError } from '@nbs-ssh/auth';
import { SshError } from '@nbs-ssh/transport/wire';
import { SSHError } from './classes.ts';
import { fromKey } from './mapping.ts';
import { textOf } from './text.ts';

/** Runs what belongs to no connection: errors of the packages below come out in the public classes, others as they are. */
export function outside<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw publicly(error);
  }
}

/** The same for what takes a while. */
export async function outsideAsync<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw publicly(error);
  }
}

/** An error of the packages below in the public class, any other as it is. */
export function publicly(error: unknown): unknown {
  if (isPrivateKeyError(error)) return fromKey(error, {});
  if (!(error instanceof SshError)) return error;
  const { code, fault, context: details } = error;
  const context = { details, originalError: error };
  return new SSHError(textOf(error), { code, fault, retryable: false, context });
}
