import type { CertificateFacts } from '@nbs-ssh/transport/keys';
import { printable } from '@nbs-ssh/transport/wire';
import { type Tracer, words } from '../tracer.ts';
import type { AuthAttempt, AuthSkip, ClientCredential } from './types.ts';

/** An attempt that has no result yet. */
export interface OpenAttempt {
  readonly method: string;
  readonly credential: number | undefined;
  readonly fingerprint: string | undefined;
  readonly algorithm: string | undefined;
  readonly certificate: CertificateFacts | undefined;
  readonly startedAt: number;
}

/** A key or certificate as it was shown to the server. */
type ShownKey = Pick<OpenAttempt, 'fingerprint' | 'algorithm' | 'certificate'>;

/** Two certificates of one key are two things to show. */
function nameOf({ fingerprint, algorithm, certificate }: ShownKey): string {
  return JSON.stringify([fingerprint, algorithm, certificate]);
}

export interface Choice {
  readonly index: number;
  readonly credential: ClientCredential;
}

/** Keeps which credentials are still worth trying, and writes down what became of those that were. */
export class AttemptLedger {
  readonly #username: string;
  readonly #credentials: readonly ClientCredential[];
  readonly #tracer: Tracer;
  readonly #spent = new Set<number>();
  readonly #passedOver = new Set<number>();
  readonly #attempts: AuthAttempt[] = [];
  /** Keys and certificates the server did not want, each with its algorithm. Asking again costs one of few tries. */
  readonly #unwanted = new Set<string>();
  #offered: readonly string[] = [];

  constructor(username: string, credentials: readonly ClientCredential[], tracer: Tracer) {
    this.#username = username;
    this.#credentials = credentials;
    this.#tracer = tracer;
  }

  get attempts(): readonly AuthAttempt[] {
    return [...this.#attempts];
  }

  /** What the server's last failure named. */
  get offered(): readonly string[] {
    return this.#offered;
  }

  /**
   * First credential in the configured order that was not used up and whose method the server offers.
   *
   * One that is not offered is noted as skipped, once, and stays eligible: after a partial success the server may
   * ask for it.
   */
  next(): Choice | undefined {
    for (const [index, credential] of this.#credentials.entries()) {
      if (this.#spent.has(index)) continue;
      if (this.#offered.includes(credential.kind)) {
        this.#spent.add(index);
        const withdrawn = credential.withdrawn?.();
        if (withdrawn === undefined) return { index, credential };
        this.skip(this.open(credential.kind, index), withdrawn);
        continue;
      }
      if (this.#passedOver.has(index)) continue;
      this.#passedOver.add(index);
      this.skip(this.open(credential.kind, index), { reason: 'not-offered' });
    }
    return undefined;
  }

  /** Whether no other credential is left whose method the server offers. */
  get exhausted(): boolean {
    return !this.#credentials.some(
      ({ kind }, index) => !this.#spent.has(index) && this.#offered.includes(kind),
    );
  }

  /** Notes every credential that is left as skipped for `reason`. */
  giveUp(reason: string): void {
    for (const [index, credential] of this.#credentials.entries()) {
      if (this.#spent.has(index) || this.#passedOver.has(index)) continue;
      this.#spent.add(index);
      this.skip(this.open(credential.kind, index), { reason });
    }
  }

  open(method: string, credential?: number, key?: ShownKey): OpenAttempt {
    return {
      method,
      credential,
      fingerprint: key?.fingerprint,
      algorithm: key?.algorithm,
      certificate: key?.certificate,
      startedAt: this.#tracer.now,
    };
  }

  /** Whether the server has refused this very key before, and nothing was achieved since. */
  wasRefused(key: ShownKey): boolean {
    return this.#unwanted.has(nameOf(key));
  }

  skip(attempt: OpenAttempt, skip: AuthSkip): void {
    this.#record(attempt, 'skipped', skip);
    this.#tracer.emit('auth.skipped', { method: attempt.method, reason: printable(skip.reason) });
  }

  /** @param offered - Methods of the server's failure; absent when it did not answer with one. */
  close(
    attempt: OpenAttempt,
    result: Exclude<AuthAttempt['result'], 'skipped'>,
    offered?: readonly string[],
  ): void {
    if (offered !== undefined) this.#offered = offered;
    if (result === 'failure' && attempt.fingerprint !== undefined) this.#unwanted.add(nameOf(attempt));
    // After a partial success the server may want what it did not want before.
    if (result === 'partial') this.#unwanted.clear();
    const entry = this.#record(attempt, result);
    this.#tracer.emit('auth.result', {
      method: attempt.method,
      result,
      remaining: words(entry.remaining),
      duration_ms: entry.durationMs,
      ...(attempt.fingerprint === undefined ? {} : { fingerprint: attempt.fingerprint }),
      ...(attempt.algorithm === undefined ? {} : { algorithm: attempt.algorithm }),
      ...(entry.certificate === undefined
        ? {}
        : {
            key_id: entry.certificate.keyId,
            serial: entry.certificate.serial,
            ca_fingerprint: entry.certificate.caFingerprint,
            valid_from: entry.certificate.validFrom,
            valid_until: entry.certificate.validUntil,
          }),
      ...(entry.certificateProblem === undefined ? {} : { certificate_problem: entry.certificateProblem }),
    });
  }

  #certified(attempt: OpenAttempt): Pick<AuthAttempt, 'certificate' | 'certificateProblem'> {
    const { certificate, credential } = attempt;
    if (certificate === undefined) return {};
    const configured = this.#credentials[credential ?? -1];
    const problem = configured?.kind === 'publickey' ? configured.certificateProblem : undefined;
    return { certificate, ...(problem === undefined ? {} : { certificateProblem: problem }) };
  }

  #position(index: number): number {
    return this.#credentials[index]?.position ?? index;
  }

  #record(attempt: OpenAttempt, result: AuthAttempt['result'], skip?: AuthSkip): AuthAttempt {
    const entry: AuthAttempt = {
      method: attempt.method,
      username: this.#username,
      ...(attempt.credential === undefined ? {} : { credential: this.#position(attempt.credential) }),
      ...(attempt.fingerprint === undefined ? {} : { fingerprint: attempt.fingerprint }),
      ...(attempt.algorithm === undefined ? {} : { algorithm: attempt.algorithm }),
      ...this.#certified(attempt),
      result,
      remaining: result === 'success' ? [] : this.#offered,
      ...(skip === undefined ? {} : { skipReason: skip.reason }),
      ...(skip?.error === undefined ? {} : { error: skip.error }),
      durationMs: this.#tracer.now - attempt.startedAt,
    };
    this.#attempts.push(entry);
    return entry;
  }
}
