import { EMPTY, type SshError, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { type ServerSession, TerminalOpcode } from '../src/index.ts';
import { connect, loggedIn, reply, session } from './pair.ts';
import {
  channelRequest,
  globalRequest,
  openSession,
  passwordRequest,
  serviceRequest,
  turn,
} from './raw-client.ts';

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

  it('T151 a terminal with truncated modes, too many of them or a TERM of 64 KB is refused, and a good one then granted', async () => {
    let seen: ServerSession | undefined;
    await using pair = await loggedIn({
      allowPty: true,
      shell: (session) => {
        seen = session;
        return new Promise(() => {});
      },
    });
    const channel = await session(pair);
    const terminal = (term: string, modes: Uint8Array): Uint8Array =>
      new WireWriter()
        .u8(98)
        .u32(channel)
        .text('pty-req')
        .bool(true)
        .text(term)
        .u32(0)
        .u32(0xffff_ffff)
        .u32(1)
        .u32(2)
        .string(modes)
        .finish();
    assert.isFalse(await reply(pair, terminal('xterm', Uint8Array.of(53, 0, 0, 0))));
    assert.isFalse(await reply(pair, terminal('xterm', new Uint8Array(5 * 200).fill(1))));
    assert.isFalse(await reply(pair, terminal('x'.repeat(65_536), EMPTY)));
    // No TTY_OP_END, an opcode that nobody knows, and one from 160 on, which ends the list.
    const modes = Uint8Array.of(53, 0, 0, 0, 1, 150, 0, 0, 0, 7, 200, 1, 2);
    assert.isTrue(await reply(pair, terminal('xterm', modes)));
    assert.isFalse(await reply(pair, terminal('xterm', modes)));
    assert.isTrue(await reply(pair, channelRequest(channel, 'shell')));
    await turn();
    assert.deepEqual(seen?.pty, {
      term: 'xterm',
      columns: 0,
      rows: 0xffff_ffff,
      widthPixels: 1,
      heightPixels: 2,
      modes: [
        { opcode: TerminalOpcode.ECHO, argument: 1 },
        { opcode: 150, argument: 7 },
      ],
    });
    assert.isFalse(await reply(pair, channelRequest(channel, 'shell')));
    assert.isFalse(await reply(pair, channelRequest(channel, 'subsystem', 'sftp')));
  });

  it('T151 a size, a signal and a break before there is anything to tell them are refused', async () => {
    await using pair = await loggedIn({ exec: () => new Promise(() => {}), allowPty: true });
    const channel = await session(pair);
    const size = new WireWriter().u8(98).u32(channel).text('window-change').bool(true);
    assert.isFalse(await reply(pair, size.u32(0).u32(0).u32(0).u32(0).finish()));
    assert.isFalse(await reply(pair, channelRequest(channel, 'signal', 'INT')));
    assert.isFalse(await reply(pair, breakRequest(channel, 1000)));
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    // It runs, and listens to neither.
    assert.isFalse(await reply(pair, channelRequest(channel, 'signal', 'INT')));
    assert.isFalse(await reply(pair, breakRequest(channel, 1000)));
  });

  it('a break reaches the handler, no shorter than 500 ms and no longer than 3000', async () => {
    const seen: (number | undefined)[] = [];
    await using pair = await loggedIn({
      shell: (session) => {
        session.onBreak((lengthMs) => seen.push(lengthMs));
        return new Promise(() => {});
      },
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'shell')));
    await turn();
    for (const length of [0, 1, 1000, 0xffff_ffff]) {
      assert.isTrue(await reply(pair, breakRequest(channel, length)));
    }
    assert.deepEqual(seen, [undefined, 500, 1000, 3000]);
  });

  it('a subsystem gets the handler of its name, and only names that were given have one', async () => {
    let seen: ServerSession | undefined;
    await using pair = await loggedIn({
      subsystems: {
        one: (session) => {
          seen = session;
          return 5;
        },
      },
    });
    const channel = await session(pair);
    for (const name of ['two', 'toString', '__proto__', '', 'one\0']) {
      assert.isFalse(await reply(pair, channelRequest(channel, 'subsystem', name)), name);
    }
    assert.isTrue(await reply(pair, channelRequest(channel, 'subsystem', 'one')));
    assert.equal((await pair.client.next(98)).at(-1), 5);
    assert.deepEqual([seen?.kind, seen?.subsystem, seen?.command], ['subsystem', 'one', undefined]);
    assert.equal(seen?.commandBytes.length, 0);
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
    for (const name of ['auth-agent-req@openssh.com', 'shell', 'xon-xoff', 'x']) {
      assert.isFalse(await reply(pair, channelRequest(channel, name)), name);
    }
    const x11 = new WireWriter().u8(98).u32(channel).text('x11-req').bool(true).bool(false);
    assert.isFalse(await reply(pair, x11.text('MIT-MAGIC-COOKIE-1').text('00').u32(0).finish()));
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

  it('a client that reads no more makes a handler’s writes fail, and its input still comes', async () => {
    const codes: unknown[] = [];
    let input = 0;
    await using pair = await loggedIn({
      exec: async ({ stdin, stdout }) => {
        try {
          for (;;) await stdout.write(new Uint8Array(65_536));
        } catch (error) {
          codes.push((error as { readonly code?: unknown }).code);
        }
        for await (const bytes of stdin) input += bytes.length;
        await stdout.write('unheard');
      },
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    for (let i = 0; i < 50; i += 1) await turn();
    pair.client.send(new WireWriter().u8(98).u32(channel).text('eow@openssh.com').bool(false).finish());
    pair.client.send(new WireWriter().u8(94).u32(channel).string(new Uint8Array(5)).finish());
    pair.client.send(new WireWriter().u8(96).u32(channel).finish());
    const exit = await pair.client.next(98);
    assert.equal(exit.at(-1), 1);
    assert.deepEqual([codes, input], [['SERVER_OUTPUT_UNREAD'], 5]);
    assert.deepEqual(pair.errors, [], 'a handler that fails at that is no mistake');
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
        return length === 1_048_576 ? 7 : 8;
      },
    });
    const channel = await session(pair);
    assert.isTrue(await reply(pair, channelRequest(channel, 'exec', 'x')));
    const data = new WireWriter().u8(94).u32(channel).string(new Uint8Array(32_768)).finish();
    for (let i = 0; i < 32; i += 1) pair.client.send(data);
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

  it('a key exchange that the answer to its login sets off does not make it a stranger again', async () => {
    // The limit is met by some message of the login; for some value by SSH_MSG_USERAUTH_SUCCESS itself.
    for (let bytes = 40; bytes < 400; bytes += 8) {
      await using pair = connect({ rekey: { bytes } });
      await pair.client.ready();
      pair.client.send(serviceRequest('ssh-userauth'), passwordRequest('u', 'p'), openSession(0));
      assert.equal((await pair.client.next(51, 52))[0], 52);
      assert.equal((await pair.client.next(91, 92))[0], 91, `limit ${bytes}`);
    }
  });
});

const breakRequest = (channel: number, lengthMs: number): Uint8Array =>
  new WireWriter().u8(98).u32(channel).text('break').bool(true).u32(lengthMs).finish();
