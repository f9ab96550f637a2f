import { createHmac, randomBytes } from 'node:crypto';
import type { CertificateOptions, KeyType } from '@nbs-ssh/testing';
import type { HostKeyMismatchReason } from 'nbs-ssh';

/** Keys that a scenario's known_hosts speaks of, as `type base64`. */
export interface Known {
  /** `[127.0.0.1]:port` */
  readonly name: string;
  readonly ca: string;
  readonly otherCa: string;
  readonly host: string;
  readonly other: string;
}

export interface Scenario {
  readonly title: string;
  readonly certificate: CertificateOptions;
  readonly caType?: 'rsa';
  readonly lines: (known: Known) => readonly string[];
  readonly expected: HostKeyMismatchReason | 'trusted';
  /** Problem in the evidence, when the certificate did not count. */
  readonly problem?: string;
  /** The rule is that of OpenSSH since 10.3; earlier versions decide the other way. */
  readonly since103?: boolean;
  readonly hostKey?: KeyType;
}

export const GOOD: CertificateOptions = {
  host: true,
  keyId: 'lab host',
  serial: 7n,
  principals: ['127.0.0.1'],
};
const byCa = ({ name, ca }: Known): readonly string[] => [`@cert-authority ${name} ${ca}`];

export const SCENARIOS: readonly Scenario[] = [
  { title: 'of the CA', certificate: GOOD, lines: byCa, expected: 'trusted' },
  {
    title: 'of the CA of every host',
    certificate: GOOD,
    lines: ({ ca }) => [`@cert-authority * ${ca}`],
    expected: 'trusted',
  },
  {
    title: 'of the CA that is known for the bare name',
    certificate: GOOD,
    lines: ({ ca }) => [`@cert-authority 127.0.0.1 ${ca}`],
    expected: 'trusted',
  },
  {
    title: 'of the second of two CAs',
    certificate: GOOD,
    lines: (known) => [`@cert-authority ${known.name} ${known.otherCa}`, ...byCa(known)],
    expected: 'trusted',
  },
  {
    title: 'for a pattern of names',
    certificate: { ...GOOD, principals: ['other', '127.?.*.1'] },
    lines: byCa,
    expected: 'trusted',
    since103: true,
  },
  {
    title: 'for a pattern of other names',
    certificate: { ...GOOD, principals: ['127.0.1.*', '*.example.org'] },
    lines: byCa,
    expected: 'certificate_wrong_principal',
    since103: true,
  },
  {
    title: 'for nobody in particular',
    certificate: { ...GOOD, principals: [] },
    lines: byCa,
    expected: 'certificate_no_principals',
    since103: true,
  },
  {
    title: 'of the CA of a hashed name',
    certificate: GOOD,
    lines: ({ name, ca }) => [`@cert-authority ${hashed(name)} ${ca}`],
    expected: 'trusted',
  },
  {
    title: 'of a CA for all but this host',
    certificate: GOOD,
    lines: ({ name, ca }) => [`@cert-authority *,!${name},!127.0.0.1 ${ca}`],
    expected: 'unknown',
    problem: 'untrusted-ca',
  },
  {
    title: 'of the CA, beside another plain key',
    certificate: GOOD,
    lines: (known) => [`${known.name} ${known.other}`, ...byCa(known)],
    expected: 'trusted',
  },
  {
    title: 'of the CA, around a key of type rsa',
    certificate: GOOD,
    lines: byCa,
    expected: 'trusted',
    hostKey: 'rsa',
  },
  {
    title: 'of the CA, around a key of type ecdsa-256',
    certificate: GOOD,
    lines: byCa,
    expected: 'trusted',
    hostKey: 'ecdsa-256',
  },
  {
    title: 'of the CA, around a key of type ecdsa-384',
    certificate: GOOD,
    lines: byCa,
    expected: 'trusted',
    hostKey: 'ecdsa-384',
  },
  {
    title: 'of the CA, around a key of type ecdsa-521',
    certificate: GOOD,
    lines: byCa,
    expected: 'trusted',
    hostKey: 'ecdsa-521',
  },
  {
    title: 'of an unknown CA',
    certificate: GOOD,
    lines: () => [],
    expected: 'unknown',
    problem: 'untrusted-ca',
  },
  {
    title: 'of an unknown CA around a known key',
    certificate: GOOD,
    lines: ({ name, host }) => [`${name} ${host}`],
    expected: 'trusted',
    problem: 'untrusted-ca',
  },
  {
    title: 'of an unknown CA where another key is known',
    certificate: GOOD,
    lines: ({ name, other }) => [`${name} ${other}`],
    expected: 'changed',
    problem: 'untrusted-ca',
  },
  {
    title: 'of a CA for other hosts',
    certificate: GOOD,
    lines: ({ ca }) => [`@cert-authority *.example.org ${ca}`],
    expected: 'unknown',
    problem: 'untrusted-ca',
  },
  {
    title: 'of the wrong CA',
    certificate: GOOD,
    lines: ({ name, otherCa }) => [`@cert-authority ${name} ${otherCa}`],
    expected: 'certificate_untrusted_ca',
  },
  {
    title: 'of a CA whose line is a plain one',
    certificate: GOOD,
    lines: ({ name, ca }) => [`${name} ${ca}`],
    expected: 'changed',
    problem: 'untrusted-ca',
  },
  {
    title: 'that has expired',
    certificate: { ...GOOD, validity: '-2h:-1h' },
    lines: byCa,
    expected: 'certificate_expired',
  },
  {
    title: 'that has expired, around a known key',
    certificate: { ...GOOD, validity: '-2h:-1h' },
    lines: (known) => [...byCa(known), `${known.name} ${known.host}`],
    expected: 'trusted',
    problem: 'expired',
  },
  {
    title: 'that is not valid yet',
    certificate: { ...GOOD, validity: '+1h:+2h' },
    lines: byCa,
    expected: 'certificate_not_yet_valid',
  },
  {
    title: 'for another host',
    certificate: { ...GOOD, principals: ['127.0.0.2', 'example.org'] },
    lines: byCa,
    expected: 'certificate_wrong_principal',
  },
  {
    title: 'for users',
    certificate: { ...GOOD, host: false },
    lines: byCa,
    expected: 'certificate_wrong_type',
  },
  {
    title: 'with an unknown critical option',
    certificate: { ...GOOD, options: ['critical:x@example.org'] },
    lines: byCa,
    expected: 'certificate_critical_option',
  },
  {
    title: 'with an unknown extension',
    certificate: { ...GOOD, options: ['extension:x@example.org=1'] },
    lines: byCa,
    expected: 'trusted',
  },
  {
    title: 'signed with SHA-1',
    certificate: { ...GOOD, signatureAlgorithm: 'ssh-rsa' },
    caType: 'rsa',
    lines: byCa,
    expected: 'certificate_ca_algorithm',
  },
  {
    title: 'signed with RSA and SHA-2',
    certificate: { ...GOOD, signatureAlgorithm: 'rsa-sha2-256' },
    caType: 'rsa',
    lines: byCa,
    expected: 'trusted',
  },
  {
    title: 'whose CA is revoked',
    certificate: GOOD,
    lines: (known) => [...byCa(known), `@revoked * ${known.ca}`],
    expected: 'certificate_revoked_ca',
  },
  {
    title: 'whose CA is revoked, around a known key',
    certificate: GOOD,
    lines: (known) => [`${known.name} ${known.host}`, `@revoked ${known.name} ${known.ca}`],
    expected: 'certificate_revoked_ca',
  },
  {
    title: 'whose key is revoked',
    certificate: GOOD,
    lines: (known) => [...byCa(known), `@revoked * ${known.host}`],
    expected: 'revoked',
  },
  {
    title: 'while the wrong CA is revoked',
    certificate: GOOD,
    lines: (known) => [...byCa(known), `@revoked * ${known.otherCa}`],
    expected: 'trusted',
  },
];

function hashed(name: string): string {
  const salt = randomBytes(20);
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
}
