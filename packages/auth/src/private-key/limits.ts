// Each bound on a cost says how long it takes on one core of 2020s hardware without a native library.

/** Largest key file in bytes. The largest real one, RSA of 16,384 bits, takes 13 KB. */
export const MAX_KEY_FILE = 1_048_576;

/**
 * Most bcrypt rounds of an encrypted file. ssh-keygen writes 16 or 24; a file with millions would keep this
 * process busy for hours. 2,048 take about 15 seconds.
 */
export const MAX_BCRYPT_ROUNDS = 2048;

/** Longest salt of an encrypted file, in bytes. ssh-keygen and openssl write 8 or 16, puttygen 16. */
export const MAX_SALT = 1024;

/** Most iterations of PBKDF2. openssl writes 2,048, and 1,300,000 is the most that anybody recommends: 3 to 10 s. */
export const MAX_PBKDF2_ITERATIONS = 2_000_000;

/** Most memory of scrypt, 128·N·r bytes. `openssl pkcs8 -scrypt` takes 16 MiB. */
export const MAX_SCRYPT_MEMORY = 268_435_456;
/** Most work of scrypt, N·r·p. `openssl pkcs8 -scrypt` has 131,072, which takes 0.1 s; this takes about 4 s. */
export const MAX_SCRYPT_WORK = 4_194_304;

/** Most memory of Argon2 in KiB. puttygen takes 8,192. */
export const MAX_ARGON2_MEMORY = 262_144;
/**
 * Most work of Argon2, memory in KiB times passes. puttygen takes as many passes as fit 0.1 s of its own, some 20,
 * which makes 170,000 and takes 1 s here; this takes about 15 s.
 */
export const MAX_ARGON2_WORK = 2_097_152;
/** Most lanes of Argon2. puttygen writes 1. */
export const MAX_ARGON2_LANES = 64;
