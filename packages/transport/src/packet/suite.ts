import type { CipherSuite, CryptoProvider, MacSuite, PacketOpener, PacketSealer } from '../crypto/index.ts';
import { transportError } from '../errors.ts';
import { type Direction, deriveKey, type KeySource } from '../key-derivation.ts';
import type { NegotiatedAlgorithms } from '../negotiate.ts';
import { type StreamMacParts, streamMacOpener, streamMacSealer } from './stream-mac.ts';

/** Makes the sealer for packets that travel in `direction`. */
export function createSealer(
  source: KeySource,
  algorithms: NegotiatedAlgorithms,
  direction: Direction,
): PacketSealer {
  const cipher = cipherFor(source.crypto, algorithms, direction);
  if (cipher.kind === 'aead') return cipher.sealer(directionKeys(source, cipher, direction));
  return streamMacSealer(streamMacParts(source, algorithms, direction, cipher, 'encryptor'));
}

/** Makes the opener for packets that travel in `direction`. */
export function createOpener(
  source: KeySource,
  algorithms: NegotiatedAlgorithms,
  direction: Direction,
): PacketOpener {
  const cipher = cipherFor(source.crypto, algorithms, direction);
  if (cipher.kind === 'aead') return cipher.opener(directionKeys(source, cipher, direction));
  return streamMacOpener(streamMacParts(source, algorithms, direction, cipher, 'decryptor'));
}

function streamMacParts(
  source: KeySource,
  algorithms: NegotiatedAlgorithms,
  direction: Direction,
  cipher: CipherSuite & { readonly kind: 'stream' },
  end: 'encryptor' | 'decryptor',
): StreamMacParts {
  const mac = macFor(source.crypto, algorithms, direction);
  return {
    transform: cipher[end](directionKeys(source, cipher, direction)),
    blockLength: cipher.blockLength,
    mac: mac.create(deriveKey(source, direction, 'mac', mac.keyLength)),
    tagLength: mac.tagLength,
    etm: mac.etm,
    chained: cipher.chained === true,
  };
}

function directionKeys(
  source: KeySource,
  cipher: CipherSuite,
  direction: Direction,
): { readonly iv: Uint8Array; readonly key: Uint8Array } {
  return {
    iv: deriveKey(source, direction, 'iv', cipher.ivLength),
    key: deriveKey(source, direction, 'key', cipher.keyLength),
  };
}

function cipherFor(
  crypto: CryptoProvider,
  algorithms: NegotiatedAlgorithms,
  direction: Direction,
): CipherSuite {
  const name =
    direction === 'clientToServer' ? algorithms.cipherClientToServer : algorithms.cipherServerToClient;
  return required(crypto.ciphers, name);
}

function macFor(crypto: CryptoProvider, algorithms: NegotiatedAlgorithms, direction: Direction): MacSuite {
  const name = direction === 'clientToServer' ? algorithms.macClientToServer : algorithms.macServerToClient;
  return required(crypto.macs, name ?? '');
}

/** Only names the provider has are ever offered, so a miss is our own mistake. */
function required<T extends { readonly name: string }>(suites: readonly T[], name: string): T {
  const suite = suites.find((candidate) => candidate.name === name);
  if (suite === undefined) throw transportError('TRANSPORT_INTERNAL', { what: `provider lacks "${name}"` });
  return suite;
}
