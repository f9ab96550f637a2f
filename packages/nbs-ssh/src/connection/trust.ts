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

  /** Reads the files. Those that do not exist are empty. @throws {KnownHostsError} when one cannot be read. */
  static async load(config: ConnectionConfig, emit: Emit): Promise<HostKeyTrust> {
    const files = await Promise.all(
      config.knownHosts.map(async (path) => parseKnownHosts((await readKnownHostsFile(path)) ?? '', path)),
    );
    return new HostKeyTrust(config, files, emit);
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
    const refusal = await this.#decide(verdict, publicKey, shown);
    const place = placeOf(verdict);
    this.#emit('transport.hostkey.verdict', {
      verdict:
        refusal === undefined && verdict.verdict !== 'trusted'
          ? `${verdict.verdict}-accepted`
          : verdict.verdict,
      fingerprint: shown,
      policy: hostKeyPolicy,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
    });
    if (refusal === undefined) return undefined;
    return localError('HOST_KEY_REFUSED', {
      ...refusal,
      host,
      port,
      phase: 'host-key',
      fingerprint: shown,
      keyType: publicKey.keyType,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
    });
  }

  async #decide(
    verdict: HostVerdict,
    publicKey: PublicKey,
    shown: string,
  ): Promise<Pick<HostKeyMismatchContext, 'reason' | 'known'> | undefined> {
    const { hostKeyPolicy, onUnknownHostKey, host, port } = this.#config;
    if (verdict.verdict === 'trusted' || hostKeyPolicy === 'insecure') return undefined;
    if (verdict.verdict === 'changed') return { reason: 'changed', known: verdict.known };
    if (verdict.verdict === 'revoked') return { reason: 'revoked' };
    if (hostKeyPolicy === 'strict') return { reason: 'unknown' };
    if (hostKeyPolicy === 'ask') {
      const accepted = await onUnknownHostKey?.({
        host,
        port,
        keyType: publicKey.keyType,
        fingerprint: shown,
      });
      if (accepted !== true) return { reason: 'declined' };
    }
    await this.#remember(publicKey);
    return undefined;
  }

  /** A key that cannot be written down is still accepted: the next connection asks again. */
  async #remember(publicKey: PublicKey): Promise<void> {
    const path = this.#config.knownHosts[0];
    if (path === undefined) return;
    try {
      await appendKnownHost(path, formatKnownHostsLine(this.#config.host, this.#config.port, publicKey));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#emit('session.warning', { what: 'known_hosts was not updated', message });
    }
  }
}

function placeOf(verdict: HostVerdict): { readonly file: string; readonly line: number } | undefined {
  if (verdict.verdict === 'trusted' || verdict.verdict === 'revoked') return verdict;
  return verdict.verdict === 'changed' ? verdict.known[0] : undefined;
}
