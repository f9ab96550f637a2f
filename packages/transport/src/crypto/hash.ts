/** Hash functions that a provider may have. MD5 and SHA-1 serve fingerprints and hashed known_hosts only. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'md5';
