import { once } from 'node:events';
import {
  freePort,
  type Sshd,
  sshdAvailable,
  startSshd,
  startTcpTarget,
  type TcpTarget,
} from '@nbs-ssh/testing';
import { EventCollector, EventType, type SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from '../lab.ts';
import { ask, dial, endOf } from './client.ts';

describe.skipIf(!sshdAvailable())('what is told of forwards', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let target: TcpTarget;
  let eventCollector: EventCollector;
  const told = (): readonly object[] => eventCollector.getByType(EventType.FORWARD).map(({ data }) => data);
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    target = await startTcpTarget((socket) => socket.end('hello'));
    eventCollector = new EventCollector();
    connection = await connectTo(sshd, { eventCollector });
  });
  afterEach(async () => {
    await connection.close();
    await target.stop();
  });

  it('are its beginning, its port, and its end with what went through it', async () => {
    const handle = await connection.forwardLocal(0, '127.0.0.1', target.port);
    expect((await ask(handle.localPort, 'abc')).toString()).toBe('hello');
    await handle.close();
    await handle.closed;
    const ends = {
      forward_type: 'local',
      local_host: 'localhost',
      local_port: 0,
      remote_host: '127.0.0.1',
      remote_port: target.port,
    };
    expect(told()).toEqual([
      { status: 'establishing', ...ends },
      { status: 'established', ...ends, actual_port: handle.localPort },
      { status: 'closed', ...ends, connections: 1, bytes_sent: 3, bytes_received: 5 },
    ]);
  });

  it('is why it was not set up', async () => {
    await rejection(connection.forwardLocal(target.port, '127.0.0.1', 1));
    expect(told()).toMatchObject([
      { status: 'establishing' },
      {
        status: 'failed',
        local_port: target.port,
        error_type: 'ForwardError',
        code: 'FORWARD_LISTEN',
        reason: 'address_in_use',
      },
    ]);
  });

  it('is each connection that failed, and the forward goes on', async () => {
    const handle = await connection.forwardLocal(0, '127.0.0.1', await freePort());
    await endOf(handle.localPort);
    await endOf(handle.localPort);
    expect(told().slice(2)).toMatchObject([
      { status: 'connection_failed', error_type: 'ForwardError', reason: 'connect_failed' },
      { status: 'connection_failed', error_type: 'ForwardError', reason: 'connect_failed' },
    ]);
    expect(handle.isActive).toBe(true);
  });

  it('does not stop a forward when the function that is told throws', async () => {
    let calls = 0;
    const onConnectionError = (): never => {
      calls += 1;
      throw new Error('trouble of the caller');
    };
    const handle = await connection.forwardLocal(0, '127.0.0.1', await freePort(), { onConnectionError });
    await endOf(handle.localPort);
    await endOf(handle.localPort);
    expect(calls).toBe(2);
    target.onSocket = (socket) => socket.end('bye');
    const good = await connection.forwardLocal(0, '127.0.0.1', target.port);
    const socket = await dial(good.localPort);
    socket.end();
    await once(socket, 'data');
  });
});
