// Streamlined NTRU Prime, parameter set sntrup761 (NIST PQC round 3 submission "NTRU Prime", table 2). The ring is
// Z[x] / (x^761 − x − 1); R/q and R/3 are the same polynomials with coefficients modulo q and modulo 3.

/** Coefficients of a polynomial. */
export const P = 761;
/** The large modulus. x^p − x − 1 is irreducible modulo q, so everything but zero has a reciprocal in R/q. */
export const Q = 4591;
/** How many coefficients of a short polynomial are not zero. */
export const W = 286;

/** The largest coefficient modulo q: they are kept in −2295…2295. */
export const HALF_Q = 2295;

/** Bytes of a polynomial with coefficients −1, 0, 1: four in a byte. */
export const SMALL_LENGTH = 191;
/** Bytes of an encoded element of R/q. */
export const PUBLIC_LENGTH = 1158;
/** Bytes of an encoded element of R/q whose coefficients are multiples of 3. */
export const ROUNDED_LENGTH = 1007;
/** Bytes of the confirmation, of a hash and of the shared secret. */
export const HASH_LENGTH = 32;
export const CIPHERTEXT_LENGTH: number = ROUNDED_LENGTH + HASH_LENGTH;
/** f, 1/g, the public key, the secret for rejections, and the hash of the public key. */
export const SECRET_LENGTH: number = 3 * SMALL_LENGTH + PUBLIC_LENGTH + HASH_LENGTH;
