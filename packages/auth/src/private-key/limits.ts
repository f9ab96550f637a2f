/** Largest key file in bytes. The largest real one, RSA of 16,384 bits, takes 13 KB. */
export const MAX_KEY_FILE = 1_048_576;

/**
 * Most bcrypt rounds of an encrypted file. ssh-keygen writes 16 or 24; a file with millions would keep this
 * process busy for hours. 2,048 take about 20 seconds.
 */
export const MAX_BCRYPT_ROUNDS = 2048;

/** Longest salt of an encrypted file, in bytes. ssh-keygen writes 16. */
export const MAX_BCRYPT_SALT = 1024;
