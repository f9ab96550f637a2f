import type { SSHConnection, SSHError } from 'nbs-ssh';
import { expect } from 'vitest';

/** What the evidence says about the host key. */
export function hostKeyEvent(source: SSHConnection | SSHError): Record<string, unknown> {
  const bundle = 'getEvidenceBundle' in source ? source.getEvidenceBundle() : source.evidence;
  const event = bundle?.events.find(({ eventType }) => eventType === 'HOST_KEY');
  return { ...event?.data };
}

/** Names of the messages that we sent, none of which may be of authentication. */
export function sentByUs(error: SSHError): readonly unknown[] {
  const events = error.evidence?.events ?? [];
  expect(events.some(({ eventType }) => eventType === 'AUTH')).toBe(false);
  return events.flatMap(({ data }) => ('direction' in data && data.direction === 'sent' ? [data.name] : []));
}
