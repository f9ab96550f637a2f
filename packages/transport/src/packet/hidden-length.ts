import type { SshError } from '../wire/index.ts';

/**
 * Bytes that are taken after a packet began, whatever its length seems to be, before a wrong one ends the connection.
 * As many as the longest packet has.
 */
export const DISCARD_BYTES = 262_144;
/** Milliseconds that a packet may take to arrive whole, whatever its length seems to be. */
export const DISCARD_MS = 60_000;

/**
 * Keeps an attacker from learning what the first block of a packet decrypts to, in CBC with a MAC of the plaintext.
 *
 * Whoever can change bytes on the way may put any old block of ciphertext where a packet begins. Its first four bytes
 * then decrypt to bits of that old block, and are taken for a length: from when we give up (at once, because the
 * length is impossible; or after so many bytes, because the MAC is wrong) those bits can be read off (CPNI-957037,
 * Albrecht, Paterson and Watson 2009). So both end in the same way and at the same time: after as many bytes as the
 * longest packet has, counted from its first, or after a time that does not depend on the length either. OpenSSH
 * counts bytes in the same way. That the MAC takes a little longer to compute over more bytes is not hidden.
 */
export class HiddenLength {
  #failure: SshError | undefined;
  #seen = 0;
  #since: number | undefined;

  /** Nothing can be opened any more; what arrives only counts. */
  get failing(): boolean {
    return this.#failure !== undefined;
  }

  get failure(): SshError | undefined {
    return this.#failure;
  }

  get deadline(): number | undefined {
    return this.#since === undefined ? undefined : this.#since + DISCARD_MS;
  }

  /** A packet has begun to arrive and is not whole. */
  waiting(now: number): void {
    this.#since ??= now;
  }

  /** The time so far does not count: nobody was reading. */
  resume(now: number): void {
    if (this.#since !== undefined) this.#since = now;
  }

  /** It was whole, and genuine. */
  opened(): void {
    this.#since = undefined;
  }

  /** @param seen - Bytes that have arrived since the packet began. */
  fail(failure: SshError, seen: number, now: number): void {
    this.#failure ??= failure;
    this.#seen = seen;
    this.#since ??= now;
  }

  more(bytes: number): void {
    this.#seen += bytes;
  }

  /** @throws what {@link fail} was given, when enough has arrived. */
  check(): void {
    if (this.#failure !== undefined && this.#seen >= DISCARD_BYTES) throw this.#failure;
  }
}
