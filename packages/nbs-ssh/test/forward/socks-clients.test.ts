// Dynamic forwards, used by the programs that people use them with.
import { randomBytes } from 'node:crypto';
import {
  findProgram,
  type LeakCheck,
  nginxObstacle,
  run,
  runBytes,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startNginx,
  startSshd,
  watchForLeaks,
} from '@nbs-ssh/testing';
import type { ForwardHandle, SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, sha256 } from '../lab.ts';

const PAGE = '<!doctype html><title>tunnel</title><p id="said">before</p><script src="code.js"></script>';
const SCRIPT = 'document.getElementById("said").textContent = "loaded through the tunnel";';
const LARGE = new Uint8Array(randomBytes(16 * 1024 * 1024));

const here = sshdAvailable() && nginxObstacle() === undefined && findProgram('curl') !== undefined;

describe.skipIf(!here)(
  'clients of SOCKS through a real server (skipped without OpenSSH, nginx or curl)',
  () => {
    let leaks: LeakCheck;
    let sshd: Sshd;
    let nginx: Awaited<ReturnType<typeof startNginx>>;
    let connection: SSHConnection;
    let logged: number;
    let forward: ForwardHandle & { readonly localPort: number };
    beforeAll(async () => {
      sshd = await startSshd();
      nginx = await startNginx({ 'index.html': PAGE, 'code.js': SCRIPT, large: LARGE });
    });
    afterAll(async () => {
      await sshd?.stop();
      await nginx?.stop();
    });
    beforeEach(async () => {
      leaks = watchForLeaks();
      logged = sshd.log().length;
      connection = await connectTo(sshd);
      forward = await connection.forwardDynamic({ localPort: 0 });
    });
    afterEach(async () => {
      await connection.close();
      await leaks.assertClean();
    });

    /** Where this connection's clients went, as the server has it: by name, where it resolved that. */
    const targets = (): readonly string[] =>
      [
        ...sshd
          .log()
          .slice(logged)
          .matchAll(/target (\S+) port (\d+)/g),
      ].map(([, host, port]) => `${host}:${port}`);

    for (const [option, host, target] of [
      ['--socks5-hostname', 'localhost', 'localhost'],
      ['--socks5', 'localhost', '127.0.0.1'],
      ['--socks4', 'localhost', '127.0.0.1'],
      ['--socks4a', 'localhost', 'localhost'],
      ['--socks5-hostname', '127.0.0.1', '127.0.0.1'],
    ] as const) {
      it(`curl ${option} loads 16 MiB from ${host}, which ${target === host ? 'the server' : 'curl'} resolves`, async () => {
        const { exitCode, stdout, stderr } = await runBytes('curl', [
          ...['-sS', '-4', option, `127.0.0.1:${forward.localPort}`],
          `http://${host}:${nginx.port}/large`,
        ]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(sha256(stdout)).toBe(sha256(LARGE));
        expect(targets()).toEqual([`${target}:${nginx.port}`]);
        expect(forward.stats).toMatchObject({ connections: 1, failed: 0 });
        expect(forward.stats.bytesReceived).toBeGreaterThan(LARGE.length);
      });
    }

    it('curl with a name and password is served, which are not asked for', async () => {
      const proxy = `socks5h://somebody:secret@127.0.0.1:${forward.localPort}`;
      const { stdout, stderr } = await run('curl', [
        '-sS',
        '--proxy',
        proxy,
        `http://localhost:${nginx.port}/`,
      ]);
      expect({ stdout, stderr }).toEqual({ stdout: PAGE, stderr: '' });
      expect(JSON.stringify(connection.getEvidenceBundle())).not.toContain('secret');
    });

    it('curl that takes it for a proxy of HTTP gets no answer, and an event says why', async () => {
      const failed: string[] = [];
      const other = await connection.forwardDynamic({
        localPort: 0,
        onConnectionError: ({ code, reason, message }) => failed.push(`${code} ${reason}: ${message}`),
      });
      const proxy = `http://127.0.0.1:${other.localPort}`;
      // 52: the server said nothing.
      expect((await run('curl', ['-sS', '--proxy', proxy, 'http://localhost/'])).exitCode).toBe(52);
      await other.close();
      await other.closed;
      expect(failed).toEqual([
        'SOCKS_VERSION bad_request: the client speaks HTTP, this is a port for SOCKS 4, 4a and 5',
      ]);
      const told = connection.getEvidenceBundle().events.map(({ data }) => data as Record<string, unknown>);
      expect(told).toContainEqual(
        expect.objectContaining({
          status: 'connection_failed',
          forward_type: 'dynamic',
          code: 'SOCKS_VERSION',
        }),
      );
    });

    it.skipIf(findProgram('nc.openbsd') === undefined)(
      'nc -X 5 and -X 4 keep a half-close (netcat-openbsd)',
      async () => {
        for (const version of ['5', '4']) {
          const proxy = ['-X', version, '-x', `127.0.0.1:${forward.localPort}`];
          const { stdout } = await run('nc.openbsd', [...proxy, '-N', '127.0.0.1', String(nginx.port)], {
            stdin: 'GET / HTTP/1.0\r\n\r\n',
          });
          expect(stdout).toContain(PAGE);
        }
        expect(targets()).toEqual(Array(2).fill(`127.0.0.1:${nginx.port}`));
      },
    );

    it.skipIf(findProgram('nc.openbsd') === undefined)(
      'ssh logs in through it, by nc as its ProxyCommand',
      async () => {
        const { stdout, stderr, exitCode } = await run('ssh', [
          ...['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${sshd.writeKnownHosts()}`],
          ...['-i', sshd.clientKey(), '-p', String(sshd.port)],
          ...['-o', `ProxyCommand=nc.openbsd -X 5 -x 127.0.0.1:${forward.localPort} %h %p`],
          ...[`${sshd.username}@${sshd.host}`, 'echo inside'],
        ]);
        expect({ stdout, exitCode, stderr }).toEqual({ stdout: 'inside\n', exitCode: 0, stderr: '' });
      },
    );

    const chromium = findProgram('chromium');
    it.skipIf(chromium === undefined)(
      'Chromium loads a page and its script (skipped where chromium is absent)',
      async () => {
        using profile = scratchDir('chromium');
        const { stdout } = await run(chromium ?? '', [
          ...['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile.path}`],
          // Without the second one, loopback is never asked of a proxy.
          ...[`--proxy-server=socks5://127.0.0.1:${forward.localPort}`, '--proxy-bypass-list=<-loopback>'],
          ...['--dump-dom', `http://localhost:${nginx.port}/index.html`],
        ]);
        expect(stdout).toContain('loaded through the tunnel');
        expect(targets()).toContain(`localhost:${nginx.port}`);
      },
      60_000,
    );
  },
);
