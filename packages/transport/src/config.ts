import { type CryptoProvider, insecureNames, type PrivateKeyMaterial } from './crypto/index.ts';
import { transportError } from './errors.ts';
import type { Role } from './key-derivation.ts';
import { certificateType, type PublicKey } from './keys/index.ts';
import type { TraceSink } from './wire/index.ts';

/** Names offered in KEXINIT, most wanted first. Both directions get the same lists. */
export interface AlgorithmPreferences {
  readonly kex: readonly string[];
  readonly hostKey: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
}

/** When we start a new key exchange by ourselves. RFC 4253 §9 recommends each gigabyte and each hour. */
export interface RekeyLimits {
  /** Bytes in one direction. */
  readonly bytes: number;
  /** Packets in one direction, below 2^32. */
  readonly packets: number;
  readonly milliseconds: number;
}

/** A key the server role proves itself with. */
export interface HostKey {
  /** Or a host certificate for it. */
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKeyMaterial;
}

/**
 * `offer` uses strict key exchange when the peer has it too; `require` refuses a peer without it; `off` does not
 * offer it, which leaves the Terrapin attack open and is meant for testing servers.
 */
export type StrictKexPolicy = 'offer' | 'require' | 'off';

export interface TransportLimits {
  /** Milliseconds one key exchange may take once it began. */
  readonly kexMilliseconds: number;
  /** Bytes that may arrive while the machine waits for an answer and decodes nothing. */
  readonly heldInput: number;
  /** Bytes and packets before authentication. */
  readonly preAuthBytes: number;
  readonly preAuthPackets: number;
  /** IGNORE, DEBUG, UNIMPLEMENTED, PING and unknown messages before authentication, in all. */
  readonly preAuthNoise: number;
  /**
   * The same after authentication, in each minute, beyond one for each message that carries something. OpenSSH's client
   * hides keystrokes among a PING each 20 ms, so 3000 in a minute are honest.
   */
  readonly noisePerMinute: number;
}

/** Everything a transport machine needs, with nothing optional but the sinks. */
export interface TransportConfig {
  readonly role: Role;
  readonly crypto: CryptoProvider;
  readonly algorithms: AlgorithmPreferences;
  /** Server role: at least one. Client role: empty. */
  readonly hostKeys: readonly HostKey[];
  /** Software version of our identification line: printable US-ASCII without spaces or `-`. */
  readonly software: string;
  readonly strictKex: StrictKexPolicy;
  /** Server role: signature algorithms announced in `server-sig-algs`, RFC 8308 §3.1. */
  readonly serverSigAlgs: readonly string[];
  readonly rekey: RekeyLimits;
  readonly limits: TransportLimits;
  readonly trace: TraceSink | undefined;
  /** Also trace each packet: number, name, length, direction, sequence. */
  readonly tracePackets: boolean;
}

export const DEFAULT_REKEY: RekeyLimits = {
  bytes: 1_073_741_824,
  packets: 0x7fff_ffff,
  milliseconds: 3_600_000,
};

export const DEFAULT_LIMITS: TransportLimits = {
  kexMilliseconds: 30_000,
  heldInput: 1_048_576,
  preAuthBytes: 1_048_576,
  preAuthPackets: 1024,
  preAuthNoise: 100,
  noisePerMinute: 6000,
};

/**
 * Every algorithm of a provider, in its order: what is offered when a policy says nothing. Certificates of hosts come
 * before plain keys, as in OpenSSH: a client that does not know the CA goes on with the key in the certificate.
 */
export function allAlgorithms(crypto: CryptoProvider): AlgorithmPreferences {
  const names = crypto.signatures.map((suite) => suite.name);
  const insecure = insecureNames(crypto);
  // Nobody certifies with SHA-1 or DSA any more, whatever was opted into for plain keys.
  const certifies = (name: string): boolean => !insecure.includes(name);
  return {
    kex: crypto.kex.map((suite) => suite.name),
    hostKey: [...names.filter(certifies).map(certificateType), ...names],
    ciphers: crypto.ciphers.map((suite) => suite.name),
    macs: crypto.macs.map((suite) => suite.name),
  };
}

/** @throws {TransportError} `TRANSPORT_MISUSE` */
export function checkConfig({ software, role, hostKeys }: TransportConfig): void {
  if (!/^[!-,.-~]+$/.test(software)) {
    throw transportError('TRANSPORT_MISUSE', {
      what: 'software must be printable US-ASCII without space or "-"',
    });
  }
  if (role === 'server' && hostKeys.length === 0) {
    throw transportError('TRANSPORT_MISUSE', { what: 'a server needs at least one host key' });
  }
}
