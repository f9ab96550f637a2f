import { describe, expect, it } from 'vitest';
import { parseArgs, type RunInvocation } from '../../src/cli/args.ts';
import { takeSecrets } from '../../src/cli/secrets.ts';
import { UsageError } from '../../src/cli/usage.ts';
import { loadSshConfig } from '../../src/ssh-config/load.ts';
import type { HostSettings } from '../../src/ssh-config/settings.ts';

function run(...args: readonly string[]): RunInvocation {
  const invocation = parseArgs(args);
  if (invocation.type !== 'run') throw new Error(`parsed as ${invocation.type}`);
  return invocation;
}

/** What the options of ssh_config come to when no file is read. */
async function settingsOf(...args: readonly string[]): Promise<HostSettings> {
  const { host, command, settings } = run(...args);
  const config = await loadSshConfig({ paths: [] });
  return (await config.resolveWith(host, settings.lines, command)).settings;
}

describe('parseArgs', () => {
  it('takes user, host and the words of the command, joined by spaces', async () => {
    expect(run('bob@example.org', 'echo', 'a  b', 'c')).toMatchObject({
      host: 'example.org',
      command: 'echo a  b c',
    });
    expect(await settingsOf('bob@example.org', 'x')).toMatchObject({ user: 'bob' });
  });

  it('takes options before and after the host, and none after the command began', async () => {
    const args = ['-p', '2222', 'host', '-l', 'bob', 'ls', '-l', '-p', '1'];
    expect(await settingsOf(...args)).toMatchObject({ port: 2222, user: 'bob' });
    expect(run(...args).command).toBe('ls -l -p 1');
  });

  it('takes values glued to the letter and letters glued together', async () => {
    const args = ['-vvtp2222', '-lbob', '-ia', '-i', 'b', 'host', 'x'];
    expect(run(...args).settings).toMatchObject({ verbosity: 2 });
    expect(await settingsOf(...args)).toMatchObject({
      requestTty: 'yes',
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

  it('splits at the last @, because user names may have one', async () => {
    expect(await settingsOf('a@b@host', 'x')).toMatchObject({ user: 'a@b', host: 'host' });
  });

  it('takes addresses as URLs, with IPv6 in brackets', async () => {
    const url = await settingsOf('ssh://bob@[::1]:2222', 'x');
    expect(url).toMatchObject({ user: 'bob', host: '::1', port: 2222 });
    expect(await settingsOf('::1', 'x')).toMatchObject({ host: '::1', port: 22 });
  });

  it('lets the first value of a setting count, whatever way it is given, and the host come last', async () => {
    expect((await settingsOf('-o', 'Port=1', '-p', '2', 'host', 'x')).port).toBe(1);
    expect((await settingsOf('-p', '2', '-oPort 1', 'host', 'x')).port).toBe(2);
    expect((await settingsOf('-l', 'one', 'two@host', '-o', 'User=three', 'x')).user).toBe('one');
    expect((await settingsOf('two@host', '-o', 'User=three', 'x')).user).toBe('three');
  });

  it('lets -t and -T come before every RequestTTY, and the last of -v and -q count', async () => {
    expect((await settingsOf('-o', 'RequestTTY=no', '-tt', 'host', 'x')).requestTty).toBe('force');
    expect((await settingsOf('-t', '-T', 'host', 'x')).requestTty).toBe('no');
    expect(run('-q', '-v', 'host', 'x').settings.verbosity).toBe(1);
    expect(run('-v', '-q', 'host', 'x').settings.verbosity).toBe(-1);
  });

  it.each([
    ['StrictHostKeyChecking=no', { strictHostKeyChecking: 'no' }],
    ['stricthostkeychecking = Accept-New', { strictHostKeyChecking: 'accept-new' }],
    ['UserKnownHostsFile="/a b" /c', { userKnownHostsFiles: ['/a b', '/c'] }],
    ['GlobalKnownHostsFile=none', { globalKnownHostsFiles: [] }],
    ['ConnectTimeout=1m30s', { connectTimeoutSec: 90 }],
    ['RekeyLimit=2M 1h', { rekeyBytes: 2_097_152, rekeyIntervalSec: 3600 }],
    ['RekeyLimit=default none', { rekeyBytes: undefined, rekeyIntervalSec: undefined }],
    ['PreferredAuthentications=password,publickey', { preferredAuthentications: ['password', 'publickey'] }],
    ['PasswordAuthentication=no', { passwordAuthentication: false }],
    ['BatchMode yes', { batchMode: true }],
    ['RequestTTY=force', { requestTty: 'force' }],
    ['LogLevel=DEBUG2', { logLevel: 'DEBUG2' }],
    ['User="two words"', { user: 'two words' }],
    ['ProxyCommand=nc %h %p', { proxyCommand: { template: 'nc %h %p', argv: ['nc', 'host', '22'] } }],
  ])('understands -o %s', async (option, expected) => {
    expect(await settingsOf('-o', option, 'host', 'x')).toMatchObject(expected);
  });

  it.each([
    [['-4'], { addressFamily: 'inet' }],
    [['-6'], { addressFamily: 'inet6' }],
    [['-b', '127.0.0.1'], { bindAddress: '127.0.0.1' }],
    [['-n'], { stdinNull: true }],
    [['-J', 'me@a:2,b'], { proxyJump: [{ host: 'a', user: 'me', port: 2 }, { host: 'b' }] }],
    [['-c', '^aes256-ctr'], { algorithms: { ciphers: '^aes256-ctr' } }],
    [['-m', 'hmac-sha2-256'], { algorithms: { macs: 'hmac-sha2-256' } }],
    [['-A'], { forwardAgent: true }],
    [['-N'], { sessionType: 'none' }],
    [['-s'], { sessionType: 'subsystem' }],
    [['-X'], { forwardX11: true, forwardX11Trusted: false }],
    [['-Y'], { forwardX11: true, forwardX11Trusted: true }],
    [['-x', '-X'], { forwardX11: false }],
    [['-f'], { forkAfterAuthentication: true, stdinNull: true }],
    [['-g'], { gatewayPorts: true }],
    [['-e', '^]'], { escapeChar: 0x1d }],
    [['-enone'], { escapeChar: undefined }],
    [[], { escapeChar: 0x7e }],
  ])('understands %j as ssh does', async (args, expected) => {
    expect(await settingsOf(...args, 'host', 'x')).toMatchObject(expected);
  });

  it.each([
    [['-L', '8080:web:80'], { type: 'local', listen: { port: 8080 }, target: { host: 'web', port: 80 } }],
    [['-L[::1]:8080:[::2]:80'], { type: 'local', listen: { host: '::1' }, target: { host: '::2' } }],
    [['-L', ':1:a:2'], { listen: { host: '', port: 1 } }],
    [['-L', '/here:/there'], { listen: { path: '/here' }, target: { path: '/there' } }],
    [['-L', '80:/there'], { listen: { port: 80 }, target: { path: '/there' } }],
    [
      ['-R', '0:localhost:22'],
      { type: 'remote', listen: { port: 0 }, target: { host: 'localhost', port: 22 } },
    ],
    [['-R', '1080'], { type: 'remote', listen: { port: 1080 }, target: undefined }],
    [['-R', '*:1080'], { type: 'remote', listen: { host: '*', port: 1080 }, target: undefined }],
    [['-D', '127.0.0.1:1080'], { type: 'dynamic', listen: { host: '127.0.0.1', port: 1080 } }],
    [['-o', 'DynamicForward 1080'], { type: 'dynamic', listen: { port: 1080 } }],
  ])('takes %j for a forward', async (args, expected) => {
    const { forwards } = await settingsOf(...args, 'host');
    expect(forwards).toHaveLength(1);
    expect(forwards[0]).toMatchObject(expected);
  });

  it('takes -W for what it implies, unless -o says otherwise', async () => {
    const args = ['-W', '[::1]:80', 'host'];
    expect(run(...args).settings.pipe).toEqual({ host: '::1', port: 80 });
    expect(run('-Wweb.example.org:8080', 'host').settings.pipe).toEqual({
      host: 'web.example.org',
      port: 8080,
    });
    expect(await settingsOf(...args)).toMatchObject({ requestTty: 'no', exitOnForwardFailure: true });
    expect(await settingsOf(...args, '-o', 'ExitOnForwardFailure=no')).toMatchObject({
      exitOnForwardFailure: false,
    });
  });

  it('knows -G and -F, and an unknown option after IgnoreUnknown', () => {
    expect(parseArgs(['-G', '-F', 'f', 'host'])).toMatchObject({
      type: 'print-config',
      settings: { configFile: 'f' },
    });
    expect(run('-o', 'IgnoreUnknown=foo', '-o', 'Foo=1', 'host', 'x').settings.lines).toHaveLength(2);
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
    [['-o', 'Host=nc', 'host', 'x']],
    [['-o', 'Include=nc', 'host', 'x']],
    [['-o', 'Port', 'host', 'x']],
    [['-J', 'a;b', 'host', 'x']],
    [['-W', 'a', 'host']],
    [['-W', 'a:99999', 'host']],
    [['-e', 'ab', 'host']],
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

  it.each(['--keep'])('says that %s is not supported yet, rather than unknown', (option) => {
    expect(() => parseArgs([option, 'host', 'x'])).toThrow(/^Not supported yet: /);
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
