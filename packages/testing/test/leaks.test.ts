import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { watchForLeaks } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';

describe('leak check', () => {
  it('passes when everything that was opened is closed again, if only after a moment', async () => {
    const leaks = watchForLeaks();
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    setTimeout(() => server.close(), 20);
    await leaks.assertClean();
  });

  it('names a listener that was left open', async () => {
    const leaks = watchForLeaks();
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await assert.rejects(leaks.assertClean(20), /1 × TCPServerWrap/);
    server.close();
  });

  it('names a timer that was left running', async () => {
    const leaks = watchForLeaks();
    const timer = setTimeout(() => undefined, 60_000);
    await assert.rejects(leaks.assertClean(20), /1 × Timeout/);
    clearTimeout(timer);
  });
});
