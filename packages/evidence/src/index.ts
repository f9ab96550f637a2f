export type { AlgorithmOffer, AlgorithmOffers, Slot } from './algorithms.ts';
export { EvidenceBundle, type EvidenceBundleInit, type SerializeOptions } from './bundle.ts';
export { DEFAULT_CAPACITY, EventCollector } from './collector.ts';
export { type EvidenceError, type EvidenceErrors, evidenceError, isEvidenceError } from './errors.ts';
export {
  type EventData,
  type EventRecord,
  type EventSink,
  EventType,
  eventFromRecord,
  eventToRecord,
  type SSHEvent,
} from './events.ts';
export type { TraceClock } from './from-trace.ts';
export type { AlgorithmInfo, TimingInfo } from './info.ts';
export { type Json, type JsonObject, safeStringify } from './json.ts';
export { MAX_BUNDLE, parseBundle, parseBundleInit } from './parse.ts';
export { type AlgorithmsRecord, BUNDLE_VERSION, type BundleRecord, type TimingRecord } from './record.ts';
export { EvidenceRecorder, type RecorderOptions } from './recorder.ts';
export type { Manifest } from './redact/mark.ts';
export { type Redacted, Redactor } from './redact/redactor.ts';
