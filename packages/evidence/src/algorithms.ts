/** One side's KEXINIT as it was on the wire, RFC 4253 §7.1. Names in the sender's order of preference. */
export type AlgorithmOffer = {
  readonly kex: readonly string[];
  readonly host_key: readonly string[];
  readonly cipher_cs: readonly string[];
  readonly cipher_sc: readonly string[];
  readonly mac_cs: readonly string[];
  readonly mac_sc: readonly string[];
  readonly compression_cs: readonly string[];
  readonly compression_sc: readonly string[];
};

/** The slots of a key exchange, in the order of KEXINIT. */
export const SLOTS = [
  'kex',
  'host_key',
  'cipher_cs',
  'cipher_sc',
  'mac_cs',
  'mac_sc',
  'compression_cs',
  'compression_sc',
] as const;
export type Slot = (typeof SLOTS)[number];

/** Both offers as far as they were seen. A side that sent none is `null`. */
export type AlgorithmOffers = {
  readonly client: AlgorithmOffer | null;
  readonly server: AlgorithmOffer | null;
};
