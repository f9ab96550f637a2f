/** What was found out about failures, by reading the peer's source and our evidence. */
const EXPLANATIONS: readonly {
  readonly peer: RegExp;
  /** Of the error. */
  readonly error: RegExp;
  readonly because: string;
}[] = [
  {
    peer: /^asyncssh 2\.10\./,
    error: /TRANSPORT_MESSAGE_UNEXPECTED: message \d+ in phase rekey/,
    because:
      'when AsyncSSH 2.10 begins a key exchange it goes on sending channel data behind its KEXINIT, which RFC 4253 ' +
      '§7.1 forbids; 2.20 waits',
  },
  {
    peer: /^paramiko /,
    error: /TRANSPORT_MESSAGE_UNEXPECTED: message \d+ in phase rekey/,
    because:
      'Paramiko answers the opening of a channel in the middle of a key exchange that it began, which RFC 4253 §7.1 ' +
      'forbids',
  },
  {
    peer: /^ssh2 /,
    error: /KEY_EXCHANGE_FAILED/,
    because: 'ssh2 offers group exchange as a server too, where it is not implemented',
  },
];

const UNEXPLAINED = 'unexplained: ';

/** @param peer - Name and version. @param error - Code and message. */
export function explain(peer: string, error: string): string {
  const found = EXPLANATIONS.find((row) => row.peer.test(peer) && row.error.test(error));
  return found === undefined ? `${UNEXPLAINED}${error}` : `${found.because} (${error})`;
}

export const isExplained = (why: string): boolean => !why.startsWith(UNEXPLAINED);
