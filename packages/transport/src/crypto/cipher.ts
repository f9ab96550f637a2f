/** Keys of one direction of travel, RFC 4253 §7.2. The suite owns the arrays from here on and wipes them. */
export interface DirectionKeys {
  readonly iv: Uint8Array;
  readonly key: Uint8Array;
}

/**
 * Seals the packets of one direction, in order. Owns its key schedule and counters.
 *
 * Binary packet, RFC 4253 §6: `packet_length (4) ‖ padding_length (1) ‖ payload ‖ padding ‖ tag`.
 */
export interface PacketSealer {
  /** `length(authenticated, encrypted-or-not) ‖ body` must be padded so the encrypted part is a multiple of this. */
  readonly blockLength: number;
  /** 4 when packet_length is outside the padded part (AEAD and encrypt-then-MAC), 0 when it is inside. */
  readonly lengthOutside: 0 | 4;
  /** Bytes of tag or MAC behind the body. */
  readonly tagLength: number;
  /**
   * Seals in place.
   *
   * @param sequence - Packet sequence number, 0 to 2^32 − 1.
   * @param packet - The whole packet with `tagLength` bytes of room at its end. Its first byte is 4-byte aligned.
   */
  readonly seal: (sequence: number, packet: Uint8Array) => void;
  readonly wipe: () => void;
}

/** Opens the packets of one direction, in order. Never hands out plaintext whose tag was not checked. */
export interface PacketOpener {
  readonly blockLength: number;
  readonly lengthOutside: 0 | 4;
  readonly tagLength: number;
  /** Bytes that must have arrived before {@link length} may be called: 4, or one cipher block. */
  readonly prefixLength: number;
  /** Nobody may learn from us what {@link length} gave, before {@link open} has said that the packet is genuine. */
  readonly hidesLength?: boolean;
  /**
   * Reads packet_length from the first `prefixLength` bytes of a packet. Called exactly once for each packet,
   * right before its {@link open}; may change `prefix` in place. The result is not authenticated yet.
   */
  readonly length: (sequence: number, prefix: Uint8Array) => number;
  /**
   * Checks and decrypts in place.
   *
   * @param packet - `4 + packet_length + tagLength` bytes, beginning with the prefix given to {@link length}.
   * @returns `false` when the tag is wrong: the content of `packet` is then undefined and must not be used.
   *   On `true`, bytes from 4 on are `padding_length ‖ payload ‖ padding`.
   */
  readonly open: (sequence: number, packet: Uint8Array) => boolean;
  readonly wipe: () => void;
}

/** A cipher that authenticates by itself: the MAC lists of KEXINIT are ignored with it. */
export interface AeadCipherSuite {
  readonly kind: 'aead';
  readonly name: string;
  /** In bytes, as are all lengths here. */
  readonly keyLength: number;
  readonly ivLength: number;
  readonly sealer: (keys: DirectionKeys) => PacketSealer;
  readonly opener: (keys: DirectionKeys) => PacketOpener;
}

/** A cipher that needs a MAC beside it. The transport joins the two. */
export interface StreamCipherSuite {
  readonly kind: 'stream';
  readonly name: string;
  readonly keyLength: number;
  readonly ivLength: number;
  readonly blockLength: number;
  /**
   * Each block depends on the one before (CBC). Beside a MAC of the plaintext the packet reader then hides what the
   * length of a packet was before the MAC is known to be right.
   */
  readonly chained?: boolean;
  readonly encryptor: (keys: DirectionKeys) => StreamTransform;
  readonly decryptor: (keys: DirectionKeys) => StreamTransform;
}

export interface StreamTransform {
  /** Transforms `bytes` in place and advances. Length is a multiple of the block length. */
  readonly apply: (bytes: Uint8Array) => void;
  readonly wipe: () => void;
}

export type CipherSuite = AeadCipherSuite | StreamCipherSuite;

export interface MacSuite {
  readonly name: string;
  readonly keyLength: number;
  readonly tagLength: number;
  /** Encrypt-then-MAC (`-etm@openssh.com`): packet_length stays plain and the MAC covers the ciphertext. */
  readonly etm: boolean;
  readonly create: (key: Uint8Array) => Mac;
}

export interface Mac {
  /** MAC over `sequence (u32) ‖ bytes`. The result is valid until the next call. */
  readonly compute: (sequence: number, bytes: Uint8Array) => Uint8Array;
  readonly wipe: () => void;
}
