import { utf8 } from '@nbs-ssh/transport/wire';

export const OPENSSH_LABEL = 'OPENSSH PRIVATE KEY';
/** `openssh-key-v1` and a NUL, OpenSSH PROTOCOL.key. */
export const MAGIC: Uint8Array = /* @__PURE__ */ utf8('openssh-key-v1\0');
/** Block length that unencrypted files are padded to. */
export const NO_CIPHER_BLOCK = 8;
