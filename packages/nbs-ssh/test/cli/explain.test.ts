import { describe, expect, it } from 'vitest';
import { explain } from '../../src/cli/explain.ts';
import { UsageError } from '../../src/cli/usage.ts';
import {
  AuthFailed,
  ChannelError,
  ConnectionLost,
  ConnectionRefused,
  ConnectionTimeout,
  ForwardError,
  HostKeyMismatch,
  type HostKeyMismatchReason,
  HostUnreachable,
  KeyLoadError,
  type KeyLoadReason,
  NoMutualKex,
  ProtocolError,
  SSHConnectionError,
  SSHError,
} from '../../src/errors/classes.ts';

const at = { host: 'example.org', port: 2222, username: 'bob' };
const init = <C extends object>(code: string, context: C) =>
  ({ code, fault: 'peer', retryable: false, context: { ...at, ...context } }) as const;

const HOST_KEY_REASONS: readonly HostKeyMismatchReason[] = [
  'unknown',
  'changed',
  'revoked',
  'declined',
  'certificate_ca_algorithm',
  'certificate_signature',
  'certificate_untrusted_ca',
  'certificate_revoked_ca',
  'certificate_wrong_type',
  'certificate_not_yet_valid',
  'certificate_expired',
  'certificate_no_principals',
  'certificate_comma_principal',
  'certificate_wrong_principal',
  'certificate_critical_option',
  'bad_signature',
  'malformed',
  'changed_in_rekey',
];
const KEY_REASONS: readonly KeyLoadReason[] = [
  'file_not_found',
  'permission_denied',
  'wrong_passphrase',
  'passphrase_required',
  'invalid_format',
  'unsupported',
];

const ALL: readonly unknown[] = [
  new ConnectionRefused('x', init('ECONNREFUSED', {})),
  ...['tcp', 'identification', 'kex', 'host-key', 'auth'].map(
    (phase) => new ConnectionTimeout('x', init('CONNECT_TIMEOUT', { phase })),
  ),
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].map((code) => new HostUnreachable('x', init(code, {}))),
  ...HOST_KEY_REASONS.map((reason) => new HostKeyMismatch('x', init('HOST_KEY_REFUSED', { reason }))),
  ...KEY_REASONS.map((reason) => new KeyLoadError('x', init('AUTH_KEY', { reason, path: '/k' }))),
  new NoMutualKex('x', init('T', { slot: 'kex' as const, client: ['a'], server: [] })),
  new ConnectionLost('x', init('TRANSPORT_CLOSED', { phase: 'identification' })),
  new ConnectionLost('x', init('TRANSPORT_CLOSED', { phase: 'open', maybeExecuted: true })),
  new ProtocolError('x', init('TRANSPORT_BAD_TAG', { phase: 'kex' })),
  new ChannelError('x', init('CHANNEL_EXEC_REFUSED', {})),
  new ForwardError('x', init('FORWARD_OPEN_REFUSED', { reason: 'prohibited' as const, hop: 'me@b:22' })),
  new HostUnreachable('x', init('FORWARD_OPEN_REFUSED', { hop: 'me@b:22' })),
  new SSHConnectionError('the proxy command nc ended', init('PROXY_COMMAND_ENDED', {})),
  new SSHConnectionError('x', init('PROXY_COMMAND_START', {})),
  new SSHError('two\nlines', init('AUTH_KNOWN_HOSTS_READ', {})),
  new UsageError('No host was given.'),
  new Error('surprise'),
  'not even an error',
];

describe('explain', () => {
  it.each(ALL.map((error) => [String(error), error] as const))(
    'gives one line of each for %s',
    (_, error) => {
      const { cause, remedy } = explain(error);
      for (const sentence of [cause, remedy]) {
        expect(sentence).toMatch(/^\S[^\n\r]*[.]$/);
        expect(sentence).not.toMatch(/undefined|null|\[object/);
      }
    },
  );

  it('says first which jump host it is about', () => {
    const error = new ConnectionRefused('x', init('ECONNREFUSED', { hop: 'me@bastion:22' }));
    const { cause, remedy } = explain(error);
    expect(cause).toMatch(/^At the jump host me@bastion:22: /);
    // -p, -i and -o are about the target only.
    expect(remedy).toContain('goes into -J or ProxyJump');
  });

  it('does not send the password of the target to a jump host that refused a key', () => {
    const context = { remaining: ['password'], attempts: [] };
    const remedyOf = (more: object): string =>
      explain(new AuthFailed('x', init('AUTH_FAILED', { ...context, ...more }))).remedy;
    expect(remedyOf({})).toContain('NBS_SSH_PASSWORD');
    expect(remedyOf({ hop: 'me@bastion:22' })).not.toContain('NBS_SSH_PASSWORD');
  });

  it('has an expired certificate renewed', () => {
    const attempt = { method: 'publickey', username: 'bob', result: 'failure', durationMs: 1 } as const;
    const attempts = [{ ...attempt, remaining: ['password'], certificateProblem: 'expired' }] as const;
    const error = new AuthFailed('x', init('AUTH_FAILED', { remaining: ['password'], attempts }));
    expect(explain(error).remedy).toContain('Have the certificate renewed');
  });

  it('tells where a changed host key is written down and how to remove it', () => {
    const known = [
      { file: '/home/bob/.ssh/known_hosts', line: 7, keyType: 'ssh-rsa', fingerprint: 'SHA256:old' },
    ];
    const context = { ...known[0], reason: 'changed' as const, fingerprint: 'SHA256:new', known };
    const { cause, remedy } = explain(new HostKeyMismatch('x', init('HOST_KEY_REFUSED', context)));
    expect(cause).toContain('/home/bob/.ssh/known_hosts:7');
    expect(cause).toContain('SHA256:new');
    expect(cause).toContain('SHA256:old');
    expect(remedy).toContain("nbs-ssh keygen -R '[example.org]:2222' -f '/home/bob/.ssh/known_hosts'");
  });

  it('names the setting that allows the nearest algorithm', () => {
    const context = {
      slot: 'cipherServerToClient' as const,
      client: ['a'],
      server: ['b', 'c'],
      nearest: 'b',
    };
    const { cause, remedy } = explain(new NoMutualKex('x', init('T', context)));
    expect(cause).toContain('we offer a; the server offers b, c');
    expect(remedy).toContain('-o Ciphers=+b');
  });
});
