import { FakeClock } from '@nbs-ssh/testing';
import type { SshError } from '@nbs-ssh/transport/wire';
import { assert } from 'vitest';
import { type ConnectionOptions, type ServerConnection, SSHServer } from '../src/index.ts';
import { clockOf, openSession, pipe, RawClient, serverChannel, turn } from './raw-client.ts';

export interface Pair extends AsyncDisposable {
  readonly client: RawClient;
  readonly connection: ServerConnection;
  readonly clock: FakeClock;
  readonly errors: SshError[];
  readonly calls: string[];
}

/** A client and a server in memory, with time that stands still. */
export function connect(options: Partial<ConnectionOptions> = {}): Pair {
  const clock = new FakeClock(1000);
  const errors: SshError[] = [];
  const calls: string[] = [];
  const [ours, theirs] = pipe();
  const connection = SSHServer.accept(theirs, {
    auth: {
      password: ({ username, matches }) => {
        calls.push(`password ${username}`);
        return username === 'u' && matches('p');
      },
    },
    exec: () => {
      calls.push('exec');
      return 0;
    },
    clock: clockOf(clock),
    onError: (error) => errors.push(error),
    ...options,
  });
  const client = new RawClient(ours);
  return {
    client,
    connection,
    clock,
    errors,
    calls,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      const closed = connection.close();
      await turn();
      await clock.advanceAsync(10_000);
      await closed;
    },
  };
}

export async function loggedIn(options: Partial<ConnectionOptions> = {}): Promise<Pair> {
  const pair = connect(options);
  assert.equal(await pair.client.login('u', 'p'), 52);
  return pair;
}

export async function session(pair: Pair, id = 0): Promise<number> {
  pair.client.send(openSession(id));
  return serverChannel(await pair.client.next(91, 92));
}

export async function reply(pair: Pair, request: Uint8Array): Promise<boolean> {
  pair.client.send(request);
  return (await pair.client.next(99, 100))[0] === 99;
}
