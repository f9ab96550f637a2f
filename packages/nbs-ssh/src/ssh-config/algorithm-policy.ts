import { allAlgorithms } from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import type { AlgorithmPolicy } from '../connection/algorithms.ts';
import type { AvailableNames } from './algorithm-names.ts';
import { type AlgorithmNames, type PrintedAlgorithms, printedAlgorithms } from './print.ts';
import type { AlgorithmSettings } from './settings.ts';

/** What a provider has, by the options that choose from it. */
export function namesOf(crypto: CryptoProvider): AlgorithmNames {
  const { kex, hostKey, ciphers, macs } = allAlgorithms(crypto);
  const everything = (names: readonly string[]): AvailableNames => ({ defaults: names, all: names });
  return {
    kex: everything(kex),
    hostKey: everything(hostKey),
    ciphers: everything(ciphers),
    macs: everything(macs),
    pubkeyAccepted: everything(hostKey),
    caSignature: everything(hostKey.filter((name) => !name.includes('-cert-v01@'))),
  };
}

export interface ChosenAlgorithms {
  readonly policy: AlgorithmPolicy;
  readonly printed: PrintedAlgorithms;
  /** Sentences about names that were asked for and that we do not have. */
  readonly missing: readonly string[];
}

/** The lists of the settings, resolved against what the provider has. @throws {ConfigError} */
export function chooseAlgorithms(settings: AlgorithmSettings, crypto: CryptoProvider): ChosenAlgorithms {
  const { algorithms: printed, missing } = printedAlgorithms(settings, namesOf(crypto));
  const { kex, hostKey, ciphers, macs } = printed;
  return {
    policy: { kex, hostKey, ciphers, macs },
    printed,
    missing: [...missing].map(
      ([option, names]) => `${option}: ${names.join(', ')} is not there and left out`,
    ),
  };
}
