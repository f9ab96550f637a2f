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
  readonly risks: readonly AlgorithmRisk[];
}

/** An insecure algorithm that was asked for. */
export interface AlgorithmRisk {
  /** The option that asked for it, as documentation writes it. */
  readonly option: string;
  /** A sentence without an end. */
  readonly text: string;
}

/** The lists of the settings, resolved against what the provider has. @throws {ConfigError} */
export function chooseAlgorithms(settings: AlgorithmSettings, crypto: CryptoProvider): ChosenAlgorithms {
  const { algorithms: printed, missing } = printedAlgorithms(settings, namesOf(crypto));
  const { kex, hostKey, ciphers, macs, pubkeyAccepted, caSignature: caSignatures } = printed;
  const chosen: readonly (readonly [string, readonly string[]])[] = [
    ['KexAlgorithms', kex],
    ['HostKeyAlgorithms', hostKey],
    ['Ciphers', ciphers],
    ['MACs', macs],
    ['PubkeyAcceptedAlgorithms', pubkeyAccepted],
  ];
  const asked = insecureNames(crypto).flatMap((name) => {
    const option = chosen.find(([, names]) => names.includes(name))?.[0];
    return option === undefined ? [] : [{ name, option }];
  });
  const insecure = asked.map(({ name }) => name);
  return {
    policy: { kex, hostKey, ciphers, macs, publicKey: pubkeyAccepted, caSignatures, insecure },
    printed,
    missing: [...missing].map(
      ([option, names]) => `${option}: ${names.join(', ')} is not there and left out`,
    ),
    risks: asked.map(({ name, option }) => ({ option, text: `${name} is insecure: ${insecureRisk(name)}` })),
  };
}
