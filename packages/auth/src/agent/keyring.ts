import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import type { PublicKey } from '@nbs-ssh/transport/keys';
import { equalBytes } from '@nbs-ssh/transport/wire';
import { wipeKey } from '../private-key/material.ts';
import { AgentLock } from './lock.ts';
import type { KeyConstraints } from './types.ts';

/** Most keys one agent holds: more could not be listed, {@link MAX_IDENTITIES}. */
const MAX_KEYS = 1024;

/** A key in an agent. */
export interface HeldKey {
  /** Or a certificate of it: the same private key may be held with and without. */
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKeyMaterial;
  readonly comment: string;
  readonly constraints: KeyConstraints;
  /** Whether the numbers belong to the agent alone, which then overwrites them when it forgets the key. */
  readonly owned: boolean;
}

type Entry = HeldKey & { readonly expiresAt: number };

/** What an agent holds, whoever is connected to it. Time comes in through {@link tick}. */
export class Keyring {
  readonly lock: AgentLock;
  #entries: Entry[] = [];
  #now = 0;

  constructor(crypto: Pick<CryptoProvider, 'hash' | 'random'>) {
    this.lock = new AgentLock(crypto);
  }

  get now(): number {
    return this.#now;
  }

  /** Forgets what has expired. @param now - Monotonic milliseconds. */
  tick(now: number): void {
    this.#now = now;
    this.#drop(({ expiresAt }) => expiresAt <= now);
  }

  /** When the next key expires; `undefined` when none does. */
  deadline(): number | undefined {
    const next = Math.min(...this.#entries.map(({ expiresAt }) => expiresAt));
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** A locked agent shows none. */
  get keys(): readonly HeldKey[] {
    return this.lock.locked ? [] : this.#entries;
  }

  find(blob: Uint8Array): HeldKey | undefined {
    return this.keys.find(({ publicKey }) => equalBytes(publicKey.blob, blob));
  }

  /** Adds a key, or replaces what is held of it. @returns `false` when the agent is full. */
  add(key: HeldKey): boolean {
    this.#drop(({ publicKey }) => equalBytes(publicKey.blob, key.publicKey.blob), key.privateKey);
    if (this.#entries.length >= MAX_KEYS) return false;
    const { lifetimeSec } = key.constraints;
    const expiresAt = lifetimeSec === undefined ? Number.POSITIVE_INFINITY : this.#now + lifetimeSec * 1000;
    this.#entries.push({ ...key, expiresAt });
    return true;
  }

  /** @returns whether there was such a key. */
  remove(blob: Uint8Array): boolean {
    return this.#drop(({ publicKey }) => equalBytes(publicKey.blob, blob)) > 0;
  }

  removeAll(): void {
    this.#drop(() => true);
  }

  #drop(goes: (entry: Entry) => boolean, but?: PrivateKeyMaterial): number {
    const gone = this.#entries.filter(goes);
    if (gone.length === 0) return 0;
    this.#entries = this.#entries.filter((entry) => !gone.includes(entry));
    for (const { owned, privateKey } of gone) if (owned && privateKey !== but) wipeKey(privateKey);
    return gone.length;
  }
}
