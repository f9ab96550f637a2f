import {
  identificationScript,
  type LeakCheck,
  silentScript,
  startHostileServer,
  watchForLeaks,
} from '@nbs-ssh/testing';
import {
  ConnectionClosed,
  createPasswordAuth,
  SSHConnection,
  type SSHConnectionOptions,
  type SSHError,
} from 'nbs-ssh';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from './lab.ts';
import { options, ourServer } from './own-server.ts';

/** Nothing that was given up may be left when its test is over. */
let leaks: LeakCheck;
beforeEach(() => {
  leaks = watchForLeaks();
});
afterEach(() => leaks.assertClean());

/** A way to be stuck in each phase for as long as nobody acts. */
const STUCK: Readonly<Record<string, () => Promise<Stuck>>> = {
  tcp: async () => ({
    given: options(22, { stream: () => new Promise(() => {}) }),
    reached: Promise.resolve(),
  }),
  identification: async () => {
    const server = await startHostileServer(silentScript);
    return { given: options(server.port), reached: undefined, stop: server.stop };
  },
  kex: async () => {
    const server = await startHostileServer(identificationScript('SSH-2.0-x'));
    return { given: options(server.port), reached: undefined, stop: server.stop };
  },
  'host-key': async () => {
    const server = await ourServer();
    const { reached, wait } = stuck<boolean>();
    const given = options(server.address.port, { hostKeyPolicy: 'ask', onUnknownHostKey: wait });
    return { given, reached, stop: () => server.close() };
  },
  auth: async () => {
    const server = await ourServer();
    const { reached, wait } = stuck<string>();
    const given = options(server.address.port, { auth: createPasswordAuth(wait) });
    return { given, reached, stop: () => server.close() };
  },
};

interface Stuck {
  readonly given: SSHConnectionOptions;
  /** Resolves when the phase is reached; `undefined`: soon. */
  readonly reached: Promise<void> | undefined;
  readonly stop?: () => Promise<void>;
}

/** A callback that tells that it was called and never answers. */
function stuck<T>(): { readonly reached: Promise<void>; readonly wait: () => Promise<T> } {
  let called = (): void => {};
  const reached = new Promise<void>((resolve) => {
    called = resolve;
  });
  return {
    reached,
    wait: () => {
      called();
      return new Promise<T>(() => {});
    },
  };
}

describe('giving up', () => {
  for (const [phase, prepare] of Object.entries(STUCK)) {
    it(`rejects promptly with the signal's reason in phase ${phase}`, async () => {
      const { given, reached, stop } = await prepare();
      const abort = new AbortController();
      const connection = new SSHConnection({ ...given, signal: abort.signal });
      const attempt = rejection(connection.connect());
      await (reached ?? phaseOf(connection, phase));
      const reason = new Error('changed my mind');
      abort.abort(reason);
      // In the same turn of the event loop: whatever has to be said or closed is not waited for.
      const turn = new Promise((resolve) => setImmediate(() => resolve('a turn later')));
      expect(await Promise.race([attempt, turn])).toBe(reason);
      expect(await connection.closed).toMatchObject({ code: 'CONNECT_ABORTED', phase });
      expect(connection.getEvidenceBundle().disconnectReason).toBeTruthy();
      await connection.close();
      await stop?.();
    });

    it(`rejects with ConnectionClosed when close() is called in phase ${phase}`, async () => {
      const { given, reached, stop } = await prepare();
      const connection = new SSHConnection(given);
      const attempt = rejection(connection.connect());
      await (reached ?? phaseOf(connection, phase));
      await connection.close();
      const error = await attempt;
      expect(error).toBeInstanceOf(ConnectionClosed);
      expect(error).toMatchObject({ code: 'CONNECT_CLOSED', fault: 'caller', phase });
      expect((error as SSHError).evidence).toBeDefined();
      await stop?.();
    });
  }

  it('opens nothing when the signal was aborted before', async () => {
    await using server = await startHostileServer(silentScript);
    const reason = new Error('never mind');
    const attempt = SSHConnection.connect(options(server.port, { signal: AbortSignal.abort(reason) }));
    expect(await rejection(attempt)).toBe(reason);
    expect(server.connections).toBe(0);
  });

  it('closes an open connection when the signal aborts later', async () => {
    await using server = await ourServer();
    const abort = new AbortController();
    const connection = await SSHConnection.connect(options(server.address.port, { signal: abort.signal }));
    abort.abort();
    expect(await connection.closed).toMatchObject({ code: 'CONNECT_ABORTED' });
    await connection.close();
  });
});

describe('connect() and close()', () => {
  it('can connect once', async () => {
    await using server = await ourServer();
    await using connection = new SSHConnection(options(server.address.port));
    const first = connection.connect();
    expect(await rejection(connection.connect())).toMatchObject({ code: 'CONNECT_CLOSED', fault: 'caller' });
    await first;
    expect(await rejection(connection.connect())).toBeInstanceOf(ConnectionClosed);
    expect(connection.isConnected).toBe(true);
  });

  it('takes close() in every state and any number of times', async () => {
    await using server = await ourServer();
    const connection = new SSHConnection(options(server.address.port));
    await connection.close();
    await connection.close();
    expect(await rejection(connection.connect())).toBeInstanceOf(ConnectionClosed);
    const other = await SSHConnection.connect(options(server.address.port));
    await Promise.all([other.close(), other.close()]);
    await other.close();
    expect(await other.closed).toBeUndefined();
  });
});

/** Waits for a phase that shows in nothing but the phase itself. */
async function phaseOf(connection: SSHConnection, phase: string): Promise<void> {
  const reached = (): boolean => {
    const events = connection.getEvidenceBundle();
    if (phase === 'identification') return events.events.some(({ data }) => 'address' in data);
    return events.hostInfo['peer_version'] !== undefined;
  };
  while (!reached()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
