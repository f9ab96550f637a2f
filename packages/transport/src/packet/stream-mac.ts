import type { Mac, PacketOpener, PacketSealer, StreamTransform } from '../crypto/index.ts';
import { equalBytes } from '../wire/index.ts';
import { readLength } from './plain.ts';

/** A stream cipher and a MAC, joined into one suite for a direction. */
export interface StreamMacParts {
  readonly transform: StreamTransform;
  readonly blockLength: number;
  readonly mac: Mac;
  readonly tagLength: number;
  readonly etm: boolean;
  readonly chained: boolean;
}

/** RFC 4253 §6.4 (MAC of the plaintext) or OpenSSH PROTOCOL §1.5 (`-etm`: MAC of length and ciphertext). */
export function streamMacSealer(parts: StreamMacParts): PacketSealer {
  const { transform, mac, blockLength, tagLength, etm } = parts;
  return {
    blockLength,
    lengthOutside: etm ? 4 : 0,
    tagLength,
    seal: (sequence, packet) => {
      const end = packet.length - tagLength;
      if (etm) {
        transform.apply(packet.subarray(4, end));
        packet.set(mac.compute(sequence, packet.subarray(0, end)), end);
      } else {
        packet.set(mac.compute(sequence, packet.subarray(0, end)), end);
        transform.apply(packet.subarray(0, end));
      }
    },
    wipe: () => {
      transform.wipe();
      mac.wipe();
    },
  };
}

/** The other direction of {@link streamMacSealer}. */
export function streamMacOpener(parts: StreamMacParts): PacketOpener {
  const { transform, mac, blockLength, tagLength, etm } = parts;
  return {
    blockLength,
    lengthOutside: etm ? 4 : 0,
    tagLength,
    prefixLength: etm ? 4 : blockLength,
    hidesLength: parts.chained && !etm,
    length: (_sequence, prefix) => {
      // The MAC covers plaintext here, so the first block has to be decrypted to learn the length. The packet
      // reader limits what a forged length can make us wait for.
      if (!etm) transform.apply(prefix);
      return readLength(prefix);
    },
    open: (sequence, packet) => {
      const end = packet.length - tagLength;
      if (etm) {
        if (!equalBytes(mac.compute(sequence, packet.subarray(0, end)), packet.subarray(end))) return false;
        transform.apply(packet.subarray(4, end));
        return true;
      }
      transform.apply(packet.subarray(blockLength, end));
      return equalBytes(mac.compute(sequence, packet.subarray(0, end)), packet.subarray(end));
    },
    wipe: () => {
      transform.wipe();
      mac.wipe();
    },
  };
}
