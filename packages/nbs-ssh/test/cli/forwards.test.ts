import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { findProgram, freePort, run, type Sshd, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, type Finished, finished, knownHostsArgs, loginArgs, shows } from './cli.ts';

const curl = findProgram('curl');

describe.skipIf(!sshdAvailable())('forwards of nbs-ssh', () => {
  let cli: Cli;
  let sshd: Sshd;
  let web: Server;
  let webPort: number;
  beforeAll(async () => {
    [cli, sshd] = await Promise.all([builtCli(), startSshd()]);
    web = createHttp((request, response) => response.end(`page ${request.url}\n`));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    webPort = (web.address() as AddressInfo).port;
  });
  afterAll(async () => {
    web.close();
    await sshd.stop();
    cli[Symbol.dispose]();
  });

  /** Runs until `what` is told on standard error, does something, and ends it by SIGTERM. */
  async function during(
    args: readonly string[],
    what: RegExp,
    act: (child: ChildProcess) => Promise<void>,
  ): Promise<Finished> {
    const child = cli.start(args);
    const end = finished(child);
    try {
      await shows(child, what, 'stderr');
      await act(child);
    } finally {
      child.kill('SIGTERM');
    }
    return end;
  }
  const fetched = async (url: string, ...more: readonly string[]): Promise<string> =>
    (await run('curl', ['-sS', '--max-time', '10', ...more, url])).stdout;
  const answers = (port: number, host = '127.0.0.1'): Promise<boolean> =>
    new Promise((resolve) => {
      const socket: Socket = connect(port, host, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });

  it.skipIf(curl === undefined)(
    'takes a page through -L, -R and -D with -N, and ends with 0 and nobody listening',
    async () => {
      const [local, remote, socks] = [await freePort(), await freePort(), await freePort()];
      const args = [
        ...['-N', '-v', '-L', `${local}:127.0.0.1:${webPort}`, `-R${remote}:localhost:${webPort}`],
        ...['-D', `${socks}`],
      ];
      const { exitCode, stderr } = await during(
        loginArgs(sshd, ...args),
        new RegExp(
          `(?=[\\s\\S]*local forward \\S+:${local} to [^\\n]*listening)(?=[\\s\\S]*remote forward \\S+:${remote} to [^\\n]*listening)(?=[\\s\\S]*dynamic forward [^\\n]*listening)`,
        ),
        async () => {
          expect(await fetched(`http://127.0.0.1:${local}/l`)).toBe('page /l\n');
          expect(await fetched(`http://127.0.0.1:${remote}/r`)).toBe('page /r\n');
          const url = `http://127.0.0.1:${webPort}/d`;
          expect(await fetched(url, '--socks5-hostname', `127.0.0.1:${socks}`)).toBe('page /d\n');
          expect(await fetched(url, '--socks4a', `127.0.0.1:${socks}`)).toBe('page /d\n');
        },
      );
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(/local forward [^\n]*: closed, 1 connections, \d+ bytes sent, \d+ received/);
      expect(await Promise.all([local, remote, socks].map((port) => answers(port)))).toEqual([
        false,
        false,
        false,
      ]);
    },
  );

  it.skipIf(curl === undefined)(
    'lets clients of SOCKS at the server reach this side with -R PORT',
    async () => {
      const port = await freePort();
      await during(loginArgs(sshd, '-Nv', '-R', `${port}`), /listening/, async () => {
        const url = `http://127.0.0.1:${webPort}/s`;
        expect(await fetched(url, '--socks5-hostname', `127.0.0.1:${port}`)).toBe('page /s\n');
      });
    },
  );

  it('takes forwards from a configuration, unless ClearAllForwardings says no', async () => {
    const port = await freePort();
    const file = join(cli.scratch.path, 'config');
    writeFileSync(
      file,
      `Host alias\n HostName 127.0.0.1\n Port ${sshd.port}\n User ${sshd.username}\n IdentityFile ${sshd.clientKey()}\n` +
        ` LocalForward ${port} 127.0.0.1:${webPort}\n ExitOnForwardFailure yes\n`,
    );
    const args = ['-F', file, ...knownHostsArgs(sshd.writeKnownHosts())];
    const through = async (): Promise<boolean> => answers(port);
    let reached = false;
    await during([...args, '-Nv', 'alias'], /listening/, async () => {
      reached = await through();
    });
    expect(reached).toBe(true);
    await during([...args, '-Nv', '-o', 'ClearAllForwardings=yes', 'alias'], /logged in on/, async () => {
      reached = await through();
    });
    expect(reached).toBe(false);
    const pipe = await cli.run([...args, '-W', `127.0.0.1:${webPort}`, 'alias'], {
      stdin: 'GET /w HTTP/1.0\r\n\r\n',
    });
    expect(pipe.stdout).toContain('page /w');
  });

  it('tells of a port in use and goes on, or ends where ExitOnForwardFailure says so', async () => {
    const forward = ['-L', `${webPort}:127.0.0.1:1`];
    const going = await cli.run([...loginArgs(sshd, ...forward), 'echo in']);
    expect(going).toMatchObject({ exitCode: 0, stdout: 'in\n' });
    expect(going.lines).toEqual([
      expect.stringMatching(
        /^nbs-ssh: the local forward \d+ to 127\.0\.0\.1:1 is left out: .*somebody listens there already\.$/,
      ),
      'nbs-ssh: Choose another port, or end the program that has it.',
    ]);
    const ending = await cli.run([
      ...loginArgs(sshd, ...forward, '-o', 'ExitOnForwardFailure=yes'),
      'echo in',
    ]);
    expect(ending).toMatchObject({ exitCode: 255, stdout: '' });
    expect(ending.lines[0]).toMatch(/^nbs-ssh: Cannot listen on .*somebody listens there already\.$/);
    // On every address: a server takes it for enough to get one of its loopback addresses.
    const everywhere = createServer();
    await new Promise<void>((resolve) => everywhere.listen(0, '::', resolve));
    const { port } = everywhere.address() as AddressInfo;
    const remote = await cli.run([...loginArgs(sshd, '-R', `${port}:127.0.0.1:1`), 'echo in']);
    everywhere.close();
    expect(remote).toMatchObject({ exitCode: 0, stdout: 'in\n' });
    expect(remote.lines[0]).toMatch(/remote forward .* is left out: The server does not listen on/);
  });

  it('says that forwarding is not allowed, at the connection that wants it', async () => {
    await using strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    const port = await freePort();
    const { stderr } = await during(
      loginArgs(strict, '-Nv', '-L', `${port}:127.0.0.1:${webPort}`, '-R', '0:127.0.0.1:1'),
      /listening/,
      async (child) => {
        const told = shows(child, /AllowTcpForwarding, PermitOpen/, 'stderr');
        expect(await answers(port)).toBe(true);
        await told;
      },
    );
    expect(stderr).toMatch(/remote forward 0 to 127\.0\.0\.1:1 is left out: The server does not listen/);
  });

  it('tells a refused target in one line, and the forward goes on', async () => {
    const [port, closed] = [await freePort(), await freePort()];
    const { lines } = await during(
      loginArgs(sshd, '-Nv', '-L', `${port}:127.0.0.1:${closed}`),
      /listening/,
      async (child) => {
        for (const _ of [1, 2]) {
          const told = shows(child, /Connection refused/, 'stderr');
          await answers(port);
          await told;
        }
      },
    );
    const told = lines.filter((line) => line.includes('Connection refused'));
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(
      /^nbs-ssh: local forward \d+ to \S+: The server did not connect to .* Check that the target runs/,
    );
  });

  it('tells the port that the server has chosen', async () => {
    let reached = '';
    const child = cli.start(loginArgs(sshd, '-N', '-R', `0:127.0.0.1:${webPort}`));
    const end = finished(child);
    const shown = await shows(child, /remote forward \S+:\d+ to/, 'stderr');
    reached = await fetched(`http://127.0.0.1:${/forward \S+:(\d+) to/.exec(shown)?.[1]}/`);
    child.kill('SIGTERM');
    await end;
    expect(reached).toBe('page /\n');
  });

  it('listens on loopback, and on every address with -g or when it is asked for', async () => {
    const port = await freePort();
    const reach = async (...args: readonly string[]): Promise<boolean> => {
      let reached = false;
      await during(loginArgs(sshd, '-Nv', ...args), /listening/, async () => {
        reached = await answers(port, '127.0.0.2');
      });
      return reached;
    };
    const target = `127.0.0.1:${webPort}`;
    expect(await reach('-L', `${port}:${target}`)).toBe(false);
    expect(await reach('-g', '-L', `${port}:${target}`)).toBe(true);
    expect(await reach('-L', `*:${port}:${target}`)).toBe(true);
    expect(await reach('-g', '-L', `localhost:${port}:${target}`)).toBe(false);
  });

  it('forwards Unix sockets, and replaces one that nobody listens on with StreamLocalBindUnlink', async () => {
    const path = join(cli.scratch.path, 'socket');
    const there = join(cli.scratch.path, 'there');
    const get = (): Promise<string> => fetched('http://x/u', '--unix-socket', path);
    await during(loginArgs(sshd, '-Nv', '-L', `${path}:127.0.0.1:${webPort}`), /listening/, async () => {
      expect(await get()).toBe('page /u\n');
    });
    expect(existsSync(path)).toBe(false);
    const args = ['-Nv', '-L', `${path}:${there}`, '-R', `${there}:127.0.0.1:${webPort}`];
    await during(loginArgs(sshd, ...args), /listening[\s\S]*listening/, async (child) => {
      expect(await get()).toBe('page /u\n');
      child.kill('SIGKILL');
    });
    expect(existsSync(path)).toBe(true);
    const stale = ['-N', '-o', 'ExitOnForwardFailure=yes', '-L', `${path}:127.0.0.1:${webPort}`];
    expect((await cli.run(loginArgs(sshd, ...stale))).lines[1]).toContain('Remove the file');
    await during(
      loginArgs(sshd, '-v', '-o', 'StreamLocalBindUnlink=yes', ...stale),
      /listening/,
      async () => {
        expect(await get()).toBe('page /u\n');
      },
    );
  });

  it('waits for forwarded connections when the command is over, as ssh does', async () => {
    const port = await freePort();
    const held: Socket[] = [];
    const holder = createServer((socket) => held.push(socket));
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
    const go = join(cli.scratch.path, 'go');
    const child = cli.start([
      ...loginArgs(sshd, '-v', '-L', `${port}:${target}`),
      `until [ -e ${go} ]; do sleep 0.05; done; exit 3`,
    ]);
    const end = finished(child);
    await shows(child, /listening/, 'stderr');
    const client = connect(port, '127.0.0.1');
    client.on('error', () => {});
    await new Promise<void>((resolve) => holder.once('connection', () => resolve()));
    const waiting = shows(child, /waiting for a forwarded connection to end/, 'stderr');
    writeFileSync(go, '');
    await waiting;
    const received = new Promise<string>((resolve) =>
      client.once('data', (chunk) => resolve(chunk.toString())),
    );
    held[0]?.write('late');
    expect(await received).toBe('late');
    client.destroy();
    expect((await end).exitCode).toBe(3);
    holder.close();
  });

  it('has the forwards in its events', async () => {
    const port = await freePort();
    const events = join(cli.scratch.path, 'events.jsonl');
    await during(
      loginArgs(sshd, '-Nv', '--events', events, '-L', `${port}:127.0.0.1:${webPort}`),
      /listening/,
      async () => void (await answers(port)),
    );
    const seen = readFileSync(events, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const forwards = seen.filter(({ event_type: type }) => type === 'FORWARD').map(({ data }) => data.status);
    expect(forwards).toEqual(expect.arrayContaining(['establishing', 'established', 'closed']));
  });

  it('tells a forward to nowhere as a mistake of the command line', async () => {
    const { exitCode, lines } = await cli.run([...loginArgs(sshd, '-L', '8080::80'), 'true']);
    expect([exitCode, lines[0]]).toEqual([
      0,
      expect.stringMatching(/left out: RemoteHost must name a host\.$/),
    ]);
    expect(lines[1]).not.toContain('defect');
  });

  it('refuses forwards that make no sense before it connects', async () => {
    for (const [letter, text] of [
      ['-L', '8080'],
      ['-L', '0:a:1'],
      ['-L', 'x:a:1'],
      ['-L', '1:a:99999'],
      ['-R', '1:a:0'],
      ['-D', '1:2:3'],
      ['-D', 'x'],
    ] as const) {
      const { exitCode, lines } = await cli.run(['-F', 'none', letter, text, 'nobody.invalid', 'true']);
      expect([exitCode, lines[0]]).toEqual([255, expect.stringMatching(/^nbs-ssh: \w+Forward: it must be /)]);
    }
  });
});
