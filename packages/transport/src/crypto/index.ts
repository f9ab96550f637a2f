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
export type { DhGroup } from './dh/groups.ts';
export { type CryptoError, type CryptoErrors, cryptoError, isCryptoError } from './errors.ts';
export type { HashName } from './hash.ts';
export { insecureNames, insecureRisk, withInsecure } from './insecure.ts';
export type {
  GroupExamination,
  GroupExchangeKexSuite,
  GroupSizes,
  KexAnswer,
  KexStart,
  KexSuite,
  OneRound,
  OneRoundKexSuite,
  RandomSource,
} from './kex.ts';
export type { CryptoProvider, InsecureSuites } from './provider.ts';
export type {
  EcdsaCurve,
  PrivateKeyMaterial,
  PublicKeyMaterial,
  SecurityKeyMaterial,
  SignatureSuite,
} from './signature.ts';
