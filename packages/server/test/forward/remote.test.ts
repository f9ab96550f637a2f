import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { EventCollector } from '@nbs-ssh/evidence';
import {
  freePort,
  type KeyFile,
  makeKey,
  type OpensshBinaries,
  scratchDir,
  startTcpTarget,
  type TcpTarget,
  watchForLeaks,
} from '@nbs-ssh/testing';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import type { ForwardingOptions, ListenTarget } from '../../src/index.ts';
import { type Fixture, onlyKey, startServer, system } from '../support.ts';
import { answerAtEnd, runForwards, startForwards, talk, talkThroughSocks } from './forward-client.ts';

/** What listens on a port, as the kernel has it: addresses in hexadecimal, in the machine's byte order. */
function listeners(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[3] === '0A' && words[1]?.endsWith(`:${hex}`))
    .map((words) => words[1]?.split(':')[0] ?? '')
    .sort();
}

const LOOPBACK = ['00000000000000000000000001000000', '0100007F'];

describe.skipIf(!system.available)('listening for the OpenSSH client', () => {
  const binaries = (system.available ? system.binaries : undefined) as OpensshBinaries;
  const scratch = scratchDir('remote');
  let key: KeyFile;
  let target: TcpTarget;
  let folders = 0;

  beforeAll(async () => {
    key = await makeKey(binaries, scratch.path, 'id', 'ed25519');
    target = await startTcpTarget(answerAtEnd);
  });
  afterAll(async () => {
    await target.stop();
    scratch.remove();
  });
  const start = (forwarding?: ForwardingOptions, more = {}): Promise<Fixture> =>
    startServer({ ...onlyKey(key.publicLine), ...(forwarding === undefined ? {} : { forwarding }), ...more });
  const folder = (): string => {
    folders += 1;
    const path = join(scratch.path, `f${folders}`);
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  const to = (): string => `127.0.0.1:${target.port}`;
  const forwards = (fixture: Fixture, ...options: string[]) =>
    startForwards(binaries, fixture, key.path, ...options);
  const refusedBy = async (fixture: Fixture, ...options: string[]): Promise<string> => {
    const client = runForwards(binaries, fixture, key.path, '-o', 'ExitOnForwardFailure=yes', ...options);
    assert.equal(await client.ended, 255, client.stderr());
    return client.stderr();
  };

  it('works for ssh -R, on a port that it names and on one that it leaves open', async () => {
    await using fixture = await start({ remote: true });
    const port = await freePort();
    await using client = await forwards(fixture, '-R', `${port}:${to()}`, '-R', `0:${to()}`);
    const [, chosen] = await client.said(/Allocated port (\d+) for remote forward/);
    await client.said(/remote forward success for: listen .*\d+, connect/);
    for (const one of [port, Number(chosen)]) {
      const sent = randomBytes(2_000_000);
      const { received, end } = await talk({ host: '127.0.0.1', port: one }, sent);
      assert.equal(end, 'end');
      assert.isTrue(received.equals(Buffer.concat([Buffer.from('got '), sent])));
    }
    assert.deepEqual(fixture.errors, []);
  });

  it('works for ssh -R without a target, which is a SOCKS proxy', async () => {
    await using fixture = await start({ remote: true });
    const port = await freePort();
    await using client = await forwards(fixture, '-R', String(port));
    await client.said(/remote forward success/);
    const answer = await talkThroughSocks(port, target.port, 'hi');
    assert.equal(answer.received.toString(), 'got hi');
  });

  it('T155 is refused without a policy, and ssh says so', async () => {
    await using fixture = await start({ local: true });
    const port = await freePort();
    const path = join(folder(), 's');
    assert.match(
      await refusedBy(fixture, '-R', `${port}:${to()}`),
      new RegExp(`remote port forwarding failed for listen port ${port}`),
    );
    assert.match(
      await refusedBy(fixture, '-R', `${path}:${to()}`),
      /remote port forwarding failed for listen path/,
    );
    assert.deepEqual(listeners(port), []);
    assert.isFalse(existsSync(path));
  });

  it('T159 binds loopback, whatever is asked for, unless the policy permits other addresses', async () => {
    await using strict = await start({ remote: true });
    const port = await freePort();
    for (const host of ['', 'localhost', '*', '0.0.0.0', '[::]']) {
      await using client = await forwards(strict, '-R', `${host}${host === '' ? '' : ':'}${port}:${to()}`);
      await client.said(/remote forward success/);
      assert.deepEqual(listeners(port), LOOPBACK, host);
      client.child.kill();
      await client.ended;
    }
    assert.match(await refusedBy(strict, '-R', `192.0.2.1:${port}:${to()}`), /remote port forwarding failed/);
    await using open = await start({ remote: true, gatewayPorts: true });
    await using client = await forwards(open, '-R', `*:${port}:${to()}`);
    await client.said(/remote forward success/);
    assert.deepEqual(listeners(port), ['0'.repeat(32)]);
    await using other = await forwards(open, '-R', `127.0.0.1:0:${to()}`);
    const [, chosen] = await other.said(/Allocated port (\d+)/);
    assert.deepEqual(listeners(Number(chosen)), ['0100007F']);
  });

  it('asks the policy for the address and the port', async () => {
    const seen: ListenTarget[] = [];
    const port = await freePort();
    await using fixture = await start({
      gatewayPorts: true,
      remote: (asked) => {
        seen.push(asked);
        return asked.host === 'localhost';
      },
    });
    await using client = await forwards(fixture, '-R', `*:${port}:${to()}`);
    await client.said(/remote forward success/);
    assert.deepEqual(seen, [
      { host: '*', port },
      { host: 'localhost', port },
    ]);
    assert.deepEqual(listeners(port), LOOPBACK);
    await using listed = await start({ remote: [String(port + 1)] });
    assert.match(await refusedBy(listed, '-R', `${port}:${to()}`), /failed for listen port/);
    assert.match(await refusedBy(listed, '-R', `0:${to()}`), /failed for listen port 0/);
  });

  it('is refused where somebody else listens, and where the port is one of the machine', async () => {
    await using fixture = await start({ remote: true });
    assert.match(await refusedBy(fixture, '-R', `${target.port}:${to()}`), /failed for listen port/);
    assert.match(await refusedBy(fixture, '-R', `1023:${to()}`), /failed for listen port/);
  });

  it('works for ssh -R on a Unix socket, which only its owner can use and which goes away', async () => {
    await using fixture = await start({ remotePath: true });
    const dir = folder();
    const path = join(dir, 'socket');
    await using client = await forwards(fixture, '-R', `${path}:${to()}`);
    await client.said(/remote forward success/);
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    assert.equal((await talk({ path }, 'hello')).received.toString(), 'got hello');
    const [connection] = fixture.server.connections;
    client.child.kill();
    await connection?.closed;
    assert.isFalse(existsSync(path));
  });

  it('T169 is refused on a path that exists, is a link, is too long, or where others could replace it', async () => {
    const eventCollector = new EventCollector();
    await using fixture = await start({ remotePath: true }, { eventCollector });
    const dir = folder();
    writeFileSync(join(dir, 'file'), 'precious');
    symlinkSync(join(dir, 'nowhere'), join(dir, 'link'));
    const shared = folder();
    chmodSync(shared, 0o777);
    for (const path of [
      join(dir, 'file'),
      join(dir, 'link'),
      join(shared, 'socket'),
      join(dir, 'missing', 'socket'),
    ]) {
      assert.match(await refusedBy(fixture, '-R', `${path}:${to()}`), /failed for listen path/, path);
    }
    assert.equal(readFileSync(join(dir, 'file'), 'utf8'), 'precious');
    assert.isFalse(existsSync(join(dir, 'nowhere')));
    assert.isFalse(existsSync(join(shared, 'socket')));
  });

  it('gives everything back when the client is killed in the middle, and when the server is closed', async () => {
    const leaks = watchForLeaks();
    const path = join(folder(), 'socket');
    {
      await using fixture = await start({ remote: true, remotePath: true, local: true });
      await using silent = await startTcpTarget((socket) => socket.pause());
      const port = await freePort();
      const local = await freePort();
      for (const how of ['kill', 'close']) {
        await using client = await forwards(
          fixture,
          '-R',
          `${port}:127.0.0.1:${silent.port}`,
          '-R',
          `${path}:127.0.0.1:${silent.port}`,
          '-L',
          `127.0.0.1:${local}:127.0.0.1:${silent.port}`,
        );
        await client.said(/(?:remote forward success[\s\S]*){2}/);
        const busy = [{ host: '127.0.0.1', port }, { path }, { host: '127.0.0.1', port: local }].map(
          (where) => {
            const socket = connect(where);
            socket.on('error', () => {});
            const gone = new Promise((resolve) => socket.once('close', resolve));
            socket.on('connect', () => {
              const more = (): void => {
                while (socket.write(new Uint8Array(65_536))) {
                  // Until nothing goes any more.
                }
              };
              socket.on('drain', more);
              more();
            });
            return gone;
          },
        );
        for (const before = silent.connections; silent.sockets.size < 3; ) {
          assert.isAtLeast(silent.connections, before);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const [connection] = fixture.server.connections;
        if (how === 'kill') client.child.kill('SIGKILL');
        else await fixture.server.close();
        await client.ended;
        await Promise.all(busy);
        await connection?.closed;
        assert.deepEqual(listeners(port), []);
        assert.isFalse(existsSync(path));
        for (const socket of silent.sockets) socket.resume();
      }
    }
    await leaks.assertClean();
  });

  it('carries 200 connections at once, each with its own bytes', { timeout: 60_000 }, async () => {
    await using fixture = await start({ remote: true, local: true });
    const [port, local] = [await freePort(), await freePort()];
    await using client = await forwards(fixture, '-R', `${port}:${to()}`, '-L', `127.0.0.1:${local}:${to()}`);
    await client.said(/remote forward success/);
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    for (const through of [port, local]) {
      const talks = Array.from({ length: 200 }, async () => {
        const sent = randomBytes(100_000);
        const { received } = await talk({ host: '127.0.0.1', port: through }, sent);
        return hash(received) === hash(Buffer.concat([Buffer.from('got '), sent]));
      });
      assert.deepEqual(
        (await Promise.all(talks)).filter((same) => !same),
        [],
      );
    }
    assert.deepEqual(fixture.errors, []);
  });
});
