import { allAlgorithms } from '@nbs-ssh/transport';
import { type CryptoProvider, insecureNames, insecureRisk } from '@nbs-ssh/transport/crypto';
import { type AlgorithmPolicy, caSignatureNames } from '../connection/algorithms.ts';
import type { AvailableNames } from './algorithm-names.ts';
import { type AlgorithmNames, type PrintedAlgorithms, printedAlgorithms } from './print.ts';
import type { AlgorithmSettings } from './settings.ts';

/** What a provider has, by the options that choose from it. Insecure ones have to be named. */
export function namesOf(crypto: CryptoProvider): AlgorithmNames {
  const { kex, hostKey, ciphers, macs } = allAlgorithms(crypto);
  const insecure = crypto.insecure;
  const choice = (
    names: readonly string[],
    suites: readonly { readonly name: string }[],
  ): AvailableNames => ({
    defaults: names,
    all: names,
    insecure: suites.map(({ name }) => name),
  });
  return {
    kex: choice(kex, insecure.kex),
    hostKey: choice(hostKey, insecure.signatures),
    ciphers: choice(ciphers, insecure.ciphers),
    macs: choice(macs, insecure.macs),
    pubkeyAccepted: choice(hostKey, insecure.signatures),
    // Nobody certifies with them any more.
    caSignature: choice(caSignatureNames(crypto), []),
  };
}

export interface ChosenAlgorithms {
  readonly policy: AlgorithmPolicy;
  readonly printed: PrintedAlgorithms;
  /** Sentences about names that were asked for and that we do not have. */
  readonly missing: readonly string[];
  /** Sentences about insecure algorithms that were asked for. */
  readonly risks: readonly string[];
}

/** The lists of the settings, resolved against what the provider has. @throws {ConfigError} */
export function chooseAlgorithms(settings: AlgorithmSettings, crypto: CryptoProvider): ChosenAlgorithms {
  const { algorithms: printed, missing } = printedAlgorithms(settings, namesOf(crypto));
  const { kex, hostKey, ciphers, macs, pubkeyAccepted, caSignature: caSignatures } = printed;
  const chosen = new Set([...kex, ...hostKey, ...ciphers, ...macs, ...pubkeyAccepted]);
  const insecure = insecureNames(crypto).filter((name) => chosen.has(name));
  return {
    policy: { kex, hostKey, ciphers, macs, publicKey: pubkeyAccepted, caSignatures, insecure },
    printed,
    missing: [...missing].map(
      ([option, names]) => `${option}: ${names.join(', ')} is not there and left out`,
    ),
    risks: insecure.map((name) => `${name} is insecure: ${insecureRisk(name)}`),
  };
}
