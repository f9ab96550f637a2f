import { FakeClock } from '@nbs-ssh/testing';
import { EMPTY, type SshError, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import {
  type ConnectionOptions,
  type ServerConnection,
  type ServerSession,
  SSHServer,
} from '../src/index.ts';
import {
  channelRequest,
  clockOf,
  globalRequest,
  openSession,
  passwordRequest,
  pipe,
  RawClient,
  serverChannel,
  serviceRequest,
  turn,
} from './raw-client.ts';

interface Pair extends AsyncDisposable {
  readonly client: RawClient;
  readonly connection: ServerConnection;
  readonly clock: FakeClock;
  readonly errors: SshError[];
  readonly calls: string[];
}

/** A client and a server in memory, with time that stands still. */
function connect(options: Partial<ConnectionOptions> = {}): Pair {
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

async function loggedIn(options: Partial<ConnectionOptions> = {}): Promise<Pair> {
  const pair = connect(options);
  assert.equal(await pair.client.login('u', 'p'), 52);
  return pair;
}

async function session(pair: Pair, id = 0): Promise<number> {
  pair.client.send(openSession(id));
  return serverChannel(await pair.client.next(91, 92));
}

async function reply(pair: Pair, request: Uint8Array): Promise<boolean> {
  pair.client.send(request);
  return (await pair.client.next(99, 100))[0] === 99;
}

describe('a client that breaks the rules', () => {
  it('T116 gets reason 2 for channels before its login, and no handler runs', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'), openSession(0), channelRequest(0, 'exec', 'x'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 2);
    assert.deepEqual(pair.calls, []);
  });

  it('T116 is disconnected for a channel in the clear, before any key exchange', async () => {
    const clock = new FakeClock();
    const [ours, theirs] = pipe();
    const errors: SshError[] = [];
    const connection = SSHServer.accept(theirs, {
      auth: { password: () => true },
      exec: () => assert.fail('no handler may run'),
      clock: clockOf(clock),
      onError: (error) => errors.push(error),
    });
    const payload = openSession(0);
    const padding = 4 + ((8 - ((payload.length + 9) % 8)) % 8);
    const head = new WireWriter()
      .u32(1 + payload.length + padding)
      .u8(padding)
      .finish();
    const writer = ours.writable.getWriter();
    const reader = ours.readable.getReader();
    const chunks: Uint8Array[] = [];
    const read = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        if (value !== undefined) chunks.push(value);
      }
    })();
    await writer.write(
      Uint8Array.from([...utf8('SSH-2.0-x\r\n'), ...head, ...payload, ...new Uint8Array(padding)]),
    );
    await writer.close();
    await read;
    await connection.closed;
    assert.deepEqual(
      errors.map((error) => error.code),
      ['TRANSPORT_MESSAGE_UNEXPECTED'],
    );
    // The last packet: SSH_MSG_DISCONNECT with reason 2 behind length and padding length.
    assert.deepEqual([...(chunks.at(-1) ?? [])].slice(-64).join().includes('1,0,0,0,2,'), true);
  });

  for (const number of [6, 31, 51, 52, 53, 60]) {
    it(`T117 gets reason 2 for message ${number}, which only servers send`, async () => {
      await using pair = connect();
      await pair.client.ready();
      pair.client.send(serviceRequest('ssh-userauth'));
      await pair.client.next(6);
      pair.client.send(Uint8Array.of(number, 0, 0, 0, 0));
      await pair.client.ended();
      assert.equal(pair.client.reason, 2);
      assert.deepEqual(pair.calls, []);
    });
  }

  it('T119 gets reason 7 when it asks for ssh-connection before its login', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-connection'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 7);
  });

  it('T119 gets reason 2 when it logs in without asking for the service', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(passwordRequest('u', 'p'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 2);
    assert.deepEqual(pair.calls, []);
  });

  it('T120 gets reason 7 when it logs in for another service', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    pair.client.send(passwordRequest('u', 'p', 'telnet'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 7);
    assert.deepEqual(pair.calls, []);
  });

  it('T134 is refused with user names that could mean something to a path, without a handler being asked', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    for (const name of ['../x', 'a/b', '%u', 'a\0b', '']) {
      pair.client.send(passwordRequest(name, 'p'));
      assert.equal((await pair.client.next(51, 52))[0], 51, JSON.stringify(name));
    }
    assert.deepEqual(pair.calls, []);
  });
});

describe('authentication handlers', () => {
  it('T126 a server without any does not start', () => {
    const [, theirs] = pipe();
    assert.throws(() => SSHServer.accept(theirs, { auth: {} }), RangeError);
  });

  it('T126 nor does one whose way in has no handler', () => {
    const [, theirs] = pipe();
    const auth = { password: () => true, required: [['publickey'] as const] };
    assert.throws(() => SSHServer.accept(theirs, { auth }), RangeError);
  });

  const wrong: readonly [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['returns 1', () => 1],
    ['returns "true"', () => 'true'],
    ['returns an object', () => ({ partial: ['password'] })],
    ['returns a promise of 1', () => Promise.resolve(1)],
    ['returns nothing', () => undefined],
  ];
  for (const [what, password] of wrong) {
    it(`T127 one that ${what} is a refusal`, async () => {
      await using pair = connect({ auth: { password: password as () => boolean } });
      assert.equal(await pair.client.login('u', 'p'), 51);
    });
  }

  it('T127 one that hangs is a refusal after its time, and its late answer counts for nothing', async () => {
    let answer = (_: boolean): void => {};
    await using pair = connect({
      auth: {
        password: () =>
          new Promise((resolve) => {
            answer = resolve;
          }),
      },
      limits: { authHandlerSec: 5 },
    });
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    pair.client.send(passwordRequest('u', 'p'));
    for (let i = 0; i < 5; i += 1) await turn();
    assert.lengthOf(pair.client.received, 0);
    await pair.clock.advanceAsync(5001);
    assert.equal((await pair.client.next(51, 52))[0], 51);
    answer(true);
    for (let i = 0; i < 5; i += 1) await turn();
    assert.isUndefined(pair.connection.username);
    assert.deepEqual(
      pair.errors.map((error) => error.code),
      ['SERVER_HANDLER_TIMEOUT'],
    );
  });

  it('T129 six refusals are allowed, then the client is sent away with reason 14', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    for (let i = 0; i < 6; i += 1) {
      pair.client.send(passwordRequest('u', 'wrong'));
      assert.equal((await pair.client.next(51, 52))[0], 51);
    }
    pair.client.send(passwordRequest('u', 'p'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 14);
    assert.lengthOf(pair.calls, 6);
  });

  it('T129 a client that does not log in within the grace time is sent away with reason 14', async () => {
    await using pair = connect();
    await pair.client.ready();
    await pair.clock.advanceAsync(29_000);
    assert.isUndefined(pair.client.error);
    await pair.clock.advanceAsync(1001);
    await pair.client.ended();
    assert.equal(pair.client.reason, 14);
  });

  it('the grace time ends with the login', async () => {
    await using pair = await loggedIn();
    await pair.clock.advanceAsync(60_000);
    assert.isUndefined(pair.client.error);
    assert.equal(pair.connection.phase, 'open');
  });

  it('both steps are asked for when the way in has two', async () => {
    await using pair = connect({
      auth: {
        password: ({ matches }) => matches('p'),
        keyboardInteractive: async (_, prompt) => {
          const [code] = await prompt([{ text: 'Code: ', echo: true }]);
          return code?.reveal() === '123';
        },
        required: [['password', 'keyboard-interactive']],
      },
    });
    assert.equal(await pair.client.login('u', 'p'), 51);
    assert.isUndefined(pair.connection.username);
    const fields = new WireWriter().u8(50).text('u').text('ssh-connection').text('keyboard-interactive');
    pair.client.send(fields.text('').text('').finish());
    await pair.client.next(60);
    pair.client.send(new WireWriter().u8(61).u32(1).text('123').finish());
    assert.equal((await pair.client.next(51, 52))[0], 52);
    assert.equal(pair.connection.username, 'u');
  });

  it('a dialog that the client abandons ends its handler and not the server', async () => {
    const outcomes: string[] = [];
    await using pair = connect({
      auth: {
        password: ({ matches }) => matches('p'),
        keyboardInteractive: async (_, prompt) => {
          try {
            await prompt([{ text: 'Code: ', echo: true }]);
          } catch (error) {
            outcomes.push((error as SshError).code);
          }
          return true;
        },
      },
    });
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    const fields = new WireWriter().u8(50).text('u').text('ssh-connection').text('keyboard-interactive');
    pair.client.send(fields.text('').text('').finish());
    await pair.client.next(60);
    pair.client.send(passwordRequest('u', 'wrong'));
    assert.equal((await pair.client.next(51, 52))[0], 51);
    assert.deepEqual(outcomes, ['SERVER_SESSION_ENDED']);
    assert.isUndefined(pair.connection.username);
  });
});

describe('channels of a client that has logged in', () => {
  it('T129 at most ten sessions are open at one time, and a closed one makes room', async () => {
    await using pair = await loggedIn({ exec: () => new Promise(() => {}) });
    const first = await session(pair, 0);
    for (let id = 1; id < 10; id += 1) await session(pair, id);
    pair.client.send(openSession(10));
    const refused = await pair.client.next(91, 92);
    const reader = new WireReader(refused);
    assert.deepEqual([reader.u8('number'), reader.u32('recipient'), reader.u32('reason')], [92, 10, 4]);
    pair.client.send(new WireWriter().u8(97).u32(first).finish());
    await pair.client.next(97);
    await session(pair, 11);
    assert.equal(pair.connection.sessions, 10);
  });

  it('T151 a second command, and a terminal or variable after the first, are refused', async () => {
    await using pair = await loggedIn({
      exec: () => new Promise(() => {}),
      allowPty: true,
      acceptEnv: ['A'],
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'env', 'A', 'b')));
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'one')));
    assert.isFalse(await reply(pair, channelRequest(channel, 'exec', 'two')));
    assert.isFalse(await reply(pair, channelRequest(channel, 'shell')));
    assert.isFalse(await reply(pair, channelRequest(channel, 'env', 'A', 'c')));
    const pty = new WireWriter().u8(98).u32(channel).text('pty-req').bool(true).text('xterm');
    assert.isFalse(await reply(pair, pty.u32(80).u32(24).u32(0).u32(0).string(EMPTY).finish()));
  });

  it('T152 variables that change how programs load are refused by default', async () => {
    await using pair = await loggedIn();
    const channel = await session(pair);
    for (const name of ['LD_PRELOAD', 'NODE_OPTIONS', 'BASH_ENV', 'GODEBUG', 'PATH']) {
      assert.isFalse(await reply(pair, channelRequest(channel, 'env', name, 'x')), name);
    }
  });

  it('T153 a command reaches the handler byte for byte', async () => {
    let seen: ServerSession | undefined;
    await using pair = await loggedIn({
      exec: (session) => {
        seen = session;
        return 0;
      },
    });
    const channel = await session(pair);
    const bytes = Uint8Array.of(0x61, 0, 0xff, 0xfe, 0x0a);
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', bytes)));
    await pair.client.next(97);
    assert.deepEqual(seen?.commandBytes, bytes);
    assert.isUndefined(seen?.command);
  });

  it('T155 forwarding, agent, X11, subsystems and shells are refused when nobody asked for them', async () => {
    await using pair = await loggedIn();
    for (const name of ['tcpip-forward', 'streamlocal-forward@openssh.com', 'keepalive@openssh.com', 'x']) {
      pair.client.send(globalRequest(name));
      assert.equal((await pair.client.next(81, 82))[0], 82, name);
    }
    for (const type of ['direct-tcpip', 'direct-streamlocal@openssh.com', 'x11', 'auth-agent@openssh.com']) {
      pair.client.send(openSession(0, type));
      assert.equal((await pair.client.next(91, 92))[0], 92, type);
    }
    const channel = await session(pair);
    for (const name of ['auth-agent-req@openssh.com', 'x11-req', 'shell', 'xon-xoff', 'x']) {
      assert.isFalse(await reply(pair, channelRequest(channel, name)), name);
    }
    assert.isFalse(await reply(pair, channelRequest(channel, 'subsystem', 'sftp')));
  });

  it('T155 no more sessions are opened once the client has said so', async () => {
    await using pair = await loggedIn();
    await session(pair, 0);
    pair.client.send(globalRequest('no-more-sessions@openssh.com'));
    assert.equal((await pair.client.next(81, 82))[0], 81);
    pair.client.send(openSession(1));
    assert.equal((await pair.client.next(91, 92))[0], 92);
  });

  it('a ping is answered', async () => {
    await using pair = await loggedIn();
    pair.client.send(new WireWriter().u8(192).text('hello').finish());
    pair.client.send(globalRequest('keepalive@openssh.com'));
    await pair.client.next(82);
    assert.deepEqual(pair.client.packets.slice(-2), [193, 82]);
  });

  it('T158 a client that reads nothing stops the handler that writes', async () => {
    let written = 0;
    await using pair = await loggedIn({
      exec: async ({ stdout }) => {
        for (;;) {
          await stdout.write(new Uint8Array(65_536));
          written += 65_536;
        }
      },
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    for (let i = 0; i < 200; i += 1) await turn();
    // The client's window of 1 MB and one high-water mark of 1 MiB, and a little.
    assert.isBelow(written, 2_200_000);
    assert.isAbove(written, 1_000_000);
  });

  it('what a handler leaves unread stops the client at one window', async () => {
    let release = (): void => {};
    await using pair = await loggedIn({
      exec: async ({ stdin }) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        let length = 0;
        for await (const bytes of stdin) length += bytes.length;
        return length === 2_097_152 ? 7 : 8;
      },
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    const data = new WireWriter().u8(94).u32(channel).string(new Uint8Array(32_768)).finish();
    for (let i = 0; i < 64; i += 1) pair.client.send(data);
    for (let i = 0; i < 100; i += 1) await turn();
    assert.isFalse(pair.client.received.some((payload) => payload[0] === 93));
    pair.client.send(new WireWriter().u8(96).u32(channel).finish());
    await turn();
    release();
    const status = await pair.client.next(98);
    assert.equal(status.at(-1), 7);
  });

  it('a handler learns that its channel is gone, and its writes fail without harm', async () => {
    const seen: string[] = [];
    await using pair = await loggedIn({
      exec: async ({ signal, stdout, stdin }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        void stdout.write('nobody waits for this');
        seen.push(
          await stdout.write('x').then(
            () => 'written',
            (error: SshError) => error.code,
          ),
        );
        try {
          for await (const _ of stdin) seen.push('data');
        } catch (error) {
          seen.push((error as SshError).code);
        }
        throw new Error('a consequence, not a failure');
      },
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    pair.client.send(new WireWriter().u8(97).u32(channel).finish());
    await pair.client.next(97);
    for (let i = 0; i < 5; i += 1) await turn();
    assert.deepEqual(seen, ['SERVER_SESSION_ENDED', 'SERVER_SESSION_ENDED']);
    assert.deepEqual(pair.errors, []);
  });

  for (const [what, value] of [
    ['-1', -1],
    ['2^32', 2 ** 32],
    ['NaN', Number.NaN],
    ['a text', '3'],
  ] as const) {
    it(`a handler that returns ${what} ends with 1 and is reported`, async () => {
      await using pair = await loggedIn({ exec: () => value as number });
      const channel = await session(pair);
      assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
      const status = await pair.client.next(98);
      assert.equal(status.at(-1), 1);
      assert.deepEqual(
        pair.errors.map((error) => error.code),
        ['SERVER_HANDLER_FAILED'],
      );
    });
  }

  it('signals reach the handler, and changes of the terminal too', async () => {
    const seen: string[] = [];
    await using pair = await loggedIn({
      allowPty: true,
      exec: (session) =>
        new Promise((resolve) => {
          session.onResize(({ columns, rows }) => seen.push(`${columns}x${rows} ${session.pty?.columns}`));
          session.onSignal((name) => {
            seen.push(name);
            resolve(0);
          });
        }),
    });
    const channel = await session(pair);
    const pty = new WireWriter().u8(98).u32(channel).text('pty-req').bool(true).text('xterm');
    assert.isTrue(await reply(pair, pty.u32(80).u32(24).u32(0).u32(0).string(EMPTY).finish()));
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    await turn();
    const change = new WireWriter().u8(98).u32(channel).text('window-change').bool(false);
    pair.client.send(change.u32(132).u32(50).u32(0).u32(0).finish());
    pair.client.send(new WireWriter().u8(98).u32(channel).text('signal').bool(false).text('INT').finish());
    await pair.client.next(97);
    assert.deepEqual(seen, ['132x50 132', 'INT']);
  });
});
