import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { startSilentPort, watchForLeaks } from '@nbs-ssh/testing';
import { expect, it } from 'vitest';

it('at a silent port a connection is still on its way when a later one to another port is there', async () => {
  const leaks = watchForLeaks();
  const other = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const silent = await startSilentPort();
  const socket = connect(silent.port, '127.0.0.1');
  const later = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  await once(later, 'connect');
  expect(socket.connecting).toBe(true);
  socket.destroy();
  later.destroy();
  other.close();
  await silent[Symbol.asyncDispose]();
  await leaks.assertClean();
});
