export {
  type AlgorithmPreferences,
  allAlgorithms,
  DEFAULT_LIMITS,
  DEFAULT_REKEY,
  type HostKey,
  type RekeyLimits,
  type StrictKexPolicy,
  type TransportConfig,
  type TransportLimits,
} from './config.ts';
export {
  type AlgorithmSlot,
  isTransportError,
  type TransportError,
  type TransportErrors,
  type TransportPhase,
  transportError,
} from './errors.ts';
export type { Role } from './key-derivation.ts';
export { disconnectReasonName, messageName } from './message-names.ts';
export { MARKERS, type NegotiatedAlgorithms } from './negotiate.ts';
export type { TransportOutput, VerifyHostKey } from './output.ts';
export { TransportMachine } from './transport.ts';
