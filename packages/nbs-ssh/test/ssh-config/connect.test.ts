import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ScratchDir, type Sshd, scratchDir, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import {
  ConfigError,
  type ConfigWarning,
  createPasswordAuth,
  HostKeyMismatch,
  SSHConnection,
  sshConfigOptions,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../lab.ts';

describe.skipIf(!sshdAvailable())('connecting as an ssh_config says', () => {
  let sshd: Sshd;
  let gateway: Sshd;
  let scratch: ScratchDir;
  beforeAll(async () => {
    [sshd, gateway] = await Promise.all([startSshd({ config: ['AcceptEnv *'] }), startSshd()]);
    scratch = scratchDir('config-connect');
  });
  afterAll(async () => {
    scratch.remove();
    await Promise.all([sshd.stop(), gateway.stop()]);
  });

  /** A configuration with both servers, and these lines in front. */
  function config(...lines: readonly string[]): string {
    const path = join(scratch.path, 'config');
    const block = (alias: string, server: Sshd): string =>
      `Host ${alias}\n HostName ${server.host}\n Port ${server.port}\n User ${server.username}\n` +
      ` IdentityFile ${server.clientKey()}\n UserKnownHostsFile ${server.writeKnownHosts()}\n`;
    const rest = 'Host *\n GlobalKnownHostsFile none\n IdentityAgent none\n';
    writeFileSync(path, `${lines.join('\n')}\n${block('alias', sshd)}${block('gateway', gateway)}${rest}`);
    return path;
  }

  it('logs in by an alias, with its keys, known hosts, algorithms, keepalive and environment', async () => {
    const paths = config(
      'Host alias',
      ' Ciphers aes256-ctr',
      ' MACs -*-etm@*',
      ' SetEnv GREETING=hello',
      ' ServerAliveInterval 30',
      ' RekeyLimit 1M',
    );
    await using connection = await SSHConnection.connect(await sshConfigOptions('alias', {}, { paths }));
    expect(connection.algorithms).toMatchObject({
      cipherClientToServer: 'aes256-ctr',
      macClientToServer: expect.not.stringContaining('etm'),
    });
    expect((await connection.exec('echo $GREETING')).stdout).toBe('hello\n');
  });

  it('goes through the jump hosts that it names, each with its own settings', async () => {
    const paths = config('Host alias', ' ProxyJump gateway');
    await using connection = await SSHConnection.connect(await sshConfigOptions('alias', {}, { paths }));
    expect((await connection.exec('echo $SSH_CONNECTION')).stdout).toContain(` ${sshd.port}\n`);
    expect(gateway.log()).toContain('direct-tcpip');
  });

  it('refuses jump hosts that lead in a circle', async () => {
    const paths = config('Host *', ' ProxyJump gateway');
    const error = await rejection(sshConfigOptions('alias', {}, { paths }));
    expect(error).toMatchObject({ code: 'CONFIG_LIMIT' });
    const twice = { paths: config('Host alias', ' ProxyJump gateway,other,gateway') };
    expect(await rejection(sshConfigOptions('alias', {}, twice))).toMatchObject({ code: 'CONFIG_LIMIT' });
  });

  it('starts a ProxyCommand only when that is allowed', async () => {
    const paths = config('Host alias', ` ProxyCommand ssh -F %n -W %h:%p gateway`.replace('%n', '/dev/null'));
    const error = await rejection(sshConfigOptions('alias', {}, { paths }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'CONFIG_UNSUPPORTED', context: { option: 'ProxyCommand' } });
    const options = await sshConfigOptions('alias', {}, { paths, allowExec: true });
    expect(options.proxyCommand).toEqual([
      'ssh',
      '-F',
      '/dev/null',
      '-W',
      `127.0.0.1:${sshd.port}`,
      'gateway',
    ]);
  });

  it('lets what the caller says come first, and tells warnings', async () => {
    const warnings: ConfigWarning[] = [];
    const paths = config('Host alias', ' Tunnel yes', ' ConnectTimeout 7');
    const auth = createPasswordAuth('x');
    const onWarning = (warning: ConfigWarning): number => warnings.push(warning);
    const options = await sshConfigOptions(
      'alias',
      { username: 'other', port: 7, auth },
      { paths, onWarning },
    );
    expect(options).toMatchObject({
      username: 'other',
      port: 7,
      auth,
      connectTimeoutSec: 7,
      host: sshd.host,
    });
    expect(warnings).toMatchObject([{ option: 'Tunnel', line: 2 }]);
  });

  it('warns of each insecure algorithm that it asks for, for hosts on the way too, with its place', async () => {
    const warnings: ConfigWarning[] = [];
    const onWarning = (warning: ConfigWarning): number => warnings.push(warning);
    const paths = config(
      'Host alias',
      ' ProxyJump gate',
      ' Ciphers +3des-cbc,aes128-cbc',
      ' Ciphers +aes256-cbc',
      'Host gate',
      ' KexAlgorithms +diffie-hellman-group1-sha1',
    );
    const { algorithms } = await sshConfigOptions('alias', {}, { paths, onWarning });
    expect(algorithms?.insecure).toEqual(['aes128-cbc', '3des-cbc']);
    const ciphers = { file: paths, line: 3, option: 'Ciphers', level: 'warning' };
    expect(warnings).toMatchObject([
      { ...ciphers, text: expect.stringMatching(/^Ciphers: aes128-cbc is insecure: in CBC /) },
      { ...ciphers, text: expect.stringMatching(/^Ciphers: 3des-cbc is insecure: /) },
      { file: paths, line: 6, option: 'KexAlgorithms', level: 'warning' },
    ]);
    warnings.length = 0;
    await sshConfigOptions('alias', { algorithms: {} }, { paths, onWarning });
    expect(warnings).toMatchObject([{ option: 'KexAlgorithms' }]);
  });

  it('shows the certificates that it names, and hands on the agent that it names', async () => {
    const certificate = `${sshd.clientKey()}.pub`;
    const more = [' CertificateFile /missing', ` CertificateFile ${certificate}`, ' ForwardAgent /run/agent'];
    const options = await sshConfigOptions('alias', {}, { paths: config('Host alias', ...more) });
    expect(options.auth).toMatchObject([{ keyPath: sshd.clientKey(), certificatePath: [certificate] }]);
    expect(options.agentForward).toMatchObject({ connect: expect.any(Function) });
    const off = await sshConfigOptions('alias', {}, { paths: config('Host alias', ' ForwardAgent no') });
    expect(off.agentForward).toBeUndefined();
  });

  it('learns announced keys where the default file is used, and hashes names when that is asked for', async () => {
    const own = await sshConfigOptions('alias', {}, { paths: config('Host alias', ' HashKnownHosts yes') });
    expect(own).toMatchObject({ hashKnownHosts: true, updateHostKeys: false });
    const plain = await sshConfigOptions('else', {}, { paths: config() });
    expect(plain).toMatchObject({ hashKnownHosts: false, updateHostKeys: true });
  });

  it('refuses unknown host keys where nobody can be asked, and what it cannot do', async () => {
    const paths = config('Host alias', ' UserKnownHostsFile none');
    const error = await rejection(SSHConnection.connect(await sshConfigOptions('alias', {}, { paths })));
    expect(error).toBeInstanceOf(HostKeyMismatch);
    expect((error as Error).message).toContain(` of ${sshd.host}:${sshd.port} is not accepted: unknown`);
    const refused = await rejection(
      sshConfigOptions('alias', {}, { paths: config('Host alias', ' RefuseConnection "not today"') }),
    );
    expect(refused).toBeInstanceOf(ConfigError);
  });

  it('warns that options of a connection set up no forwards', async () => {
    const paths = config('Host alias', ' LocalForward 1 a:1', ' LocalForward 2 a:1', ' RemoteForward 3 a:1');
    const warnings: string[] = [];
    const onWarning = ({ line, option, level }: ConfigWarning): void =>
      void warnings.push(`${line} ${option} ${level}`);
    await sshConfigOptions('alias', {}, { paths, onWarning });
    expect(warnings).toEqual(['2 LocalForward warning', '4 RemoteForward warning']);
  });
});
