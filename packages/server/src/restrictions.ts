import type { Certificate } from '@nbs-ssh/transport/keys';
import { isWireError, WireReader } from '@nbs-ssh/transport/wire';

/** What a login may do. */
export interface Restrictions {
  /** In place of every command and shell; `conflict` when two certificates force different ones: nothing is run. */
  readonly forceCommand: string | { readonly conflict: true } | undefined;
  readonly pty: boolean;
  readonly forwarding: boolean;
}

/** Critical options that are enforced here; a certificate with another one is refused. */
export const ENFORCED: readonly string[] = ['force-command', 'source-address'];

/**
 * What all certificates of a login leave it. Those of an earlier step, and of a login that was completed by another
 * method, count as well.
 *
 * Extensions are permissions: without `permit-pty` there is no terminal, without `permit-port-forwarding` nothing is
 * forwarded. Agents and X11 never are. A login without certificates may do everything.
 */
export function restrictionsOf(certificates: readonly Certificate[]): Restrictions {
  const forced = new Set(
    certificates.map((certificate) => optionText(certificate, 'force-command')).filter(isText),
  );
  const [command] = forced;
  return {
    forceCommand: forced.size > 1 ? { conflict: true } : command,
    pty: permitted(certificates, 'permit-pty'),
    forwarding: permitted(certificates, 'permit-port-forwarding'),
  };
}

const permitted = (certificates: readonly Certificate[], extension: string): boolean =>
  certificates.every(({ extensions }) => extensions.some(({ name }) => name === extension));

/**
 * Value of a critical option that holds a text.
 *
 * @returns `undefined` when the certificate does not have it, `null` when it is malformed.
 */
export function optionText(certificate: Certificate, name: string): string | undefined | null {
  const option = certificate.criticalOptions.find((candidate) => candidate.name === name);
  if (option === undefined) return undefined;
  try {
    const reader = new WireReader(option.data);
    const text = reader.text(name);
    reader.end(name);
    return text.includes('\0') ? null : text;
  } catch (error) {
    if (isWireError(error)) return null;
    throw error;
  }
}

const isText = (value: string | undefined | null): value is string => typeof value === 'string';
