/** Hash functions that a provider has. SHA-1 and MD5 serve old file formats, hashed names and old fingerprints only. */
export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
