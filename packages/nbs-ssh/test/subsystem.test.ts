import { randomBytes } from 'node:crypto';
import type { SessionHandler } from '@nbs-ssh/server';
import { agentPrograms, type Sshd, sshdAvailable, startSshd, watchForLeaks } from '@nbs-ssh/testing';
import {
  type ByteDuplex,
  ChannelError,
  ConnectionClosed,
  ConnectionLost,
  createAgent,
  generateKey,
  SSHConnection,
  type Subsystem,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from './lab.ts';
import { options, ourServer } from './own-server.ts';

const MEGABYTE = 1_048_576;
/** SSH_FXP_INIT of version 3: length, type 1, version. */
const SFTP_INIT = Uint8Array.of(0, 0, 0, 5, 1, 0, 0, 0, 3);

describe.skipIf(!sshdAvailable())('a subsystem of a real OpenSSH server', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let leaks: ReturnType<typeof watchForLeaks>;
  beforeAll(async () => {
    sshd = await startSshd({
      config: [
        'Subsystem echo cat; echo "over $NBS_WORD"; exit 6',
        'Subsystem keys ssh-add -l',
        'Subsystem killed kill -9 $$',
      ],
    });
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    leaks = watchForLeaks();
    connection = await connectTo(sshd, { limits: { channelWindowBytes: 262_144 } });
  });
  afterEach(async () => {
    await connection.close();
    await leaks.assertClean();
  });

  it('speaks SFTP: INIT is answered with VERSION 3', async () => {
    const sftp = await connection.subsystem('sftp');
    const reader = sftp.readable.getReader();
    const writer = sftp.writable.getWriter();
    await writer.write(SFTP_INIT);
    const { value = new Uint8Array(0) } = await reader.read();
    expect([...value.subarray(4, 9)]).toEqual([2, 0, 0, 0, 3]);
    await writer.close();
    expect((await reader.read()).done).toBe(true);
    expect(await sftp.done).toMatchObject({ exitCode: 0, signal: null });
  });

  it('is a ChannelError where the server does not have it, and the connection goes on', async () => {
    const error = await rejection(connection.subsystem('no such\u001b[31m'));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ code: 'CHANNEL_SUBSYSTEM_REFUSED', context: { reason: 'subsystem' } });
    expect((error as ChannelError).evidence).toBeDefined();
    expect(await rejection(connection.subsystem(5 as never))).toBeInstanceOf(TypeError);
    const long = await rejection(connection.subsystem('x'.repeat(300_000)));
    expect(long).toMatchObject({ errorType: 'ChannelError', code: 'CHANNELS_ARGUMENT' });
    expect((await connection.exec('echo on')).stdout).toBe('on\n');
  });

  it('carries 8 MiB each way, then the end of each direction by itself, and the exit', async () => {
    const echo = await connection.subsystem('echo', { env: { NBS_WORD: 'and out' } });
    const sent = randomBytes(8 * MEGABYTE);
    const [, received] = await Promise.all([writeAll(echo, sent), readAll(echo)]);
    expect(received.subarray(0, sent.length).equals(sent)).toBe(true);
    expect(received.subarray(sent.length).toString()).toBe('over and out\n');
    expect(await echo.done).toMatchObject({ exitCode: 6, signal: null });
  });

  it('tells the signal that ended it', async () => {
    const killed = await connection.subsystem('killed');
    expect(await killed.done).toMatchObject({ exitCode: null, signal: 'KILL' });
  });

  it('is given up by close, by await using and by an abort', async () => {
    const abort = new AbortController();
    const closed = await connection.subsystem('sftp');
    await closed.close();
    expect(await closed.done).toMatchObject({ exitCode: null });
    const aborted = await connection.subsystem('sftp', { signal: abort.signal });
    const asking = connection.subsystem('sftp', { signal: abort.signal });
    abort.abort(new Error('enough'));
    expect(await rejection(aborted.done)).toBe(abort.signal.reason);
    expect(await rejection(asking)).toBe(abort.signal.reason);
    expect(await rejection(connection.subsystem('sftp', { signal: abort.signal }))).toBe(abort.signal.reason);
    {
      await using used = await connection.subsystem('sftp');
      expect(used.done).toBeInstanceOf(Promise);
    }
    const events = connection.getEvidenceBundle().events.filter(({ eventType }) => eventType === 'EXEC');
    expect(events.map(({ data }) => data)).toMatchObject(
      Array(4).fill({ subsystem: 'sftp', cancelled: true }),
    );
  });

  it('rejects reads and done when the link breaks', async () => {
    await using mortal = await startSshd();
    const victim = await connectTo(mortal);
    const sftp = await victim.subsystem('sftp');
    const reading = rejection(sftp.readable.getReader().read());
    mortal.kill('SIGKILL');
    expect(await reading).toBeInstanceOf(ConnectionLost);
    expect(await rejection(sftp.done)).toBeInstanceOf(ConnectionLost);
    expect(await rejection(victim.subsystem('sftp'))).toBeInstanceOf(ConnectionLost);
  });

  it.skipIf(agentPrograms() === undefined)('gets an agent that is handed on', async () => {
    const agent = createAgent([await generateKey('ed25519')]);
    const other = await connectTo(sshd, { agentForward: agent });
    const keys = await other.subsystem('keys');
    expect((await readAll(keys)).toString()).toContain(agent.keys[0]?.fingerprint ?? '');
    await other.close();
    await agent.close();
  });
});

describe('a subsystem of a server of ours', () => {
  it('runs the handler of its name, and no other is there', async () => {
    const names: (string | undefined)[] = [];
    await using server = await ourServer({
      subsystems: {
        upper: async (session) => {
          names.push(session.subsystem, session.kind, session.command);
          for await (const bytes of session.stdin) {
            await session.stdout.write(new TextDecoder().decode(bytes).toUpperCase());
          }
          return 4;
        },
      },
    });
    const connection = await SSHConnection.connect(options(server.address.port));
    const upper = await connection.subsystem('upper');
    await writeAll(upper, new TextEncoder().encode('words'));
    expect((await readAll(upper)).toString()).toBe('WORDS');
    expect((await upper.done).exitCode).toBe(4);
    expect(names).toEqual(['upper', 'subsystem', undefined]);
    for (const name of ['sftp', '__proto__', 'constructor', '']) {
      expect(await rejection(connection.subsystem(name))).toMatchObject({
        code: 'CHANNEL_SUBSYSTEM_REFUSED',
      });
    }
    await connection.close();
    expect(await rejection(connection.subsystem('upper'))).toBeInstanceOf(ConnectionClosed);
  });
});

describe('complaints of a subsystem of a server of ours, which OpenSSH does not pass on', () => {
  let server: Awaited<ReturnType<typeof ourServer>>;
  let connection: SSHConnection;
  beforeAll(async () => {
    const noisy: SessionHandler = async ({ stdin, stdout, stderr }) => {
      for (let count = 0; count < 16; count += 1) await stderr.write(new Uint8Array(62_500));
      for await (const bytes of stdin) await stdout.write(bytes.slice());
    };
    server = await ourServer({ subsystems: { noisy } });
    connection = await SSHConnection.connect(
      options(server.address.port, { limits: { channelWindowBytes: 262_144 } }),
    );
  });
  afterAll(async () => {
    await connection.close();
    await server.close();
  });

  it('is not held up by complaints that nobody reads, of which the first are kept', async () => {
    const noisy = await connection.subsystem('noisy');
    const sent = randomBytes(MEGABYTE);
    const [, received] = await Promise.all([writeAll(noisy, sent), readAll(noisy)]);
    expect(received.equals(sent)).toBe(true);
    await noisy.done;
    const kept = (await stderrOf(noisy)).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(65_536);
  });

  it('gives every complaint to whoever reads from the beginning', async () => {
    const noisy = await connection.subsystem('noisy');
    const complaints = stderrOf(noisy);
    await Promise.all([writeAll(noisy, randomBytes(100)), readAll(noisy)]);
    expect((await complaints).length).toBe(1_000_000);
    expect(() => noisy.stderr[Symbol.asyncIterator]()).toThrow(TypeError);
  });
});

async function writeAll({ writable }: ByteDuplex, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536));
  await writer.close();
}

async function readAll({ readable }: ByteDuplex): Promise<Buffer> {
  const reader = readable.getReader();
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return Buffer.concat(chunks);
    chunks.push(value);
  }
}

async function stderrOf({ stderr }: Subsystem): Promise<string> {
  let text = '';
  for await (const bytes of stderr) text += Buffer.from(bytes).toString('latin1');
  return text;
}
