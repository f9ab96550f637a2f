export type {
  AeadCipherSuite,
  CipherSuite,
  DirectionKeys,
  Mac,
  MacSuite,
  PacketOpener,
  PacketSealer,
  StreamCipherSuite,
  StreamTransform,
} from './cipher.ts';
export { type CryptoError, type CryptoErrors, cryptoError, isCryptoError } from './errors.ts';
export type { HashName } from './hash.ts';
export type { KexAnswer, KexStart, KexSuite, RandomSource } from './kex.ts';
export type { CryptoProvider } from './provider.ts';
export type { EcdsaCurve, PrivateKeyMaterial, PublicKeyMaterial, SignatureSuite } from './signature.ts';
