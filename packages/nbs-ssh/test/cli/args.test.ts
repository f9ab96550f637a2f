import { describe, expect, it } from 'vitest';
import { resolveList } from '../../src/cli/algorithm-lists.ts';
import { parseArgs, type RunInvocation } from '../../src/cli/args.ts';
import { takeSecrets } from '../../src/cli/secrets.ts';
import { UsageError } from '../../src/cli/usage.ts';

function run(...args: readonly string[]): RunInvocation {
  const invocation = parseArgs(args);
  if (invocation.type !== 'run') throw new Error(`parsed as ${invocation.type}`);
  return invocation;
}

describe('parseArgs', () => {
  it('takes user, host and the words of the command, joined by spaces', () => {
    expect(run('bob@example.org', 'echo', 'a  b', 'c')).toMatchObject({
      host: 'example.org',
      user: 'bob',
      command: 'echo a  b c',
    });
  });

  it('takes options before and after the host, and none after the command began', () => {
    const invocation = run('-p', '2222', 'host', '-l', 'bob', 'ls', '-l', '-p', '1');
    expect(invocation.settings).toMatchObject({ port: 2222, user: 'bob' });
    expect(invocation.command).toBe('ls -l -p 1');
  });

  it('takes values glued to the letter and letters glued together', () => {
    const { settings } = run('-vvtp2222', '-lbob', '-ia', '-i', 'b', 'host', 'x');
    expect(settings).toMatchObject({
      verbosity: 2,
      tty: 'yes',
      port: 2222,
      user: 'bob',
      identityFiles: ['a', 'b'],
    });
  });

  it('ends the options at --, so that a host may be named serve', () => {
    expect(run('--', 'serve', 'x')).toMatchObject({ host: 'serve', command: 'x' });
    expect(run('host', '--', '-x')).toMatchObject({ command: '-x' });
    expect(parseArgs(['serve', '--port', '2022', '--json'])).toMatchObject({
      type: 'serve',
      port: 2022,
      json: true,
    });
  });

  it('splits at the last @, because user names may have one', () => {
    expect(run('a@b@host', 'x')).toMatchObject({ user: 'a@b', host: 'host' });
  });

  it('takes addresses as URLs, with IPv6 in brackets', () => {
    expect(run('ssh://bob@[::1]:2222', 'x')).toMatchObject({ user: 'bob', host: '::1', port: 2222 });
    expect(run('::1', 'x')).toMatchObject({ host: '::1', port: undefined });
  });

  it('lets the first value of a setting count, whatever way it is given', () => {
    expect(run('-o', 'Port=1', '-p', '2', 'host', 'x').settings.port).toBe(1);
    expect(run('-p', '2', '-oPort 1', 'host', 'x').settings.port).toBe(2);
  });

  it.each([
    ['StrictHostKeyChecking=no', { hostKeyPolicy: 'insecure' }],
    ['stricthostkeychecking = Accept-New', { hostKeyPolicy: 'accept-new' }],
    ['UserKnownHostsFile="/a b" ~/c', { userKnownHosts: ['/a b', '~/c'] }],
    ['GlobalKnownHostsFile=none', { globalKnownHosts: [] }],
    ['ConnectTimeout=1m30s', { connectTimeoutSec: 90 }],
    ['RekeyLimit=2M 1h', { rekeyBytes: 2_097_152, rekeySec: 3600 }],
    ['RekeyLimit=default none', { rekeyBytes: undefined, rekeySec: undefined }],
    ['PreferredAuthentications=password,publickey', { preferredAuthentications: ['password', 'publickey'] }],
    ['PasswordAuthentication=no', { password: false }],
    ['BatchMode yes', { batch: true }],
    ['RequestTTY=force', { tty: 'force' }],
    ['LogLevel=DEBUG2', { verbosity: 2 }],
    ['User="two words"', { user: 'two words' }],
  ])('understands -o %s', (option, expected) => {
    expect(run('-o', option, 'host', 'x').settings).toMatchObject(expected);
  });

  it.each([
    [[]],
    [['-p', '0', 'host', 'x']],
    [['-p', '65536', 'host', 'x']],
    [['-p', '22x', 'host', 'x']],
    [['-p']],
    [['-Z', 'host', 'x']],
    [['--nonsense', 'host', 'x']],
    [['--json=1', 'host', 'x']],
    [['--crypto', 'own', 'host', 'x']],
    [['-o', 'ProxyCommand=nc', 'host', 'x']],
    [['-o', 'StrictHostKeyChecking=maybe', 'host', 'x']],
    [['-o', 'RekeyLimit=1M 1h 1', 'host', 'x']],
    [['-o', '=x', 'host', 'x']],
    [['-o', 'constructor=1', 'host', 'x']],
    [['@host', 'x']],
    [['bob@', 'x']],
    [['bob@-oProxyCommand=x', 'x']],
    [['serve', '--nonsense']],
  ])('refuses %j', (args) => {
    expect(() => parseArgs(args)).toThrow(UsageError);
  });

  it.each(['-L', '-R', '-D', '-J', '-A', '-N', '-W', '-F', '-G', '--keep'])(
    'says that %s is not supported yet, rather than unknown',
    (option) => {
      expect(() => parseArgs([option, 'host', 'x'])).toThrow(/^Not supported yet: /);
    },
  );
});

describe('resolveList', () => {
  const available = ['a-1', 'a-2', 'b@x'];
  it.each([
    ['b@x,a-1', ['b@x', 'a-1']],
    ['+a-2', ['a-1', 'a-2', 'b@x']],
    ['-a-*', ['b@x']],
    ['-a-?,missing', ['b@x']],
    ['^b@x', ['b@x', 'a-1', 'a-2']],
  ])('resolves %s', (spec, expected) => {
    expect(resolveList(spec, available, 'Ciphers')).toEqual(expected);
  });

  it.each(['c', '+c', '^c', '-*', ',', ''])('refuses "%s"', (spec) => {
    expect(() => resolveList(spec, available, 'Ciphers')).toThrow(UsageError);
  });
});

describe('takeSecrets', () => {
  it('takes the secrets out of the environment, and an empty one is none', () => {
    const env: Record<string, string | undefined> = {
      NBS_SSH_PASSWORD: 'p',
      NBS_SSH_PASSPHRASE: '',
      HOME: '/',
    };
    expect(takeSecrets(env)).toEqual({ password: 'p', passphrase: undefined });
    expect(env).toEqual({ HOME: '/' });
  });
});
