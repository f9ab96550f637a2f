import {
  formatKnownHostsLine,
  type HostVerdict,
  type KnownHosts,
  knownKeyTypes,
  lookupHost,
  parseKnownHosts,
} from '@nbs-ssh/auth';
import { appendKnownHost, readKnownHostsFile } from '@nbs-ssh/auth/node';
import { fingerprint, type PublicKey } from '@nbs-ssh/transport/keys';
import type { SshError, TraceValue } from '@nbs-ssh/transport/wire';
import type { HostKeyMismatchContext } from '../errors/classes.ts';
import { localError } from '../errors/local.ts';
import type { ConnectionConfig } from './options.ts';

type Emit = (name: string, fields: Record<string, TraceValue>) => void;

interface Decision {
  /** Why the key is refused; absent when it is accepted. */
  readonly refusal?: Pick<HostKeyMismatchContext, 'reason' | 'known'> & { readonly cause?: unknown };
  /** What did not work although the key was accepted. */
  readonly warning?: string;
}

/** Decides about host keys by the known_hosts files as they were when the connection began. */
export class HostKeyTrust {
  readonly #config: ConnectionConfig;
  readonly #files: readonly KnownHosts[];
  readonly #emit: Emit;

  private constructor(config: ConnectionConfig, files: readonly KnownHosts[], emit: Emit) {
    this.#config = config;
    this.#files = files;
    this.#emit = emit;
  }

  /**
   * Reads the files. Those that do not exist are empty.
   *
   * @throws {KnownHostsError} when one cannot be read, unless nothing is checked anyway: a key that is changed or
   *   revoked in a file that we cannot see would pass for an unknown one.
   */
  static async load(config: ConnectionConfig, emit: Emit): Promise<HostKeyTrust> {
    const read = async (path: string): Promise<KnownHosts> =>
      parseKnownHosts((await readKnownHostsFile(path)) ?? '', path);
    const nothing = (error: unknown): undefined => {
      if (config.hostKeyPolicy !== 'insecure') throw error;
    };
    const files = await Promise.all(config.knownHosts.map((path) => read(path).catch(nothing)));
    return new HostKeyTrust(
      config,
      files.filter((file) => file !== undefined),
      emit,
    );
  }

  /** Key types known for the host, for putting their algorithms first. */
  get knownKeyTypes(): readonly string[] {
    return knownKeyTypes(this.#files, this.#config, this.#config.crypto);
  }

  /** @returns why the key is refused, or `undefined` when it is trusted. */
  async verify(publicKey: PublicKey, address: string | undefined): Promise<SshError | undefined> {
    const { host, port, hostKeyPolicy, crypto } = this.#config;
    const verdict = lookupHost(this.#files, { host, port, address }, publicKey, crypto);
    const shown = fingerprint(crypto.hash, publicKey.blob);
    const { refusal, warning } = await this.#decide(verdict, publicKey, shown);
    const place = placeOf(verdict);
    this.#emit('transport.hostkey.verdict', {
      verdict:
        refusal === undefined && verdict.verdict !== 'trusted'
          ? `${verdict.verdict}-accepted`
          : verdict.verdict,
      fingerprint: shown,
      policy: hostKeyPolicy,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
      ...(warning === undefined ? {} : { warning }),
    });
    if (refusal === undefined) return undefined;
    const { cause, ...reason } = refusal;
    const context = {
      ...reason,
      host,
      port,
      phase: 'host-key',
      fingerprint: shown,
      keyType: publicKey.keyType,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
    };
    return localError('HOST_KEY_REFUSED', context, { cause });
  }

  async #decide(verdict: HostVerdict, publicKey: PublicKey, shown: string): Promise<Decision> {
    const { hostKeyPolicy, onUnknownHostKey, host, port } = this.#config;
    if (verdict.verdict === 'trusted' || hostKeyPolicy === 'insecure') return {};
    if (verdict.verdict === 'changed') return { refusal: { reason: 'changed', known: verdict.known } };
    if (verdict.verdict === 'revoked') return { refusal: { reason: 'revoked' } };
    if (hostKeyPolicy === 'strict') return { refusal: { reason: 'unknown' } };
    if (hostKeyPolicy === 'ask') {
      try {
        const question = { host, port, keyType: publicKey.keyType, fingerprint: shown };
        if ((await onUnknownHostKey?.(question)) !== true) return { refusal: { reason: 'declined' } };
      } catch (cause) {
        // Whoever could not be asked has not agreed.
        return { refusal: { reason: 'declined', cause } };
      }
    }
    return this.#remember(publicKey);
  }

  /** A key that cannot be written down is still accepted: the next connection asks again. */
  async #remember(publicKey: PublicKey): Promise<Decision> {
    const path = this.#config.knownHosts[0];
    if (path === undefined) return {};
    try {
      await appendKnownHost(path, formatKnownHostsLine(this.#config.host, this.#config.port, publicKey));
      return {};
    } catch (error) {
      return { warning: `the key was not written down: ${error instanceof Error ? error.message : error}` };
    }
  }
}

function placeOf(verdict: HostVerdict): { readonly file: string; readonly line: number } | undefined {
  if (verdict.verdict === 'trusted' || verdict.verdict === 'revoked') return verdict;
  return verdict.verdict === 'changed' ? verdict.known[0] : undefined;
}
