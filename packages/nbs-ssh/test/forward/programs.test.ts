import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findProgram,
  nginxObstacle,
  POSTGRES_USER,
  postgresObstacle,
  redisObstacle,
  runOk,
  type ScratchDir,
  type Service,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startNginx,
  startPostgres,
  startRedis,
  startSshd,
  startTcpTarget,
  type TcpTarget,
} from '@nbs-ssh/testing';
import type { ForwardHandle, SSHConnection } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, sha256 } from '../lab.ts';

// Programs that know nothing of SSH use real services through forwards.

const HOST = '127.0.0.1';
const PATIENCE = 120_000;
const PAGE = '<!doctype html><title>through</title><p>a page</p>\n';
const LARGE = 50_000_000;

let sshd: Sshd;
let connection: SSHConnection;
let scratch: ScratchDir;
beforeAll(async () => {
  if (!sshdAvailable()) return;
  scratch = scratchDir('programs');
  sshd = await startSshd({ logLevel: 'INFO' });
  connection = await connectTo(sshd);
});
afterAll(async () => {
  await connection?.close();
  await sshd?.stop();
  scratch?.remove();
});

/** A way to a port of the server's side, and the port here that leads there. */
interface Way {
  readonly name: string;
  readonly open: (to: number) => Promise<{ readonly handle: ForwardHandle; readonly port: number }>;
}

const PORTS: readonly Way[] = [
  {
    name: 'a local forward',
    open: async (to) => {
      const handle = await connection.forwardLocal(0, HOST, to);
      return { handle, port: handle.localPort };
    },
  },
  {
    name: 'a remote forward',
    open: async (to) => {
      const handle = await connection.forwardRemote(0, HOST, to);
      return { handle, port: handle.remotePort };
    },
  },
];

function here(name: string, obstacle: string | undefined): boolean {
  if (obstacle !== undefined) console.warn(`no forwards are tried with ${name}: ${obstacle}`);
  return obstacle === undefined && sshdAvailable();
}

const curlObstacle = findProgram('curl') === undefined ? 'no curl is here' : undefined;

describe.skipIf(!here('nginx', nginxObstacle() ?? curlObstacle))('curl and nginx', () => {
  const large = randomBytes(LARGE);
  let nginx: Service;
  beforeAll(async () => {
    nginx = await startNginx({ 'page.html': PAGE, large });
  });
  afterAll(() => nginx?.stop());

  async function expectBothFiles(base: string, options: readonly string[]): Promise<void> {
    const page = await runOk('curl', ['-sS', '--fail', ...options, `${base}/page.html`]);
    expect(page.stdout).toBe(PAGE);
    const path = join(scratch.path, 'large');
    await runOk('curl', ['-sS', '--fail', '-o', path, ...options, `${base}/large`]);
    expect(sha256(readFileSync(path))).toBe(sha256(large));
  }

  for (const { name, open } of PORTS) {
    it(`load a page and 50 MB through ${name}`, { timeout: PATIENCE }, async () => {
      const { handle, port } = await open(nginx.port);
      await expectBothFiles(`http://${HOST}:${port}`, []);
      const { bytesSent, bytesReceived } = handle.stats;
      expect(Math.max(bytesSent, bytesReceived)).toBeGreaterThan(LARGE);
      await handle.close();
      await handle.closed;
    });
  }

  for (const proxy of ['--socks5-hostname', '--socks5', '--socks4a', '--socks4'] as const) {
    it(`load a page and 50 MB through a dynamic forward with ${proxy}`, { timeout: PATIENCE }, async () => {
      const handle = await connection.forwardDynamic({ localPort: 0 });
      const named = proxy === '--socks5-hostname' || proxy === '--socks4a';
      const base = `http://${named ? 'localhost' : HOST}:${nginx.port}`;
      await expectBothFiles(base, [proxy, `${HOST}:${handle.localPort}`]);
      await handle.close();
      await handle.closed;
    });
  }

  it('load a page and 50 MB through a dynamic forward of the server', { timeout: PATIENCE }, async () => {
    const handle = await connection.forwardRemoteDynamic({ remotePort: 0 });
    const proxy = `${HOST}:${handle.remotePort}`;
    await expectBothFiles(`http://localhost:${nginx.port}`, ['--socks5-hostname', proxy]);
    await handle.close();
    await handle.closed;
  });

  it('load a page and 50 MB through forwards of Unix sockets, either way', {
    timeout: PATIENCE,
  }, async () => {
    const localPath = join(scratch.path, 'local');
    const local = await connection.forwardLocalPath({ localPath, remotePath: nginx.path });
    await expectBothFiles('http://localhost', ['--unix-socket', localPath]);
    const remotePath = join(scratch.path, 'remote');
    const remote = await connection.forwardRemotePath({ remotePath, localPath: nginx.path });
    await expectBothFiles('http://localhost', ['--unix-socket', remotePath]);
    for (const handle of [local, remote]) {
      await handle.close();
      await handle.closed;
    }
  });

  it('load 40 pages at once through a local forward', { timeout: PATIENCE }, async () => {
    const handle = await connection.forwardLocal(0, HOST, nginx.port);
    const url = `http://${HOST}:${handle.localPort}/page.html?[1-40]`;
    const pages = await runOk('curl', ['-sS', '--fail', '-Z', '--parallel-max', '40', url]);
    expect(pages.stdout).toBe(PAGE.repeat(40));
    await handle.close();
  });
});

const ncObstacle = findProgram('nc') === undefined ? 'no nc is here' : undefined;

describe.skipIf(!here('nc', ncObstacle))('nc', () => {
  let target: TcpTarget;
  beforeAll(async () => {
    // Says nothing before everything is here.
    target = await startTcpTarget((socket) => {
      const hash = createHash('sha256');
      socket.on('data', (chunk) => hash.update(chunk));
      socket.on('end', () => socket.end(hash.digest('hex')));
    });
  });
  afterAll(() => target?.stop());

  for (const { name, open } of PORTS) {
    it(`ends its side first and still gets the answer through ${name}`, async () => {
      const { handle, port } = await open(target.port);
      const question = randomBytes(3_000_000);
      const { stdout } = await runOk('nc', ['-N', HOST, `${port}`], { stdin: question });
      expect(stdout).toBe(sha256(question));
      await handle.close();
      await handle.closed;
    });
  }
});

describe.skipIf(!here('redis', redisObstacle()))('redis-cli and redis-benchmark', () => {
  let redis: Service;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  for (const { name, open } of PORTS) {
    it(`set, get and send pipelined commands through ${name}`, { timeout: PATIENCE }, async () => {
      const { handle, port } = await open(redis.port);
      const cli = async (...words: string[]): Promise<string> =>
        (await runOk('redis-cli', ['-p', `${port}`, ...words])).stdout.trim();
      expect(await cli('SET', 'way', name)).toBe('OK');
      expect(await cli('GET', 'way')).toBe(name);
      const load = ['-p', `${port}`, '-q', '-n', '4000', '-P', '16', '-c', '20', '-d', '100'];
      const { stdout } = await runOk('redis-benchmark', [...load, '-t', 'set,get,incr']);
      expect(stdout).toMatch(/SET: [\d.]+ requests per second/);
      expect(stdout).toMatch(/GET: [\d.]+ requests per second/);
      // Every one of them arrived.
      expect(await cli('GET', 'counter:__rand_int__')).toBe('4000');
      await cli('DEL', 'counter:__rand_int__');
      await handle.close();
      await handle.closed;
      expect(handle.stats).toMatchObject({ active: 0, failed: 0 });
    });
  }
});

describe.skipIf(!here('PostgreSQL', postgresObstacle()))('psql', () => {
  let postgres: Service;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());

  async function expectAnswers(host: string, port: number): Promise<void> {
    const ask = async (sql: string): Promise<string> =>
      (await runOk('psql', ['-h', host, '-p', `${port}`, '-U', POSTGRES_USER, '-Atc', sql])).stdout;
    expect(await ask('select 6 * 7')).toBe('42\n');
    const rows = await ask('select n, md5(n::text) from generate_series(1, 20000) n');
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i + 1}|${md5(`${i + 1}`)}\n`);
    expect(rows).toBe(lines.join(''));
  }

  for (const { name, open } of PORTS) {
    it(`selects through ${name}`, { timeout: PATIENCE }, async () => {
      const { handle, port } = await open(postgres.port);
      await expectAnswers(HOST, port);
      await handle.close();
      await handle.closed;
    });
  }

  it('selects through a forward of its Unix socket', { timeout: PATIENCE }, async () => {
    // psql knows the folder and the port; the name of the socket follows from them.
    const localPath = join(scratch.path, '.s.PGSQL.5432');
    const handle = await connection.forwardLocalPath({ localPath, remotePath: postgres.path });
    await expectAnswers(scratch.path, 5432);
    await handle.close();
    await handle.closed;
  });
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
