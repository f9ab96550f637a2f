import { createServer, type Server, type Socket } from 'node:net';
import { type Sshd, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, finished, loginArgs, shows } from './cli.ts';

/** Listens on loopback until the test is over. */
async function listen(
  serve: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, server };
}

describe.skipIf(!sshdAvailable())('nbs-ssh -W and -N', () => {
  let cli: Cli;
  let sshd: Sshd;
  const servers: Server[] = [];
  beforeAll(async () => {
    [cli, sshd] = await Promise.all([builtCli(), startSshd()]);
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await sshd.stop();
    cli[Symbol.dispose]();
  });
  const target = async (serve: (socket: Socket) => void): Promise<string> => {
    const { port, server } = await listen(serve);
    servers.push(server);
    return `127.0.0.1:${port}`;
  };

  it('joins standard input and output with the target, each direction to its end', async () => {
    const bytes = 3_000_000;
    const echo = await target((socket) => {
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
      // Only the end of the input is answered: a direction that is ended leaves the other one open.
      socket.on('end', () => socket.end(`${received} bytes\n`));
    });
    const result = await cli.run([...loginArgs(sshd, '-W', echo)], { stdin: new Uint8Array(bytes) });
    expect(result).toMatchObject({ exitCode: 0, stdout: `${bytes} bytes\n`, stderr: '' });
  });

  it('is over when the target has ended its side, whatever standard input does', async () => {
    const child = cli.start([...loginArgs(sshd, '-W', await target((socket) => socket.end('bye\n')))]);
    expect(await finished(child)).toMatchObject({ exitCode: 0, stdout: 'bye\n' });
  });

  it('is the way that a second ssh goes', async () => {
    const proxy = [process.execPath, cli.file, ...loginArgs(sshd, '-W', '%h:%p')].join(' ');
    const result = await cli.run([...loginArgs(sshd, '-o', `ProxyCommand=${proxy}`), 'echo through']);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'through\n', stderr: '' });
  });

  it('says in plain words that the target refused, and what to do', async () => {
    const { port, server } = await listen(() => {});
    await new Promise((resolve) => server.close(resolve));
    const result = await cli.run([...loginArgs(sshd, '-W', `127.0.0.1:${port}`)]);
    expect(result).toMatchObject({ exitCode: 255, stdout: '' });
    expect(result.lines).toEqual([
      `nbs-ssh: The server did not connect to 127.0.0.1:${port}: Connection refused.`,
      expect.stringContaining('Check that the target runs'),
    ]);
  });

  it('says that forwarding is not allowed', async () => {
    await using strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    const result = await cli.run([...loginArgs(strict, '-W', '127.0.0.1:9')]);
    expect(result.exitCode).toBe(255);
    expect(result.lines[1]).toContain('AllowTcpForwarding');
  });

  it('ends by a signal while the pipe is open', async () => {
    const child = cli.start([...loginArgs(sshd, '-W', await target((socket) => socket.write('open\n')))]);
    const end = finished(child);
    await shows(child, /open/);
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ exitCode: 143 });
  });

  it('refuses a target that is none, and a command beside it', async () => {
    for (const args of [
      ['-W', 'nowhere'],
      ['-W', 'a:0'],
      ['-W', ':1'],
    ]) {
      const { exitCode, lines } = await cli.run([...args, 'host']);
      expect(exitCode).toBe(255);
      expect(lines[0]).toMatch(/-W/);
    }
    expect((await cli.run(['-F', 'none', '-W', 'a:1', 'host', 'ls'])).lines[0]).toContain('-W runs none');
    expect((await cli.run(['-F', 'none', '-N', 'host', 'ls'])).lines[0]).toContain('-N');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'stays with -N until %s, and ends with 0',
    async (signal) => {
      const child = cli.start([...loginArgs(sshd, '-N', '-v', '--json')]);
      const end = finished(child);
      await shows(child, /logged in on/, 'stderr');
      child.kill(signal);
      const { exitCode, lines } = await end;
      expect(exitCode).toBe(0);
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        ok: true,
        exit_code: 0,
        interrupted_by: signal,
      });
    },
  );

  it('ends with 255 and the reason when the connection is lost with -N', async () => {
    await using other = await startSshd();
    const child = cli.start([...loginArgs(other, '-N', '-v')]);
    const end = finished(child);
    await shows(child, /logged in on/, 'stderr');
    other.killSessions('SIGKILL');
    const { exitCode, lines } = await end;
    expect(exitCode).toBe(255);
    expect(lines.at(-2)).toMatch(/connection .*was lost/);
  });
});
