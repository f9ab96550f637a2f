import type { CertificateReason, HostKeyMismatch } from '../errors/classes.ts';
import type { Explanation } from './explain.ts';

/** What is wrong with a host's certificate, and who can put it right. */
export function explainCertificate(
  error: HostKeyMismatch,
  reason: CertificateReason,
  name: string,
  place: string | undefined,
): Explanation {
  const { certificate, fingerprint = 'unknown' } = error.context;
  const id = certificate === undefined ? 'The certificate' : `The certificate "${certificate.keyId}"`;
  const by = certificate === undefined ? 'its CA' : `the CA ${certificate.caFingerprint}`;
  const cause = `${id} of ${name} by ${by} ${PROBLEMS[reason](certificate)}`;
  if (reason === 'certificate_revoked_ca') {
    return {
      cause: `${cause}${place === undefined ? '' : `, see ${place}`}.`,
      remedy: 'Do not connect; ask whoever runs the server for a certificate of another CA.',
    };
  }
  return {
    cause: `${cause}, and the key in it, ${fingerprint}, is not known by itself.`,
    remedy: REMEDIES[reason] ?? 'Ask whoever runs the server for a certificate that fits.',
  };
}

type Facts = HostKeyMismatch['context']['certificate'];

const PROBLEMS: { readonly [R in CertificateReason]: (facts: Facts) => string } = {
  certificate_ca_algorithm: () =>
    'is signed with an algorithm that is not allowed (SHA-1 is not; CASignatureAlgorithms may leave out more)',
  certificate_signature: () => 'is not signed by that CA',
  certificate_untrusted_ca: () => 'is of another CA than the one in known_hosts',
  certificate_revoked_ca: () => 'is by a CA that is marked as revoked',
  certificate_wrong_type: () => 'is a certificate for users, not for hosts',
  certificate_not_yet_valid: (facts) => `is valid only from ${facts?.validFrom ?? 'later'} on`,
  certificate_expired: (facts) => `has expired at ${facts?.validUntil ?? 'some time'}`,
  certificate_no_principals: () => 'names no host that it is for',
  certificate_comma_principal: () => 'has a host name with a comma in it',
  certificate_wrong_principal: () => 'is for other hosts',
  certificate_critical_option: () => 'has a restriction that is not known here',
};

const REMEDIES: { readonly [R in CertificateReason]?: string } = {
  certificate_signature: 'Do not go on: try from another network, and ask whoever runs the server.',
  certificate_untrusted_ca:
    'Compare the CA with whoever runs the server before you add it to known_hosts with @cert-authority.',
  certificate_not_yet_valid: 'Check the clocks of both sides.',
  certificate_expired: 'Ask whoever runs the server to renew the certificate, and check your clock.',
  certificate_wrong_principal:
    'Use the name that the certificate is for, or ask for a certificate with this one.',
};
