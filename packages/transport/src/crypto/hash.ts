/** Hash functions that a provider has. SHA-1 serves hashed names in known_hosts only. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';
