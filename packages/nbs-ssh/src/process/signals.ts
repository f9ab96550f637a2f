/** A signal by its name in RFC 4254 §6.10, without `SIG`, or one of a vendor (`USR3@example.org`). */
export type ProcessSignal =
  | 'ABRT'
  | 'ALRM'
  | 'FPE'
  | 'HUP'
  | 'ILL'
  | 'INT'
  | 'KILL'
  | 'PIPE'
  | 'QUIT'
  | 'SEGV'
  | 'TERM'
  | 'USR1'
  | 'USR2'
  | `${string}@${string}`;

/** Of RFC 4254 §6.10, or with the domain of whoever made it up, RFC 4250 §4.6.1. Longer names are nobody's. */
const NAME = /^(?!SIG)[A-Z][A-Z0-9]{0,15}(@[\x21-\x3f\x41-\x7e]{1,46})?$/;

/** @throws {TypeError} when it is no name of a signal. */
export function checkSignal(name: string): string {
  if (NAME.test(name)) return name;
  throw new TypeError('a signal is named in capitals and without SIG in front, for example INT');
}
