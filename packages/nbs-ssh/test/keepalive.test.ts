import type { GlobalRequestId } from '@nbs-ssh/channels';
import {
  FakeClock,
  sshdAvailable,
  startFaultProxy,
  startSshd,
  TINYSSH_VERSIONS,
  tinysshPeer,
} from '@nbs-ssh/testing';
import { ConnectionLost, createKeyAuth, EventCollector, SSHConnection } from 'nbs-ssh';
import { describe, expect, it } from 'vitest';
import { Keepalive } from '../src/connection/keepalive.ts';
import { optionsFor } from './lab.ts';
import { options, ourServer } from './own-server.ts';

/** A watch on a server that does only what the test says. */
function watch(intervalMs: number, maxCount: number) {
  const clock = new FakeClock();
  const events: string[] = [];
  const asked: GlobalRequestId[] = [];
  const keepalive = new Keepalive(
    { intervalMs, maxCount },
    {
      clock: { now: clock.now, after: (ms, run) => clock.schedule(clock.now() + ms, run) },
      ask: () => {
        asked.push((asked.length + 1) as GlobalRequestId);
        return asked.at(-1) as GlobalRequestId;
      },
      emit: (name) => events.push(`${clock.now()} ${name.slice('session.keepalive.'.length)}`),
      dead: (missed) => events.push(`${clock.now()} dead after ${missed}`),
    },
  );
  keepalive.start();
  const answer = (): void => {
    keepalive.alive();
    for (const request of asked) keepalive.answered(request);
  };
  return { clock, events, asked, keepalive, answer };
}

describe('keepalive', () => {
  it('T156 takes a server that never answers for dead after interval × count', () => {
    const { clock, events } = watch(1000, 3);
    clock.advance(100_000);
    expect(events).toEqual(['0 sent', '1000 sent', '2000 sent', '3000 timeout', '3000 dead after 3']);
    expect(clock.pending).toBe(0);
  });

  it('gives a server time to answer also when it may miss one only', () => {
    const { clock, events } = watch(1000, 1);
    clock.advance(999);
    expect(events).toEqual(['0 sent']);
    clock.advance(1);
    expect(events.slice(1)).toEqual(['1000 timeout', '1000 dead after 1']);
  });

  it('counts from the last answer', () => {
    const { clock, events, answer } = watch(1000, 2);
    for (let at = 0; at < 5; at += 1) {
      clock.advance(1000);
      answer();
    }
    events.length = 0;
    clock.advance(10_000);
    expect(events).toEqual(['6000 sent', '7000 sent', '8000 timeout', '8000 dead after 2']);
  });

  it('takes data for a sign of life, and asks a server that never answers no more than it may miss', () => {
    const { clock, events, asked, keepalive } = watch(1000, 3);
    for (let at = 0; at < 100; at += 1) {
      clock.advance(1000);
      keepalive.alive();
    }
    expect(asked).toHaveLength(3);
    expect(events.some((event) => event.includes('dead'))).toBe(false);
    keepalive.stop();
    expect(clock.pending).toBe(0);
  });

  it('T156 T157 takes a failure for an answer, and a connection that was stalled is lost with its name', async () => {
    const server = await ourServer();
    await using proxy = await startFaultProxy({ host: '127.0.0.1', port: server.address.port });
    const eventCollector = new EventCollector();
    const connection = await SSHConnection.connect(
      options(proxy.port, { keepalive: { intervalSec: 0.05, maxCount: 40 }, eventCollector }),
    );
    await arrived(eventCollector, 'KEEPALIVE_RECEIVED', 5);
    expect(connection.isConnected).toBe(true);
    proxy.stall();
    const error = await connection.closed;
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(error).toMatchObject({ code: 'KEEPALIVE_TIMEOUT', retryable: true, phase: 'open' });
    const [timeout] = eventCollector.getByType('KEEPALIVE_TIMEOUT');
    expect(timeout?.data).toEqual({ missed: 40 });
    await server.close();
  });

  it('stops with its connection', async () => {
    const server = await ourServer();
    const eventCollector = new EventCollector();
    const connection = await SSHConnection.connect(
      options(server.address.port, { keepalive: { intervalSec: 0.01, maxCount: 500 }, eventCollector }),
    );
    await arrived(eventCollector, 'KEEPALIVE_RECEIVED', 2);
    await connection.close();
    const { length } = eventCollector.events;
    await connection.closed;
    expect(eventCollector.events).toHaveLength(length);
    await server.close();
  });

  it.skipIf(!sshdAvailable())(
    'is answered by OpenSSH, also while a command floods the connection',
    async () => {
      await using sshd = await startSshd();
      const eventCollector = new EventCollector({ capacity: 10_000 });
      await using connection = await SSHConnection.connect(
        optionsFor(sshd, { keepalive: { intervalSec: 0.05, maxCount: 200 }, eventCollector }),
      );
      const { stdout } = await connection.exec('head -c 20000000 /dev/zero', { encoding: 'bytes' });
      expect(stdout).toHaveLength(20_000_000);
      await arrived(eventCollector, 'KEEPALIVE_RECEIVED', 3);
      expect(eventCollector.getByType('KEEPALIVE_TIMEOUT')).toEqual([]);
    },
  );

  for (const version of TINYSSH_VERSIONS) {
    const peer = tinysshPeer(version);
    const reason = peer.available ? '' : `: ${peer.reason}`;
    it.skipIf(!peer.available)(
      `is answered by tinyssh ${version}, which knows no global request, also after new keys${reason}`,
      async () => {
        if (!peer.available) return;
        await using server = await peer.start();
        const { host, port, username, knownHosts, clientKey = '' } = server;
        const eventCollector = new EventCollector();
        await using connection = await SSHConnection.connect({
          host,
          port,
          username,
          knownHosts,
          auth: createKeyAuth(clientKey),
          keepalive: { intervalSec: 0.05, maxCount: 40 },
          eventCollector,
        });
        await Promise.all(Array.from({ length: 50 }, () => connection.ping()));
        await connection.rekey();
        expect(await connection.ping()).toBeGreaterThanOrEqual(0);
        await arrived(eventCollector, 'KEEPALIVE_RECEIVED', 5);
        expect(eventCollector.getByType('KEEPALIVE_TIMEOUT')).toEqual([]);
        expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
      },
    );
  }
});

/** Resolves when `count` events of a type were recorded. */
function arrived(collector: EventCollector, type: 'KEEPALIVE_RECEIVED', count: number): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (collector.getByType(type).length >= count) resolve();
    };
    collector.on(check);
    check();
  });
}
