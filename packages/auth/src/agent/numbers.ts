/** Message numbers, draft-ietf-sshm-ssh-agent §6.1. */
export const AGENT = {
  FAILURE: 5,
  SUCCESS: 6,
  REQUEST_IDENTITIES: 11,
  IDENTITIES_ANSWER: 12,
  SIGN_REQUEST: 13,
  SIGN_RESPONSE: 14,
  ADD_IDENTITY: 17,
  REMOVE_IDENTITY: 18,
  REMOVE_ALL_IDENTITIES: 19,
  LOCK: 22,
  UNLOCK: 23,
  ADD_ID_CONSTRAINED: 25,
  EXTENSION: 27,
  EXTENSION_FAILURE: 28,
  EXTENSION_RESPONSE: 29,
} as const;

/** Flags of a sign request, draft-ietf-sshm-ssh-agent §5.6.1. */
export const SIGN_FLAG = { RSA_SHA2_256: 2, RSA_SHA2_512: 4 } as const;

/** Kinds of key constraints, draft-ietf-sshm-ssh-agent §5.2.7. */
export const CONSTRAINT = { LIFETIME: 1, CONFIRM: 2, EXTENSION: 255 } as const;

/** The extension that lists extensions, draft-ietf-sshm-ssh-agent §5.8.1. */
export const QUERY = 'query';
/** The extension that tells an agent for which session it will sign, OpenSSH PROTOCOL.agent §1. */
export const SESSION_BIND = 'session-bind@openssh.com';
