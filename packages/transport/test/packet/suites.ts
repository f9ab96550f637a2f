import { seededRandom } from '@nbs-ssh/testing';
import type { NegotiatedAlgorithms } from '@nbs-ssh/transport';
import {
  type CryptoProvider,
  insecureNames,
  type PacketOpener,
  type PacketSealer,
  withInsecure,
} from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import type { Direction, KeySource } from '../../src/key-derivation.ts';
import { plainOpener, plainSealer } from '../../src/packet/plain.ts';
import { PacketReader } from '../../src/packet/reader.ts';
import { createOpener, createSealer } from '../../src/packet/suite.ts';
import { PacketWriter } from '../../src/packet/writer.ts';

/** Both ends of one direction under fresh keys. */
export interface Lane {
  readonly sealer: PacketSealer;
  readonly opener: PacketOpener;
  readonly writer: PacketWriter;
  readonly reader: PacketReader;
}

export interface Protection {
  readonly title: string;
  readonly lane: (direction?: Direction) => Lane;
}

function protection(crypto: CryptoProvider, cipher: string, mac: string | null): Protection {
  return {
    title: `${crypto.name}: ${cipher}${mac === null ? '' : ` ${mac}`}`,
    lane: (direction = 'clientToServer') => {
      const algorithms: NegotiatedAlgorithms = {
        kex: '',
        hostKey: '',
        cipherClientToServer: cipher,
        cipherServerToClient: cipher,
        macClientToServer: mac,
        macServerToClient: mac,
        compressionClientToServer: 'none',
        compressionServerToClient: 'none',
      };
      const random = seededRandom(cipher);
      const source: KeySource = {
        crypto,
        hash: 'sha256',
        sharedSecret: random(36),
        exchangeHash: random(32),
        sessionId: random(32),
      };
      const sealer = createSealer(source, algorithms, direction);
      const opener = createOpener(source, algorithms, direction);
      const writer = new PacketWriter(random);
      writer.rekey(createSealer(source, algorithms, direction), true);
      const reader = new PacketReader();
      reader.rekey(createOpener(source, algorithms, direction), cipher, mac, true);
      return { sealer, opener, writer, reader };
    },
  };
}

/** Every cipher, with every MAC where it needs one, from both providers. */
export const PROTECTIONS: readonly Protection[] = [nobleProvider, nodeProvider].flatMap((crypto) =>
  crypto.ciphers.flatMap((cipher) =>
    cipher.kind === 'aead'
      ? [protection(crypto, cipher.name, null)]
      : crypto.macs.map((mac) => protection(crypto, cipher.name, mac.name)),
  ),
);

/** What has to be opted into: CBC beside a MAC of either kind, and SHA-1 in the MAC. */
export const INSECURE_PROTECTIONS: readonly Protection[] = [nobleProvider, nodeProvider].flatMap(
  (provider) => {
    const crypto = withInsecure(provider, insecureNames(provider));
    return [
      ...provider.insecure.ciphers.flatMap(({ name }) =>
        ['hmac-sha1', 'hmac-sha2-256-etm@openssh.com'].map((mac) => protection(crypto, name, mac)),
      ),
      ...provider.insecure.macs.map((mac) => protection(crypto, 'aes256-ctr', mac.name)),
    ];
  },
);

export const PLAIN: Protection = {
  title: 'before NEWKEYS',
  lane: () => ({
    sealer: plainSealer,
    opener: plainOpener,
    writer: new PacketWriter(seededRandom('plain')),
    reader: new PacketReader(),
  }),
};

/** One sealed packet. */
export function sealed(writer: PacketWriter, payload: Uint8Array): Uint8Array {
  writer.seal(payload);
  const bytes = writer.take();
  if (bytes === undefined) throw new Error('nothing was sealed');
  return bytes.slice();
}

/**
 * A packet that is authentic and yet wrong: any length and padding length, and a body of any size.
 *
 * @param length - What packet_length says. @param padding - What padding_length says.
 * @param size - Bytes behind packet_length that are really sealed.
 */
export function crafted(sealer: PacketSealer, length: number, padding: number, size: number): Uint8Array {
  const packet = new Uint8Array(4 + size + sealer.tagLength);
  new DataView(packet.buffer).setUint32(0, length);
  packet[4] = padding;
  sealer.seal(0, packet);
  return packet;
}
