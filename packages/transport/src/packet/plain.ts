import type { PacketOpener, PacketSealer } from '../crypto/index.ts';

/** Before the first NEWKEYS there is no encryption and no MAC: RFC 4253 §6 with cipher `none`. */
export const plainSealer: PacketSealer = {
  blockLength: 8,
  lengthOutside: 0,
  tagLength: 0,
  seal: () => {},
  wipe: () => {},
};

export const plainOpener: PacketOpener = {
  blockLength: 8,
  lengthOutside: 0,
  tagLength: 0,
  prefixLength: 4,
  length: (_sequence, prefix) => readLength(prefix),
  open: () => true,
  wipe: () => {},
};

/** packet_length in clear, RFC 4253 §6. */
export function readLength(prefix: Uint8Array): number {
  return (
    (((prefix[0] as number) << 24) |
      ((prefix[1] as number) << 16) |
      ((prefix[2] as number) << 8) |
      (prefix[3] as number)) >>>
    0
  );
}
