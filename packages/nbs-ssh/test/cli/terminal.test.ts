import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findProgram,
  pamAvailable,
  type Sshd,
  sshdAvailable,
  startSshd,
  testAccountAvailable,
} from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, knownHostsArgs, loginArgs, trustArgs } from './cli.ts';
import { type Shown, shellWords, type Typing, terminal } from './in-terminal.ts';

const script = findProgram('script');

/** `script` gives a terminal to what it runs. */
describe.skipIf(!sshdAvailable() || script === undefined)('nbs-ssh in a terminal', () => {
  let cli: Cli;
  let sshd: Sshd;
  beforeAll(async () => {
    [cli, sshd] = await Promise.all([builtCli(), startSshd({ password: testAccountAvailable() })]);
  });
  afterAll(async () => {
    await sshd.stop();
    cli[Symbol.dispose]();
  });

  const inTerminal = (command: string, typing?: readonly Typing[]): Promise<Shown> =>
    terminal(script as string, cli.env, command, typing);
  const command = (...args: readonly string[]): string => shellWords([process.execPath, cli.file, ...args]);

  it('gives the command a terminal of the same size and kind with -t', async () => {
    const remote = command(...loginArgs(sshd, '-t'), 'tty; stty size; echo $TERM');
    const { shown, exitCode } = await inTerminal(`stty rows 33 cols 111; ${remote}`);
    expect(shown).toMatch(/^\/dev\/pts\/\d+\n33 111\nxterm\n$/);
    expect(exitCode).toBe(0);
  });

  it('sends keys that make signals to the command, and gives the local terminal back as it was', async () => {
    const remote = command(
      ...loginArgs(sshd, '-t'),
      'trap "echo caught" INT; echo ready; sleep 1000; exit 9',
    );
    const { shown } = await inTerminal(`stty -g; ${remote}; echo "exit $?"; stty -g`, [[/ready/, '\x03']]);
    expect(shown).toContain('caught');
    expect(shown).toContain('exit 9');
    const modes = shown.match(/^[0-9a-f]+(:[0-9a-f]+){5,}$/gm) ?? [];
    expect(modes).toHaveLength(2);
    expect(modes[0]).toBe(modes[1]);
  });

  it('gives the terminal back when a signal ends it', async () => {
    const pidFile = join(cli.scratch.path, 'pid');
    const remote = command(...loginArgs(sshd, '-t'), 'echo ready; exec sleep 1000');
    const local = `sh -c 'echo $$ > ${pidFile}; exec "$@"' sh ${remote}`;
    const terminate = (): void => void process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    const { shown } = await inTerminal(`stty -g; ${local}; echo "exit $?"; stty -g`, [[/ready/, terminate]]);
    expect(shown).toContain('exit 143');
    const modes = shown.match(/^[0-9a-f]+(:[0-9a-f]+){5,}$/gm) ?? [];
    expect(modes).toHaveLength(2);
    expect(modes[0]).toBe(modes[1]);
  });

  it('tells the command when the window has another size', async () => {
    const go = join(cli.scratch.path, 'go');
    const loop = 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done';
    const remote = command(...loginArgs(sshd, '-t'), loop);
    const resize = `(until [ -e ${go} ]; do sleep 0.1; done; stty rows 44 cols 99 < /dev/tty) &`;
    const { shown } = await inTerminal(`${resize} ${remote}`, [[/ready/, () => writeFileSync(go, '')]]);
    expect(shown).toBe('ready\n44 99\n');
  });

  it('asks about new host keys when the command is over, where UpdateHostKeys says so', async () => {
    await using several = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa-256', 'rsa'] });
    const file = join(cli.scratch.path, 'updated_known_hosts');
    const first = `${several.knownHostsLine('ed25519').trim()}\n`;
    const login = [...knownHostsArgs(file), '-i', several.clientKey(), '-p', String(several.port)];
    const args = [...login, '-o', 'UpdateHostKeys=ask', `${several.username}@127.0.0.1`, 'echo in'];
    writeFileSync(file, first);
    const no = await inTerminal(command(...args), [
      [/in\s[\s\S]*New: SHA256:[\s\S]*Remember/, 'maybe\n'],
      [/answer yes or no/, 'no\n'],
    ]);
    expect(no.exitCode).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(first);
    expect((await cli.run(args)).exitCode).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(first);
    const yes = await inTerminal(command(...args), [[/Remember/, 'yes\n']]);
    expect(yes.exitCode).toBe(0);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(3);
    expect((await inTerminal(command(...args))).shown).toBe('in\n');
  });

  it('asks about an unknown host key, and remembers a yes', async () => {
    const file = join(cli.scratch.path, 'asked_known_hosts');
    const args = ['-p', String(sshd.port), ...knownHostsArgs(file), '-i', sshd.clientKey()];
    const remote = command(...args, `${sshd.username}@127.0.0.1`, 'echo in');
    const no = await inTerminal(remote, [[/Trust it/, 'no\n']]);
    expect(no.exitCode).toBe(255);
    expect(no.shown).toContain('was not accepted');
    const yes = await inTerminal(remote, [
      [/Trust it/, 'y\n'],
      [/Please answer/, 'yes\n'],
    ]);
    expect(yes.shown).toMatch(/in\n$/);
    expect(await inTerminal(remote)).toEqual({ shown: 'in\n', exitCode: 0 });
  });

  it.skipIf(!testAccountAvailable())('asks for a password up to three times and never shows it', async () => {
    const remote = command(...trustArgs(sshd), `${sshd.username}@127.0.0.1`, 'echo in');
    const password = sshd.password ?? '';
    const second = await inTerminal(remote, [
      [/Password of/, 'wrong\r'],
      [/Password of/, `garbage\x15x\x7f${password}\r`],
    ]);
    expect(second.shown).toMatch(/in\n$/);
    expect(second.shown).not.toContain(password);
    const never = await inTerminal(remote, [
      [/Password of/, 'wrong\r'],
      [/Password of/, 'wrong\r'],
      [/Password of/, 'wrong\r'],
    ]);
    expect(never.exitCode).toBe(255);
    expect(never.shown).toContain('password refused');
    expect(never.shown).not.toContain('wrong');
    const interrupted = await inTerminal(remote, [[/Password of/, 'abc\x03']]);
    expect(interrupted.exitCode).toBe(130);
  });

  it.skipIf(!testAccountAvailable() || !pamAvailable())('asks what the server wants to know', async () => {
    await using asking = await startSshd({ keyboardInteractive: true });
    const password = asking.password ?? '';
    const args = [...trustArgs(asking), '-o', 'PreferredAuthentications=keyboard-interactive'];
    const target = [`${asking.username}@127.0.0.1`, 'echo in'];
    const typed = await inTerminal(command(...args, ...target), [
      [/@127\.0\.0\.1\) Password:/, `${password}\r`],
    ]);
    expect(typed.shown).toMatch(/in\n$/);
    expect(typed.shown).not.toContain(password);
    const given = await cli.run([...args, ...target], { env: { NBS_SSH_PASSWORD: password } });
    expect(given).toMatchObject({ exitCode: 0, stdout: 'in\n', stderr: '' });
  });

  it('asks for the passphrase of a key', async () => {
    const key = await sshd.addKey('terminal', 'ed25519', { passphrase: 'open sesame', authorized: true });
    const args = [...trustArgs(sshd), '-i', key.path, `${sshd.username}@127.0.0.1`, 'echo in'];
    const { shown } = await inTerminal(command(...args), [[/Passphrase for/, 'open sesame\r']]);
    expect(shown).toMatch(/in\n$/);
    expect(shown).not.toContain('sesame');
  });

  it('asks for nothing in batch mode', async () => {
    const args = [...trustArgs(sshd), '-o', 'BatchMode=yes', `${sshd.username}@127.0.0.1`, 'echo in'];
    const { shown, exitCode } = await inTerminal(command(...args));
    expect(exitCode).toBe(255);
    expect(shown).not.toContain('Password of');
  });
});
