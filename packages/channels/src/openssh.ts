/** "I will read no more", a request on any channel that wants no reply: OpenSSH PROTOCOL §2.1. */
export const END_OF_WRITE = 'eow@openssh.com';
/** After this global request a client opens no more sessions: OpenSSH PROTOCOL §2.2. */
export const NO_MORE_SESSIONS = 'no-more-sessions@openssh.com';

/**
 * Whether a peer with this identification line is to be sent these two. OpenSSH sends them to itself alone, because
 * there were implementations that disconnect for a request they do not know; before version 5 it had neither.
 */
export const isOpenSsh = (line: string): boolean => /^SSH-2\.0-OpenSSH_([5-9]|\d\d)/.test(line);
