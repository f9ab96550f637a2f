import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Sshd, sshdAvailable, startSshd, systemOpenssh } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli } from './cli.ts';

describe.skipIf(!sshdAvailable())('nbs-ssh with configuration files', () => {
  let cli: Cli;
  let sshd: Sshd;
  let gateway: Sshd;
  beforeAll(async () => {
    [cli, sshd, gateway] = await Promise.all([
      builtCli(),
      startSshd({ config: ['AcceptEnv *'] }),
      startSshd(),
    ]);
    mkdirSync(join(cli.scratch.path, '.ssh'));
  });
  afterAll(async () => {
    await Promise.all([sshd.stop(), gateway.stop()]);
    cli[Symbol.dispose]();
  });

  /** Writes the user's configuration. */
  function config(...lines: readonly string[]): string {
    const path = join(cli.scratch.path, '.ssh', 'config');
    const block = (alias: string, server: Sshd): string =>
      `Host ${alias}\n HostName ${server.host}\n Port ${server.port}\n User ${server.username}\n` +
      ` IdentityFile ${server.clientKey()}\n UserKnownHostsFile ${server.writeKnownHosts()}\n`;
    const rest = 'Host *\n GlobalKnownHostsFile none\n';
    const text = `${lines.join('\n')}\n${block('alias', sshd)}${block('gateway', gateway)}${rest}`;
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  it('logs in by an alias of ~/.ssh/config', async () => {
    config('Host alias', ' SetEnv GREETING="good day"');
    const result = await cli.run(['alias', 'echo $GREETING']);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'good day\n', stderr: '' });
  });

  it('reads the file of -F in place of it, and none for none', async () => {
    const path = config();
    const other = join(cli.scratch.path, 'other');
    writeFileSync(other, readFileSync(path, 'utf8').replace('Host alias', 'Host elsewhere'));
    expect(await cli.run(['-F', other, 'elsewhere', 'echo in'])).toMatchObject({ stdout: 'in\n' });
    const none = await cli.run(['-F', 'none', '-G', 'alias']);
    expect(none.stdout).toContain('hostname alias\n');
    const missing = await cli.run(['-F', join(cli.scratch.path, 'missing'), 'alias', 'true']);
    expect(missing).toMatchObject({ exitCode: 255 });
    expect(missing.lines[0]).toMatch(/^nbs-ssh: The configuration cannot be read: there is no file /);
  });

  it('runs the RemoteCommand of the configuration, and refuses two commands', async () => {
    config('Host alias', ' RemoteCommand echo from %n');
    expect(await cli.run(['alias'])).toMatchObject({ exitCode: 0, stdout: 'from alias\n' });
    const both = await cli.run(['alias', 'true']);
    expect(both.lines[0]).toContain('RemoteCommand');
    expect((await cli.run(['-o', 'RemoteCommand=none', 'alias', 'echo mine'])).stdout).toBe('mine\n');
  });

  it('goes through jump hosts, from the configuration and with -J, each with its own settings', async () => {
    config('Host alias', ' ProxyJump gateway');
    const way = async (...args: readonly string[]): Promise<string> => {
      const result = await cli.run([...args, 'alias', 'echo in']);
      expect(result).toMatchObject({ exitCode: 0, stdout: 'in\n' });
      return result.stderr;
    };
    expect(await way('-v')).toContain(`${gateway.port}`);
    config();
    expect(await way('-v', '-J', 'gateway')).toContain(`${gateway.port}`);
    expect(await way('-v', '-o', 'ProxyJump=none')).not.toContain(`${gateway.port}`);
  });

  it('goes through a ProxyCommand without a shell', async () => {
    const nbs = `${process.execPath} -e "process.stdin.pipe(require('net').connect(process.argv[2], process.argv[1])).pipe(process.stdout)"`;
    config('Host alias', ` ProxyCommand ${nbs} %h %p`);
    expect(await cli.run(['alias', 'echo in'])).toMatchObject({ exitCode: 0, stdout: 'in\n', stderr: '' });
    config('Host alias', ' ProxyCommand nc %h %p | cat');
    const shell = await cli.run(['alias', 'echo in']);
    expect(shell.exitCode).toBe(255);
    expect(shell.lines[0]).toContain('without a shell');
  });

  it('runs the command of Match exec with --allow-exec only', async () => {
    const witness = join(cli.scratch.path, 'witness');
    config(`Match exec "touch ${witness}"`, ' SetEnv GREETING=hello');
    const without = await cli.run(['alias', 'echo $GREETING; ls']);
    expect(without.stderr).toMatch(
      /config line 1: Match exec runs no command without allowExec \(--allow-exec\)/,
    );
    expect(() => readFileSync(witness)).toThrow();
    const allowed = await cli.run(['--allow-exec', 'alias', 'echo $GREETING']);
    expect(allowed).toMatchObject({ stdout: 'hello\n', stderr: '' });
    expect(readFileSync(witness, 'utf8')).toBe('');
  });

  it('tells all mistakes of the file, and connects to nobody', async () => {
    config('Host alias', ' Colour red', ' Port none');
    const result = await cli.run(['alias', 'true']);
    expect(result.exitCode).toBe(255);
    expect(result.lines[0]).toMatch(/config line 2: there is no option Colour; .*config line 3: Port: /);
    expect(result.lines[1]).toContain('IgnoreUnknown Colour');
    const json = await cli.run(['--json', 'alias', 'true']);
    expect(JSON.parse(json.lines.at(-1) ?? '')).toMatchObject({
      ok: false,
      error: { type: 'ConfigError', code: 'CONFIG_INVALID', phase: 'config' },
    });
  });

  it('says what is not done: as a warning what is missed, with -v only what is not', async () => {
    config('Host alias', ' Tunnel yes', ' GSSAPIAuthentication yes');
    const plain = await cli.run(['alias', 'true']);
    expect(plain.stderr).toMatch(/^nbs-ssh: \S+config line 2: Tunnel is not supported: [^\n]*\n$/);
    expect((await cli.run(['-q', 'alias', 'true'])).stderr).toBe('');
    expect((await cli.run(['-v', 'alias', 'true'])).stderr).toContain('line 3: GSSAPIAuthentication');
  });

  it('refuses what it cannot do yet instead of leaving it out', async () => {
    config('Host alias', ' PermitRemoteOpen localhost:80');
    const result = await cli.run(['alias', 'true']);
    expect(result.exitCode).toBe(255);
    expect(result.lines[0]).toContain('PermitRemoteOpen is not supported');
  });

  it('takes LogLevel, BatchMode and the limits of logins from the file', async () => {
    config('Host alias', ' LogLevel DEBUG', ' StdinNull yes');
    const result = await cli.run(['alias', 'cat; echo in'], { during: () => {} });
    expect(result.stdout).toBe('in\n');
    expect(result.stderr).toContain('keys exchanged');
    config(
      'Host alias',
      ' IdentityFile none',
      ' PasswordAuthentication no',
      ' KbdInteractiveAuthentication no',
    );
    expect((await cli.run(['-F', 'none', '-o', 'BatchMode=yes', 'nobody.invalid', 'x'])).exitCode).toBe(255);
  });

  it('prints with -G what ssh prints, for the options that both have', async () => {
    const ssh = systemOpenssh();
    if (!ssh.available) return;
    const path = config(
      'Host alias',
      ' RekeyLimit 1G 1h',
      ' SendEnv LC_*',
      ' ConnectTimeout 5',
      ' Tunnel no',
    );
    const { stdout, exitCode } = await cli.run(['-G', '-F', path, 'alias']);
    expect(exitCode).toBe(0);
    const theirs = execFileSync(ssh.binaries.ssh, ['-G', '-F', path, 'alias'], { encoding: 'utf8' }).split(
      '\n',
    );
    // Algorithms are our own; and Debian trusts programs at the display by default.
    const own =
      /^(?:forwardx11trusted|ciphers|hostkeyalgorithms|kexalgorithms|casignaturealgorithms|macs|pubkeyacceptedalgorithms) /;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .filter((line) => !own.test(line));
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.filter((line) => !theirs.includes(line))).toEqual([]);
  });
});
