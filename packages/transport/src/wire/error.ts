/** Who broke the contract. `caller` = our user misused the API; `peer` = the other end violated the protocol. */
export type Fault = 'caller' | 'peer' | 'network' | 'bug';

/** One row of an error catalogue: how a code reads, who is at fault, and what to tell the peer. */
export interface ErrorSpec<Context> {
  readonly fault: Fault;
  /** SSH_MSG_DISCONNECT reason to send, RFC 4253 §11.1. Absent when nothing should be sent. */
  readonly disconnect?: number;
  readonly message: (context: Context) => string;
}

/** A catalogue that is exhaustive over `Contexts`: a code without a row does not compile. */
export type ErrorCatalogue<Contexts> = {
  readonly [Code in keyof Contexts]: ErrorSpec<Contexts[Code]>;
};

/**
 * Base of every error the protocol packages throw. Match on `code`, never on `message`.
 *
 * `context` carries what a bug report needs (lengths in bytes, message numbers, algorithm names) and
 * never carries key material or plaintext, so it is safe to log.
 */
export class SshError<Code extends string = string, Context = unknown> extends Error {
  override readonly name = 'SshError';
  readonly code: Code;
  readonly context: Context;
  readonly fault: Fault;
  readonly disconnect: number | undefined;

  constructor(
    code: Code,
    context: Context,
    spec: ErrorSpec<Context>,
    options?: { readonly cause?: unknown },
  ) {
    super(`${code}: ${spec.message(context)}`, options);
    this.code = code;
    this.context = context;
    this.fault = spec.fault;
    this.disconnect = spec.disconnect;
  }
}

/** The union of one catalogue's errors; `code` narrows `context`. */
export type CodedError<Contexts> = {
  [Code in keyof Contexts & string]: SshError<Code, Contexts[Code]>;
}[keyof Contexts & string];

/** Makes errors of one catalogue. */
export type ErrorFactory<Contexts> = <Code extends keyof Contexts & string>(
  code: Code,
  context: Contexts[Code],
  options?: { readonly cause?: unknown },
) => SshError<Code, Contexts[Code]>;

/** The one way to turn a catalogue into a throwing vocabulary. */
export function errorFactory<Contexts>(catalogue: ErrorCatalogue<Contexts>): ErrorFactory<Contexts> {
  return (code, context, options) => new SshError(code, context, catalogue[code], options);
}

/** Says whether `error` comes from `catalogue`. Decided by code, so duplicate installs still match. */
export function isErrorOf<Contexts>(
  catalogue: ErrorCatalogue<Contexts>,
  error: unknown,
): error is CodedError<Contexts> {
  return error instanceof Error && 'code' in error && Object.hasOwn(catalogue, String(error.code));
}
