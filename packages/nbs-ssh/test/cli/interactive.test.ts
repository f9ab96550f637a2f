import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  findProgram,
  freePort,
  runOk,
  type Sshd,
  sshdAvailable,
  startSshd,
  startTmux,
  type Tmux,
  tmuxAvailable,
} from '@nbs-ssh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtCli, type Cli, finished, loginArgs, shows } from './cli.ts';
import { shellWords } from './in-terminal.ts';

describe.skipIf(!sshdAvailable() || !tmuxAvailable())(
  'an interactive session in a terminal multiplexer',
  () => {
    let cli: Cli;
    let sshd: Sshd;
    let tmux: Tmux;
    let modes: string;
    beforeAll(async () => {
      [cli, sshd] = await Promise.all([builtCli(), startSshd()]);
      modes = join(cli.scratch.path, 'modes');
    });
    afterAll(async () => {
      await sshd.stop();
      cli[Symbol.dispose]();
    });
    beforeEach(async () => {
      tmux = await startTmux(cli.env);
      await tmux.enter(`stty -a > ${modes}.before`);
    });
    afterEach(() => tmux.stop());

    /** Without the size, which tmux changes when it finds the time. */
    const modesOf = (when: string): string =>
      readFileSync(`${modes}.${when}`, 'utf8').replace(/rows \d+; columns \d+;/, '');
    const pidFile = (): string => join(cli.scratch.path, 'pid');
    /** Runs the command in the terminal; its exit status is shown when it is over. */
    const run = (args: readonly string[], node: readonly string[] = []): Promise<void> => {
      const words = shellWords([process.execPath, ...node, cli.file, ...args]);
      return tmux.enter(`clear; sh -c 'echo $$ > ${pidFile()}; exec "$@"' sh ${words}; echo "status=$?"`);
    };
    /** A shell at the server that is known to run: the words are put together there only. */
    const shell = async (server: Sshd = sshd, ...more: readonly string[]): Promise<void> => {
      await run(loginArgs(server, ...more));
      await ready();
    };
    let count = 0;
    const ready = async (): Promise<void> => {
      count += 1;
      await tmux.enter(`echo remote''-${count}`);
      await tmux.shows(new RegExp(`^remote-${count}$`, 'm'));
    };
    const signal = (name: NodeJS.Signals): void =>
      void process.kill(Number(readFileSync(pidFile(), 'utf8')), name);
    /** It ended with that status, and the terminal is as it was. */
    const endedWith = async (status: number): Promise<string> => {
      const shown = await tmux.shows(/status=\d+$/m);
      expect(shown).toMatch(new RegExp(`status=${status}$`, 'm'));
      await tmux.enter(`stty -a > ${modes}.after; echo co''mpared`);
      await tmux.shows(/^compared$/m);
      expect(modesOf('after')).toBe(modesOf('before'));
      return shown;
    };

    it('opens a shell with the size and the modes of the local terminal, and ends with its exit status', async () => {
      await tmux.enter(`stty erase '^H' -ixon; stty -a > ${modes}.before`);
      await shell();
      await tmux.enter(
        'echo "size=$(stty size) $(stty -a | grep -o "; erase = [^;]*") $(stty -a | grep -o -e "-ixon")"',
      );
      await tmux.shows(/^size=24 80 ; erase = \^H -ixon$/m);
      await tmux.enter('exit 7');
      await endedWith(7);
    });

    it.skipIf(findProgram('vi') === undefined)(
      'runs vi, which is told of another size, and quits',
      async () => {
        await shell();
        await tmux.enter('vi -u NONE');
        await tmux.shows(/^~$/m);
        await tmux.type(':set columns? lines?');
        await tmux.press('Enter');
        await tmux.shows(/columns=80\s+lines=24/);
        await tmux.press('Enter');
        await tmux.resize(100, 30);
        // A row for each line that there is none of, but the first and the last.
        await tmux.shows(/(?:~\n){28}/);
        await tmux.type(':set columns? lines?');
        await tmux.press('Enter');
        await tmux.shows(/columns=100\s+lines=30/);
        await tmux.press('Enter');
        await tmux.enter(':q!');
        // The screen as it was before: what is typed while it still runs is lost.
        await tmux.shows(/vi -u NONE/);
        await ready();
        await tmux.resize(80, 24);
        await tmux.enter('exit');
        await endedWith(0);
      },
    );

    it('sends Ctrl-C, Ctrl-Z and Ctrl-\\ to the program and not to itself', async () => {
      await shell();
      await tmux.enter(
        'sh -c \'trap "echo caught-int" INT; trap "echo caught-quit" QUIT; echo go; while :; do sleep 0.05; done\'',
      );
      await tmux.shows(/^go$/m);
      await tmux.press('C-c');
      await tmux.shows(/caught-int$/m);
      await tmux.press('C-\\');
      await tmux.shows(/caught-quit$/m);
      await tmux.press('C-z');
      await tmux.shows(/Stopped/);
      await tmux.enter('kill -9 %1; wait; echo go""ne');
      await tmux.shows(/^gone$/m);
      await tmux.enter('exit 0');
      await endedWith(0);
    });

    it('leaves with ~. at the start of a line only', async () => {
      await shell();
      await tmux.enter('echo a~.b');
      await tmux.shows(/^a~\.b$/m);
      await tmux.type('~.');
      const shown = await endedWith(255);
      expect(shown).toMatch(/The connection to \S+ was left/);
    });

    it('leaves with ~. also when the server does not answer any more', async () => {
      await using frozen = await startSshd();
      await shell(frozen);
      frozen.kill('SIGSTOP');
      await tmux.press('Enter');
      await tmux.type('~.');
      await endedWith(255);
      frozen.kill('SIGCONT');
    });

    it('shows its escapes with ~?, tells of forwards with ~#, and goes on', async () => {
      await shell();
      await tmux.press('Enter');
      await tmux.type('~?');
      await tmux.shows(/^ ~\. {3}leaves/m);
      await tmux.type('~#');
      await tmux.shows(/^There are no forwards\.$/m);
      await tmux.type('~v');
      await tmux.shows(/^nbs-ssh: verbosity is 1 now$/m);
      await tmux.type('~R');
      await tmux.shows(/^nbs-ssh: keys exchanged: /m);
      await tmux.type('~V~~');
      await tmux.shows(/^[^\n]*~$/m);
      await tmux.press('C-u');
      await ready();
      await tmux.enter('exit 3');
      await endedWith(3);
    });

    it('tells of a forward, and of a connection that does not get through, beside the shell', async () => {
      const [port, closed] = [await freePort(), await freePort()];
      await shell(sshd, '-L', `${port}:127.0.0.1:${closed}`);
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      // On a line of its own, from the first column: the terminal is raw.
      await tmux.shows(/^nbs-ssh: local forward \d+ to 127\.0\.0\.1:\d+: The server did not connect/m);
      socket.destroy();
      await ready();
      await tmux.type('~#');
      await tmux.shows(
        new RegExp(
          `^local forward \\S+:${port} to 127\\.0\\.0\\.1:${closed}: 1 connection, 0 open, 1 failed`,
          'm',
        ),
      );
      await tmux.press('C-u');
      await tmux.enter('exit 0');
      await endedWith(0);
    });

    it('has another escape character with -e, or none', async () => {
      await shell(sshd, '-e', '^]');
      await tmux.type('~.');
      await tmux.press('C-u');
      await ready();
      await tmux.press('C-]');
      await tmux.type('.');
      await endedWith(255);
      await tmux.enter('clear');
      await shell(sshd, '-e', 'none');
      await tmux.enter('~.');
      await ready();
      await tmux.enter('exit 0');
      await endedWith(0);
    });

    it('is suspended by ~^Z with the terminal given back, and goes on in the foreground, told of a new size', async () => {
      await shell();
      await tmux.press('Enter');
      await tmux.type('~');
      await tmux.press('C-z');
      await tmux.shows(/Stopped/);
      await tmux.enter(`stty -a > ${modes}.after; echo co''mpared`);
      await tmux.shows(/^compared$/m);
      expect(modesOf('after')).toBe(modesOf('before'));
      await tmux.resize(90, 24);
      await tmux.enter('clear; fg; echo "status=$?"');
      await tmux.shows(/^(?:exec|sh) .*$/m);
      await ready();
      await tmux.enter('stty size');
      await tmux.shows(/^24 90$/m);
      await tmux.resize(80, 24);
      await tmux.press('Enter');
      await tmux.enter('exit 4');
      await endedWith(4);
    });

    it('goes on after it was stopped and continued from outside', async () => {
      await shell();
      signal('SIGSTOP');
      await tmux.shows(/Stopped/);
      await tmux.enter('clear; fg; echo "status=$?"');
      await tmux.shows(/^(?:exec|sh) .*$/m);
      await ready();
      await tmux.enter('stty -a | grep -o "rows [0-9]*"');
      await tmux.shows(/^rows 24$/m);
      await tmux.enter('exit 6');
      await endedWith(6);
    });

    it('takes the terminal again when it is continued, whatever others made of it', async () => {
      await tmux.enter(`tty > ${modes}.tty; echo na""med`);
      await tmux.shows(/^named$/m);
      await shell();
      const device = readFileSync(`${modes}.tty`, 'utf8').trim();
      await runOk('stty', ['-F', device, 'sane']);
      signal('SIGCONT');
      const now = async (): Promise<string> => (await runOk('stty', ['-F', device, '-a'])).stdout;
      await expect
        .poll(now, { timeout: 10_000 })
        .toMatch(/(?=[\s\S]*-icanon)(?=[\s\S]*-echo )(?=[\s\S]*-opost)/);
      await tmux.enter('exit 2');
      await endedWith(2);
    });

    it('gives the terminal back when the connection is lost, and says so', async () => {
      await using other = await startSshd();
      await shell(other);
      other.killSessions('SIGKILL');
      expect(await endedWith(255)).toMatch(/^nbs-ssh: .* lost/m);
    });

    it('gives the terminal back when the server is killed', async () => {
      await using other = await startSshd();
      await shell(other);
      other.kill('SIGKILL');
      expect(await endedWith(255)).toMatch(/^nbs-ssh: .* lost/m);
    });

    it.each([
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGINT', 130],
      ['SIGQUIT', 131],
    ] as const)('gives the terminal back when %s ends it', async (name, status) => {
      await shell();
      signal(name);
      await endedWith(status);
    });

    it.each([
      ['an exception that nobody catches', 'throw new Error("on purpose")', 1],
      ['process.exit', 'process.exit(9)', 9],
    ])('gives the terminal back after %s', async (_, code, status) => {
      const file = join(cli.scratch.path, 'end.mjs');
      writeFileSync(file, `process.on('SIGUSR2', () => { ${code}; });\n`);
      await run(loginArgs(sshd), ['--import', file]);
      await ready();
      signal('SIGUSR2');
      await endedWith(status);
    });

    it('runs a shell without a terminal when standard input is none, or with -T', async () => {
      const result = await cli.run(loginArgs(sshd), { stdin: 'tty; echo in\nexit 5\n' });
      expect(result).toMatchObject({ exitCode: 5, stdout: 'not a tty\nin\n', stderr: '' });
      await run(loginArgs(sshd, '-T'));
      await tmux.enter('tty; exit 2');
      expect(await endedWith(2)).toContain('not a tty');
    });

    it('gives a terminal with -tt although standard input is none', async () => {
      const result = await cli.run(loginArgs(sshd, '-tt'), { stdin: 'tty\nexit 8\n' });
      expect(result.stdout).toMatch(/^\/dev\/pts\/\d+\r$/m);
      expect(result.exitCode).toBe(8);
    });

    it('runs a subsystem with -s, and says that there is none', async () => {
      // An sftp client's first packet: length, SSH_FXP_INIT, version 3.
      const init = Uint8Array.of(0, 0, 0, 5, 1, 0, 0, 0, 3);
      const child = cli.start([...loginArgs(sshd, '-s'), 'sftp']);
      const end = finished(child);
      child.stdin?.write(init);
      await shows(child, /posix-rename@openssh\.com/);
      child.stdin?.end();
      expect(await end).toMatchObject({ exitCode: 0, stderr: '' });
      const none = await cli.run([...loginArgs(sshd, '-s'), 'nothing']);
      expect(none.exitCode).toBe(255);
      expect(none.lines[0]).toContain('does not have this subsystem');
      expect((await cli.run(loginArgs(sshd, '-s'))).lines[0]).toContain('No subsystem was named');
    });
  },
);
