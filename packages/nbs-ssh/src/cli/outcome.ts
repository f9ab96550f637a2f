/** Why it did not work, in the words and fields that `--json` tells. */
export interface Failure {
  readonly type: string;
  readonly code: string | null;
  readonly phase: string | null;
  readonly retryable: boolean;
  readonly cause: string;
  readonly remedy: string;
}

/** The line of JSON of a failure. Needs nothing of the library, so that a usage error is told at once. */
export function failureLine(exitCode: number, error: Failure): string {
  return `${JSON.stringify({ ok: false, exit_code: exitCode, error })}\n`;
}

/** A failure that is known by its name alone. */
export function plainFailure(type: string, cause: string, remedy: string): Failure {
  return { type, code: null, phase: null, retryable: false, cause, remedy };
}
