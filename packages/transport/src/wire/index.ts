export type { Brand } from './brand.ts';
export {
  concat,
  EMPTY,
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  fromUtf8Lossy,
  plainBytes,
  toBase64,
  toHex,
  utf8,
  wipe,
} from './bytes.ts';
export {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  type ErrorSpec,
  errorFactory,
  type Fault,
  isErrorOf,
  SshError,
} from './error.ts';
export { isWireError, type WireError, type WireErrors, wireError } from './errors.ts';
export { bool, type Field, fixed, mpint, nameList, rest, string, text, u8, u32, u64 } from './field.ts';
export { type Layout, type MessageCodec, message } from './message.ts';
export { printable } from './printable.ts';
export { bytesToBigint, WireReader } from './reader.ts';
export { Secret } from './secret.ts';
export type { TraceEvent, TraceSink, TraceValue } from './trace.ts';
export { bigintToBytes, bigintToMpint, WireWriter } from './writer.ts';
