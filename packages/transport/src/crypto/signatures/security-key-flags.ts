/** Bytes behind the plain signature of an authenticator: flags and a big-endian counter, OpenSSH PROTOCOL.u2f. */
export const SECURITY_KEY_TAIL = 5;
/** Flag of FIDO CTAP: somebody touched the authenticator for this signature. */
export const USER_PRESENT = 0x01;
