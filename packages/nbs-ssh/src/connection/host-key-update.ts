import {
  checkHostKeyProofs,
  decodeHostKeys,
  encodeHostKeys,
  HOST_KEYS_PROVE_REQUEST,
  type HostKeyPlan,
  withoutKnownHosts,
} from '@nbs-ssh/auth';
import { appendKnownHost, rewriteKnownHosts } from '@nbs-ssh/auth/node';
import type { GlobalRequestId, Multiplexer } from '@nbs-ssh/channels';
import { fingerprint, type PublicKey, signatureAlgorithmsFor } from '@nbs-ssh/transport/keys';
import { printable, type TraceValue } from '@nbs-ssh/transport/wire';
import type { ConnectionConfig } from './options.ts';
import type { HostKeyTrust } from './trust.ts';

/** A change of what is known about a host, for whoever is asked. */
export interface HostKeyChange {
  readonly host: string;
  readonly port: number;
  /** `SHA256:…` of keys that the server has proven to own. */
  readonly learned: readonly string[];
  /** `SHA256:…` of keys that it does not have any more. */
  readonly forgotten: readonly string[];
}

/** What an update needs of its session. */
export interface HostKeyUpdateParts {
  readonly config: ConnectionConfig;
  readonly trust: HostKeyTrust;
  readonly mux: Multiplexer;
  readonly wake: () => void;
  /** Known when requests can come. */
  readonly sessionId: () => Uint8Array | undefined;
  readonly emit: (name: string, fields: Record<string, TraceValue>) => void;
}

type Update = HostKeyPlan & { readonly type: 'update' };

/**
 * Keeps known_hosts up to date when a server tells its host keys (`hostkeys-00@openssh.com`, OpenSSH PROTOCOL §2.5):
 * keys that are new are learned once the server has proven to own them, keys that it has no more are forgotten. So a
 * host can change its key without anybody being asked. Only the first announcement of a connection counts.
 */
export class HostKeyUpdate {
  readonly #parts: HostKeyUpdateParts;
  #announced = false;
  #asked: { readonly request: GlobalRequestId; readonly plan: Update } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: HostKeyUpdateParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing is being written. Never rejects. */
  get settled(): Promise<void> {
    return this.#writing;
  }

  /** The server told its keys. */
  announced(data: Uint8Array): void {
    if (this.#announced) return;
    this.#announced = true;
    const { trust, mux, wake } = this.#parts;
    const announced = decodeHostKeys(data);
    if (announced === undefined) {
      this.#ignored('the announcement of host keys is malformed');
      return;
    }
    const plan = trust.planUpdate(announced, (key) => this.#isAllowed(key));
    if (plan === undefined || plan.type === 'skip') return;
    if (plan.unknown.length === 0) {
      this.#write(plan);
      return;
    }
    const request = mux.globalRequest(HOST_KEYS_PROVE_REQUEST, encodeHostKeys(plan.unknown), true);
    this.#asked = { request, plan };
    wake();
  }

  /** @returns whether this was the answer to our question. */
  replied(request: GlobalRequestId, success: boolean, data: Uint8Array): boolean {
    if (request !== this.#asked?.request) return false;
    const { plan } = this.#asked;
    this.#asked = undefined;
    const { config, sessionId } = this.#parts;
    const proven =
      success &&
      checkHostKeyProofs(
        config.crypto,
        plan.unknown,
        sessionId() ?? new Uint8Array(0),
        config.algorithms.offered.hostKey,
        data,
      );
    if (proven) this.#write(plan);
    else this.#ignored('the server has not proven to own the host keys that it told', plan.unknown);
    return true;
  }

  /** A key that no algorithm of the policy could use is not learned. */
  #isAllowed({ keyType }: PublicKey): boolean {
    const { hostKey } = this.#parts.config.algorithms.offered;
    return signatureAlgorithmsFor(keyType).some((name) => hostKey.includes(name));
  }

  #write(plan: Update): void {
    if (plan.unknown.length === 0 && plan.obsolete.length === 0) return;
    this.#writing = this.#change(plan).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      this.#ignored(`known_hosts was not updated: ${printable(text, 512)}`, plan.unknown);
    });
  }

  async #change({ unknown, obsolete }: Update): Promise<void> {
    const { host, port, knownHosts, updateHostKeys, crypto } = this.#parts.config;
    const path = knownHosts[0];
    if (path === undefined) return;
    const print = (key: { readonly blob: Uint8Array }): string => fingerprint(crypto.hash, key.blob);
    if (typeof updateHostKeys === 'function') {
      const change = { host, port, learned: unknown.map(print), forgotten: obsolete.map(print) };
      if ((await updateHostKeys(change)) !== true) return;
    }
    for (const key of unknown) {
      await appendKnownHost(path, this.#parts.trust.lineFor(key));
      this.#told('learned', key);
    }
    if (obsolete.length === 0) return;
    // The file is read again: others may have changed it since.
    const isObsolete = this.#parts.trust.means(obsolete);
    await rewriteKnownHosts(path, (text) => withoutKnownHosts(text, isObsolete));
    for (const entry of obsolete) this.#told('forgotten', entry);
  }

  #told(
    verdict: 'learned' | 'forgotten',
    key: { readonly keyType: string; readonly blob: Uint8Array },
  ): void {
    const { config, emit } = this.#parts;
    emit('session.hostkeys.updated', {
      verdict,
      fingerprint: fingerprint(config.crypto.hash, key.blob),
      key_type: printable(key.keyType, 64),
      file: config.knownHosts[0] ?? null,
    });
  }

  #ignored(warning: string, keys: readonly PublicKey[] = []): void {
    const { config, emit } = this.#parts;
    const fingerprints = keys.map((key) => fingerprint(config.crypto.hash, key.blob));
    emit('session.hostkeys.ignored', { verdict: 'not-learned', warning, fingerprints });
  }
}
