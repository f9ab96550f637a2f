import { equalBytes, wipe } from '../wire/index.ts';
import { ChaCha20 } from './chacha20.ts';
import type { AeadCipherSuite, DirectionKeys, PacketOpener, PacketSealer } from './cipher.ts';
import { poly1305 } from './poly1305.ts';

const TAG = 16;
const LENGTH = 4;

/** XORs ChaCha20's key stream from block 1 on into a packet's body, which is all bytes from `from` up to `to`. */
export interface BodyCipher {
  readonly xor: (sequence: number, packet: Uint8Array, from: number, to: number) => void;
  readonly wipe: () => void;
}

/**
 * `chacha20-poly1305@openssh.com`, OpenSSH PROTOCOL.chacha20poly1305.
 *
 * The 64-byte key is K_2 ‖ K_1: K_2 encrypts the body from block 1 on and makes the one-time Poly1305 key in block
 * 0; K_1 encrypts the length. The tag covers both as ciphertext. Written here in plain TypeScript; it needs nothing
 * from the platform.
 */
export const chacha20Poly1305: AeadCipherSuite = /* @__PURE__ */ chacha20Poly1305With();

/** The same suite with a faster cipher for bodies of at least `bulkFrom` bytes. */
export function chacha20Poly1305With(bulk?: (key: Uint8Array) => BodyCipher, bulkFrom = 0): AeadCipherSuite {
  return {
    kind: 'aead',
    name: 'chacha20-poly1305@openssh.com',
    keyLength: 64,
    ivLength: 0,
    sealer: (keys): PacketSealer => {
      const core = new Core(keys, bulk, bulkFrom);
      return {
        blockLength: 8,
        lengthOutside: LENGTH,
        tagLength: TAG,
        seal: (sequence, packet) => {
          core.xorLength(sequence, packet);
          core.xorBody(sequence, packet);
          packet.set(core.tag(sequence, packet), packet.length - TAG);
        },
        wipe: () => core.wipe(),
      };
    },
    opener: (keys): PacketOpener => {
      const core = new Core(keys, bulk, bulkFrom);
      const prefix = new Uint8Array(LENGTH);
      const view = new DataView(prefix.buffer);
      return {
        blockLength: 8,
        lengthOutside: LENGTH,
        tagLength: TAG,
        prefixLength: LENGTH,
        length: (sequence, bytes) => {
          // The tag covers the length as it was sent, so the packet keeps it.
          prefix.set(bytes.subarray(0, LENGTH));
          core.xorLength(sequence, prefix);
          return view.getUint32(0);
        },
        open: (sequence, packet) => {
          if (packet.length < LENGTH + TAG) return false;
          if (!equalBytes(core.tag(sequence, packet), packet.subarray(-TAG))) return false;
          core.xorBody(sequence, packet);
          return true;
        },
        wipe: () => core.wipe(),
      };
    },
  };
}

/** What both directions share. `packet` is always `length ‖ body ‖ tag`. */
class Core {
  readonly #main: ChaCha20;
  readonly #header: ChaCha20;
  readonly #bulk: BodyCipher | undefined;
  readonly #bulkFrom: number;
  readonly #tag: Uint8Array = new Uint8Array(TAG);

  constructor(keys: DirectionKeys, bulk: ((key: Uint8Array) => BodyCipher) | undefined, bulkFrom: number) {
    this.#main = new ChaCha20(keys.key.subarray(0, 32));
    this.#header = new ChaCha20(keys.key.subarray(32, 64));
    this.#bulk = bulk?.(keys.key.slice(0, 32));
    this.#bulkFrom = bulkFrom;
    wipe(keys.key);
  }

  xorLength(sequence: number, packet: Uint8Array): void {
    const stream = this.#header.block(sequence, 0);
    for (let i = 0; i < LENGTH; i += 1) packet[i] = (packet[i] as number) ^ (stream[i] as number);
  }

  xorBody(sequence: number, packet: Uint8Array): void {
    const end = packet.length - TAG;
    if (this.#bulk !== undefined && end - LENGTH >= this.#bulkFrom) {
      this.#bulk.xor(sequence, packet, LENGTH, end);
    } else {
      this.#main.xor(sequence, 1, packet, LENGTH, end);
    }
  }

  /** Valid until the next call. */
  tag(sequence: number, packet: Uint8Array): Uint8Array {
    poly1305(this.#main.block(sequence, 0), packet, this.#tag, packet.length - TAG);
    return this.#tag;
  }

  wipe(): void {
    this.#main.wipe();
    this.#header.wipe();
    this.#bulk?.wipe();
    wipe(this.#tag);
  }
}
