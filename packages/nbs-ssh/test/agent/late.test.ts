import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fromSocket, systemClock } from '@nbs-ssh/session/node';
import { scratchDir, watchForLeaks } from '@nbs-ssh/testing';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { createAgent } from 'nbs-ssh';
import { describe, expect, it } from 'vitest';
import { AgentKeys } from '../../src/agent/agent-keys.ts';
import type { AgentEndpoint } from '../../src/agent/endpoint.ts';
import { listenPrivately } from '../../src/agent/listener.ts';

describe('a connection to an agent', () => {
  it('that opens when nobody wants it any more is closed', async () => {
    const leaks = watchForLeaks();
    using dir = scratchDir('late');
    await using listener = await createAgent().listen(join(dir.path, 'agent'));
    const closed = new AbortController();
    const endpoint: AgentEndpoint = {
      connect: async () => {
        const socket = connect(listener.path);
        await Promise.all([once(socket, 'connect'), once(closed.signal, 'abort')]);
        return fromSocket(socket);
      },
    };
    const around = { crypto: nobleProvider, clock: systemClock, emit: () => {} };
    const keys = new AgentKeys({ agent: endpoint }, around);
    const listed = keys.list(undefined, undefined);
    keys.close();
    closed.abort();
    expect(await listed).toMatchObject({ keys: [], unusable: [{ reason: 'closed' }] });
    await listener.close();
    await leaks.assertClean();
  });

  it('that could not be accepted leaves the others alone', async () => {
    using dir = scratchDir('listener');
    const clients: Socket[] = [];
    await using listener = await listenPrivately(join(dir.path, 'agent'), (socket) => {
      clients.push(socket);
      socket.end('here');
    });
    const heard = async (): Promise<string> => {
      let text = '';
      for await (const chunk of connect(listener.path)) text += String(chunk);
      return text;
    };
    expect(await heard()).toBe('here');
    // What Node does when accept(2) fails, as with too many open files.
    const { server } = clients[0] as Socket & { readonly server: NodeJS.EventEmitter };
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    expect(await heard()).toBe('here');
  });
});
