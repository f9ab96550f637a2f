import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { equalBytes, type Secret, wipe } from '@nbs-ssh/transport/wire';
import { bcryptPbkdf } from '../private-key/bcrypt-pbkdf.ts';

/** Bytes of salt and of what is kept of the passphrase, as in OpenSSH's agent. */
const SALT_LENGTH = 16;
const HASH_LENGTH = 32;
/** The agent is memory, not a file: whoever reads it has the keys already, and nobody may make it compute for long. */
const ROUNDS = 1;
/** Milliseconds that each wrong passphrase adds before the next one is looked at, and the most there are. */
const DELAY_STEP = 100;
const MAX_DELAY = 10_000;

/** The lock of an agent: what is kept of its passphrase, and how long the next try has to wait. */
export class AgentLock {
  readonly #crypto: Pick<CryptoProvider, 'hash' | 'random'>;
  #held: { readonly salt: Uint8Array; readonly hash: Uint8Array } | undefined;
  #wrong = 0;
  #nextTry = 0;

  constructor(crypto: Pick<CryptoProvider, 'hash' | 'random'>) {
    this.#crypto = crypto;
  }

  get locked(): boolean {
    return this.#held !== undefined;
  }

  /** @returns `false` when it is locked already, or nobody could open it again. */
  lock(passphrase: Secret): boolean {
    if (this.#held !== undefined || passphrase.reveal() === '') return false;
    const salt = this.#crypto.random(SALT_LENGTH);
    this.#held = { salt, hash: this.#hash(passphrase, salt) };
    return true;
  }

  /**
   * When a passphrase that comes at `now` may be looked at. Each one reserves its time, so that many connections
   * together are not faster than one.
   */
  reserve(now: number): number {
    this.#nextTry = Math.max(now, this.#nextTry) + Math.min(DELAY_STEP * this.#wrong, MAX_DELAY);
    return this.#nextTry;
  }

  /** @returns whether it is open now. */
  unlock(passphrase: Secret): boolean {
    if (this.#held === undefined) return false;
    const hash = passphrase.reveal() === '' ? new Uint8Array(0) : this.#hash(passphrase, this.#held.salt);
    const right = equalBytes(hash, this.#held.hash);
    wipe(hash);
    if (!right) {
      this.#wrong += 1;
      return false;
    }
    wipe(this.#held.hash);
    this.#held = undefined;
    this.#wrong = 0;
    this.#nextTry = 0;
    return true;
  }

  #hash(passphrase: Secret, salt: Uint8Array): Uint8Array {
    const bytes = passphrase.revealBytes();
    try {
      return bcryptPbkdf(this.#crypto, bytes, salt, ROUNDS, HASH_LENGTH);
    } finally {
      wipe(bytes);
    }
  }
}
