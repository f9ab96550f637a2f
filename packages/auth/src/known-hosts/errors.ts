import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What can go wrong with the files. `cause` is the system's code, such as `EACCES`, or our own words. */
export interface KnownHostsErrors {
  AUTH_KNOWN_HOSTS_READ: { readonly path: string; readonly cause: string };
  /** The file is as it was before, or ends in a part of the line when the disk was full. */
  AUTH_KNOWN_HOSTS_WRITE: { readonly path: string; readonly cause: string };
}

const CATALOGUE: ErrorCatalogue<KnownHostsErrors> = {
  AUTH_KNOWN_HOSTS_READ: { fault: 'caller', message: (c) => `${c.path} cannot be read: ${c.cause}` },
  AUTH_KNOWN_HOSTS_WRITE: { fault: 'caller', message: (c) => `${c.path} cannot be added to: ${c.cause}` },
};

export type KnownHostsError = CodedError<KnownHostsErrors>;
export const knownHostsError: ErrorFactory<KnownHostsErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isKnownHostsError = (error: unknown): error is KnownHostsError => isErrorOf(CATALOGUE, error);
