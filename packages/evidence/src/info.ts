import type { AlgorithmOffers } from './algorithms.ts';

/** Negotiated algorithms and both offers; `null` for what was never reached. cs = client to server. */
export interface AlgorithmInfo {
  readonly kex: string | null;
  readonly hostKey: string | null;
  readonly cipherCs: string | null;
  readonly cipherSc: string | null;
  readonly macCs: string | null;
  readonly macSc: string | null;
  readonly compressionCs: string | null;
  readonly compressionSc: string | null;
  readonly strictKex: boolean | null;
  /** The KEXINITs of the newest exchange. */
  readonly offers: AlgorithmOffers;
}

/** All in milliseconds; `null` for a phase that was not reached. */
export interface TimingInfo {
  readonly tcpMs: number | null;
  readonly versionMs: number | null;
  readonly kexMs: number | null;
  readonly authMs: number | null;
  readonly firstChannelMs: number | null;
  /** From the start of the connect to ready, or to the error that ended it. */
  readonly totalMs: number | null;
  /** From the start of the connect to the close; `null` while open. */
  readonly sessionMs: number | null;
  readonly connectDurationMs: number | null;
  readonly authDurationMs: number | null;
}
