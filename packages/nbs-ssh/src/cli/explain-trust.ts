import { type AuthFailed, type HostKeyMismatch, KeyLoadError, type NoMutualKex } from '../errors/classes.ts';
import type { Explanation } from './explain.ts';
import { explainCertificate } from './explain-certificate.ts';

type Attempt = AuthFailed['attempts'][number];

export function explainHostKey(error: HostKeyMismatch): Explanation {
  const {
    host = 'the server',
    port,
    fingerprint = 'unknown',
    keyType = '',
    known = [],
    file,
    line,
  } = error.context;
  const name = port === undefined || port === 22 ? host : `[${host}]:${port}`;
  const place = file === undefined ? undefined : `${file}:${line ?? '?'}`;
  const shown = `${keyType} key ${fingerprint}`.trim();
  switch (error.reason) {
    case 'unknown':
      return {
        cause: `The identity of ${name} is not known: it showed the ${shown}, which is in no known_hosts file.`,
        remedy:
          'Compare the fingerprint with whoever runs the server, then connect once with --host-key-policy accept-new.',
      };
    case 'declined':
      return {
        cause: `The ${shown} of ${name} was not accepted.`,
        remedy: 'Compare the fingerprint with whoever runs the server before you say yes.',
      };
    case 'changed': {
      const expected = known.map((key) => `${key.keyType} ${key.fingerprint}`).join(', ');
      return {
        cause: `${name} showed the ${shown}, but ${place ?? 'a known_hosts file'} expects ${expected || 'another key'}: the server was replaced, or somebody is in between.`,
        remedy: `Ask whoever runs the server; only if the change is meant, remove that line with: nbs-ssh keygen -R '${name}'${file === undefined ? '' : ` -f '${file}'`}.`,
      };
    }
    case 'revoked':
      return {
        cause: `The ${shown} of ${name} is marked as revoked in ${place ?? 'a known_hosts file'}: it must not be trusted.`,
        remedy: 'Do not connect; ask whoever runs the server for its new key.',
      };
    case 'bad_signature':
    case 'malformed':
    case 'changed_in_rekey':
      return {
        cause: `${name} could not prove that it owns the ${shown} (${error.reason}).`,
        remedy: 'Do not go on: try from another network, and ask whoever runs the server.',
      };
    default:
      return explainCertificate(error, error.reason, name, place);
  }
}

export function explainAuthFailed(error: AuthFailed): Explanation {
  const { host = 'the server', username = 'you', remaining } = error.context;
  const tried = error.attempts.filter((attempt) => attempt.method !== 'none' || attempt.result === 'success');
  const story = [...new Set(tried.map(describeAttempt))].join('; ');
  const offered = remaining.length === 0 ? '' : ` (the server takes ${remaining.join(', ')})`;
  return {
    cause: `${host} did not let ${username} in${offered}: ${story || 'there was nothing to try'}.`,
    remedy: loginRemedy(error, tried),
  };
}

function loginRemedy(error: AuthFailed, tried: readonly Attempt[]): string {
  const used = (method: string): boolean =>
    tried.some((attempt) => attempt.method === method && attempt.result !== 'skipped');
  const wants = (method: string): boolean => error.context.remaining.includes(method) && !used(method);
  if (tried.some((attempt) => attempt.result === 'partial')) {
    return 'The server wants more than one proof: give it the next one too, a key with -i or a password.';
  }
  if (used('password') || used('keyboard-interactive')) return 'Check the user name (-l) and the password.';
  const stale = tried.find(({ certificateProblem }) => certificateProblem !== undefined);
  if (stale !== undefined) {
    return 'Have the certificate renewed (ssh-keygen -L -f FILE shows its dates), and check your clock.';
  }
  if (wants('password') || wants('keyboard-interactive')) {
    // NBS_SSH_PASSWORD is the target's, and is never sent to a host on the way.
    if (error.context.hop !== undefined)
      return 'Run it in a terminal to type the password, or use another key.';
    return 'Run it in a terminal to type the password, set NBS_SSH_PASSWORD, or name another key with -i.';
  }
  if (wants('publickey'))
    return 'Name a private key with -i whose public half is in authorized_keys on the server.';
  return 'Check the user name (-l), and that the public key is in authorized_keys on the server.';
}

const SKIPS: Readonly<Record<string, string>> = {
  'not-offered': 'not tried, the server does not take it',
  'callback-failed': 'not tried, nobody could be asked',
  'no-signature-algorithm': 'not tried, the server takes no signature algorithm of this key',
  'certificate-malformed': 'not tried, its certificate cannot be read',
  'certificate-wrong-type': 'not tried, its certificate is for hosts',
  'certificate-mismatch': 'not tried, the certificate is for another key',
  'password-expired': 'not enough, the password has expired',
  file_not_found: 'not tried, the file does not exist',
  permission_denied: 'not tried, the file may not be used',
  passphrase_required: 'not tried, the key is encrypted and there is no passphrase',
  wrong_passphrase: 'not tried, the passphrase is wrong',
  invalid_format: 'not tried, the file is no private key',
  unsupported: 'not tried, not supported',
  'already-refused': 'not tried again',
  'agent-no-agent': 'of an agent not tried, SSH_AUTH_SOCK is not set',
  'agent-unreachable': 'of an agent not tried, no agent answers at its socket',
  'agent-permission-denied': "of an agent not tried, its socket is somebody else's",
  'agent-timeout': 'of an agent not used, it did not answer in time',
  'agent-closed': 'of an agent not used, it closed the connection',
  'agent-protocol': 'of an agent not used, it does not answer as an agent does',
  'agent-refused': 'not used, the agent refused to sign',
  'agent-bad-signature': 'not used, the agent signed with another key',
  'agent-wrong-algorithm': 'not used, the agent signed with another algorithm',
  'agent-empty': 'of an agent not tried, it has no keys or is locked',
  'agent-no-match': 'of an agent not tried, it does not have the wanted keys',
  'agent-unsupported': 'of an agent not tried, its type is not supported',
};

function describeAttempt(attempt: Attempt): string {
  const key = attempt.fingerprint === undefined ? attempt.method : `${attempt.method} ${attempt.fingerprint}`;
  const { certificate, certificateProblem, error } = attempt;
  const trouble = certificateProblem === undefined ? '' : ` (${certificateProblem.replaceAll('-', ' ')})`;
  const file = error instanceof KeyLoadError ? error.context.path : undefined;
  const where = file === undefined ? '' : ` (${file})`;
  const what = `${key}${where}${certificate === undefined ? '' : ` with certificate "${certificate.keyId}"${trouble}`}`;
  switch (attempt.result) {
    case 'success':
      return `${what} accepted`;
    case 'partial':
      return `${what} accepted, but not enough`;
    case 'failure':
      return `${what} refused`;
    default:
      return `${what} ${SKIPS[attempt.skipReason ?? ''] ?? `not tried (${attempt.skipReason ?? 'unknown'})`}`;
  }
}

const SLOTS: Readonly<Record<string, { readonly what: string; readonly setting: string }>> = {
  kex: { what: 'key exchange', setting: 'KexAlgorithms' },
  hostKey: { what: 'host key', setting: 'HostKeyAlgorithms' },
  cipherClientToServer: { what: 'cipher', setting: 'Ciphers' },
  cipherServerToClient: { what: 'cipher', setting: 'Ciphers' },
  macClientToServer: { what: 'MAC', setting: 'MACs' },
  macServerToClient: { what: 'MAC', setting: 'MACs' },
};

export function explainNoMutual(error: NoMutualKex): Explanation {
  const { slot, client, server, nearest, risk, host = 'the server' } = error.context;
  const { what, setting } = SLOTS[slot] ?? { what: slot, setting: undefined };
  const list = (names: readonly string[]): string => names.join(', ') || 'nothing';
  const cause = `${host} and this side have no ${what} algorithm in common: we offer ${list(client)}; the server offers ${list(server)}.`;
  if (nearest !== undefined && setting !== undefined) {
    const allow = `allow one that both sides know with -o ${setting}=+${nearest}`;
    if (risk === undefined) return { cause, remedy: `A${allow.slice(1)}.` };
    return {
      cause,
      remedy: `Update the server. If that cannot be, ${allow}, which is insecure, because ${risk}.`,
    };
  }
  return {
    cause,
    remedy: `Enable one of ours on the server${setting === undefined ? '' : ` (${setting} in sshd_config)`}, or update it.`,
  };
}
