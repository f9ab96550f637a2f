import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What can be wrong with evidence files. Contexts name places, never content: the file may hold secrets. */
export interface EvidenceErrors {
  /** The text ends before the bundle does. `line` counts from 1. */
  EVIDENCE_TRUNCATED: { readonly line: number; readonly length: number };
  /** Not JSON, or not an object where one is needed. */
  EVIDENCE_SYNTAX: { readonly line: number };
  /** JSON, but not a bundle or an event log. */
  EVIDENCE_SHAPE: { readonly field: string; readonly expected: string };
  EVIDENCE_LIMIT: { readonly what: string; readonly limit: number; readonly received: number };
  /** The target is a symbolic link, a directory or a device. */
  EVIDENCE_TARGET: { readonly path: string; readonly kind: string };
  /** The operating system refused. `code` is its name for it, for example `EACCES`. */
  EVIDENCE_FILE: { readonly path: string; readonly operation: string; readonly code: string };
}

const CATALOGUE: ErrorCatalogue<EvidenceErrors> = {
  EVIDENCE_TRUNCATED: {
    fault: 'caller',
    message: (c) => `the bundle ends in the middle of line ${c.line}, after ${c.length} characters`,
  },
  EVIDENCE_SYNTAX: { fault: 'caller', message: (c) => `line ${c.line} is not JSON` },
  EVIDENCE_SHAPE: { fault: 'caller', message: (c) => `${c.field} is not ${c.expected}` },
  EVIDENCE_LIMIT: { fault: 'caller', message: (c) => `${c.what} is ${c.received}, limit ${c.limit}` },
  EVIDENCE_TARGET: { fault: 'caller', message: (c) => `${c.path} is a ${c.kind}, not a regular file` },
  EVIDENCE_FILE: { fault: 'caller', message: (c) => `${c.operation} ${c.path}: ${c.code}` },
};

export type EvidenceError = CodedError<EvidenceErrors>;
export const evidenceError: ErrorFactory<EvidenceErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isEvidenceError = (error: unknown): error is EvidenceError => isErrorOf(CATALOGUE, error);
