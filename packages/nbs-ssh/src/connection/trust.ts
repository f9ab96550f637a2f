import {
  type AnnouncedKeys,
  type CertificateVerdict,
  formatKnownHostsLine,
  type HostKeyPlan,
  type KnownHosts,
  type KnownHostsEntry,
  knownKeyTypes,
  knowsAuthority,
  lookupHost,
  lookupHostCertificate,
  parseKnownHosts,
  planHostKeys,
} from '@nbs-ssh/auth';
import { appendKnownHost, readKnownHostsFile } from '@nbs-ssh/auth/node';
import { certificateFacts, fingerprint, type PublicKey, plainKeyOf } from '@nbs-ssh/transport/keys';
import { equalBytes, type SshError, type TraceValue } from '@nbs-ssh/transport/wire';
import type { CertificateReason, HostKeyMismatchContext, HostKeyMismatchReason } from '../errors/classes.ts';
import { localError } from '../errors/local.ts';
import type { Ask } from '../interaction/credentials.ts';
import type { ConnectionConfig, UnknownHostKey } from './options.ts';

/** Bytes of the salt of a hashed name: the only length that ssh reads. */
const SALT_LENGTH = 20;

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
  readonly #ask: Ask;
  /** What the files know the host by: its alias has no port. */
  readonly #name: { readonly host: string; readonly port: number };
  /** The key of the server, when a line of known_hosts and nothing else made it trusted. */
  #trusted: PublicKey | undefined;

  private constructor(config: ConnectionConfig, files: readonly KnownHosts[], emit: Emit, ask: Ask) {
    this.#config = config;
    this.#files = files;
    this.#emit = emit;
    this.#ask = ask;
    const { host, port, hostKeyAlias } = config;
    this.#name = hostKeyAlias === undefined ? { host, port } : { host: hostKeyAlias, port: 22 };
  }

  /**
   * Reads the files. Those that do not exist are empty.
   *
   * @throws {KnownHostsError} when one cannot be read, unless nothing is checked anyway: a key that is changed or
   *   revoked in a file that we cannot see would pass for an unknown one.
   */
  static async load(config: ConnectionConfig, emit: Emit, ask: Ask): Promise<HostKeyTrust> {
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
      ask,
    );
  }

  /** Key types known for the host, for putting their algorithms first. */
  get knownKeyTypes(): readonly string[] {
    return knownKeyTypes(this.#files, this.#name, this.#config.crypto);
  }

  /** Whether a certificate of the host may be trusted by its CA. */
  get knowsAuthority(): boolean {
    return knowsAuthority(this.#files, this.#name, this.#config.crypto);
  }

  /**
   * @param shown - The key or certificate.
   * @param unixMs - Now, for the validity of a certificate.
   * @returns why it is refused, or `undefined` when it is trusted.
   */
  async verify(shown: PublicKey, address: string | undefined, unixMs: number): Promise<SshError | undefined> {
    const { host, port, hostKeyPolicy, crypto } = this.#config;
    const verdict = this.#lookUp(shown, address, unixMs);
    const key = plainKeyOf(shown);
    const certificate =
      shown.certificate === undefined ? undefined : certificateFacts(crypto.hash, shown.certificate);
    const described = {
      fingerprint: fingerprint(crypto.hash, key.blob),
      keyType: key.keyType,
      ...(certificate === undefined ? {} : { certificate }),
    };
    const { refusal, warning } = await this.#decide(verdict, key, described);
    const place = placeOf(verdict);
    this.#emit('transport.hostkey.verdict', {
      verdict:
        refusal === undefined && verdict.verdict !== 'trusted'
          ? `${verdict.verdict}-accepted`
          : verdict.verdict,
      fingerprint: described.fingerprint,
      policy: hostKeyPolicy,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
      ...(certificate === undefined
        ? {}
        : {
            key_id: certificate.keyId,
            serial: certificate.serial,
            ca_fingerprint: certificate.caFingerprint,
            valid_from: certificate.validFrom,
            valid_until: certificate.validUntil,
          }),
      ...(verdict.certificateProblem === undefined
        ? {}
        : { certificate_problem: verdict.certificateProblem }),
      ...(warning === undefined ? {} : { warning }),
    });
    if (verdict.verdict === 'trusted' && shown.certificate === undefined) this.#trusted = key;
    if (refusal === undefined) return undefined;
    const { cause, ...reason } = refusal;
    const context = {
      ...reason,
      host,
      port,
      phase: 'host-key',
      ...described,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
    };
    return localError('HOST_KEY_REFUSED', context, { cause });
  }

  /**
   * What the server's announcement of its host keys changes in the first file.
   *
   * @param announced - The keys it told. @param isWanted - Whether a key may be learned.
   * @returns `undefined` when no line of known_hosts made this server trusted.
   */
  planUpdate(announced: AnnouncedKeys, isWanted: (key: PublicKey) => boolean): HostKeyPlan | undefined {
    const { crypto } = this.#config;
    if (this.#trusted === undefined) return undefined;
    return planHostKeys(this.#files, this.#name, announced, isWanted, this.#trusted, crypto);
  }

  /** Whether a line is one of `entries`, by what it says: its number may be another one by now. */
  means(entries: readonly KnownHostsEntry[]): (entry: KnownHostsEntry) => boolean {
    return (line) =>
      entries.some(
        ({ marker, names, blob }) =>
          line.marker === marker && line.names === names && equalBytes(line.blob, blob),
      );
  }

  /** A line for the first file that makes `publicKey` known. */
  lineFor(publicKey: PublicKey): string {
    const { crypto, hashKnownHosts } = this.#config;
    const { host, port } = this.#name;
    const hash = { salt: crypto.random(SALT_LENGTH), hmac: crypto.hmac };
    return formatKnownHostsLine(host, port, publicKey, hashKnownHosts ? { hash } : {});
  }

  #lookUp(shown: PublicKey, address: string | undefined, unixMs: number): CertificateVerdict {
    const { crypto, algorithms } = this.#config;
    const target = { ...this.#name, address };
    const { certificate } = shown;
    if (certificate === undefined) return lookupHost(this.#files, target, shown, crypto);
    const use = { now: unixMs / 1000, caAlgorithms: algorithms.caSignatures };
    return lookupHostCertificate(this.#files, target, { ...shown, certificate }, crypto, use);
  }

  async #decide(
    verdict: CertificateVerdict,
    key: PublicKey,
    described: Pick<UnknownHostKey, 'fingerprint' | 'keyType' | 'certificate'>,
  ): Promise<Decision> {
    const { hostKeyPolicy, onUnknownHostKey, host, port } = this.#config;
    // Nobody's certificate: not even ssh without any checking goes on with that.
    if (verdict.certificateProblem === 'signature') return { refusal: { reason: 'certificate_signature' } };
    if (verdict.verdict === 'trusted' || hostKeyPolicy === 'insecure') return {};
    if (verdict.verdict === 'changed') return { refusal: { reason: 'changed', known: verdict.known } };
    if (verdict.verdict === 'revoked') {
      const byCa = verdict.certificateProblem === 'revoked-ca';
      return { refusal: { reason: byCa ? 'certificate_revoked_ca' : 'revoked' } };
    }
    if (hostKeyPolicy === 'strict') return { refusal: { reason: reasonOf(verdict) } };
    if (hostKeyPolicy === 'ask') {
      try {
        const question = { host, port, ...described };
        if ((await this.#ask(async () => onUnknownHostKey?.(question))) !== true) {
          return { refusal: { reason: 'declined' } };
        }
      } catch (cause) {
        // Whoever could not be asked has not agreed.
        return { refusal: { reason: 'declined', cause } };
      }
    }
    return this.#remember(key);
  }

  /** A key that cannot be written down is still accepted: the next connection asks again. */
  async #remember(publicKey: PublicKey): Promise<Decision> {
    const path = this.#config.knownHosts[0];
    if (path === undefined) return {};
    try {
      await appendKnownHost(path, this.lineFor(publicKey));
      return {};
    } catch (error) {
      return { warning: `the key was not written down: ${error instanceof Error ? error.message : error}` };
    }
  }
}

/** A certificate whose CA has no say here is no news: the key in it is unknown, as any other would be. */
function reasonOf({ certificateProblem, authority }: CertificateVerdict): HostKeyMismatchReason {
  if (certificateProblem === undefined || authority === undefined) return 'unknown';
  return `certificate_${certificateProblem.replaceAll('-', '_')}` as CertificateReason;
}

/** Of the line that decided. A refused certificate was decided by the line of its CA. */
function placeOf(verdict: CertificateVerdict): { readonly file: string; readonly line: number } | undefined {
  if (verdict.verdict === 'trusted' || verdict.verdict === 'revoked') return verdict;
  return verdict.verdict === 'changed' ? verdict.known[0] : verdict.authority;
}
