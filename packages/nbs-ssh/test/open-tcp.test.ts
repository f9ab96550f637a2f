import { createHash, randomBytes } from 'node:crypto';
import {
  freePort,
  type Sshd,
  sshdAvailable,
  startSshd,
  startTcpTarget,
  type TcpTarget,
} from '@nbs-ssh/testing';
import { type ByteDuplex, ConnectionLost, ForwardError, type SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from './lab.ts';

const MEGABYTE = 1_048_576;
const sha256 = (...chunks: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};

describe.skipIf(!sshdAvailable())('a TCP connection through the server', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let target: TcpTarget;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    target = await startTcpTarget();
    connection = await connectTo(sshd, { limits: { channelWindowBytes: 4 * MEGABYTE } });
  });
  afterEach(async () => {
    await connection.close();
    await target.stop();
  });

  it('carries 8 MiB each way at once, byte for byte', async () => {
    target.onSocket = (socket) => socket.pipe(socket);
    const sent = randomBytes(8 * MEGABYTE);
    const pipe = await connection.openTcp('127.0.0.1', target.port);
    const [, received] = await Promise.all([writeAll(pipe, [sent]), readAll(pipe)]);
    expect(sha256(...received)).toBe(sha256(sent));
  });

  it('still gives the whole answer after its write side was ended', async () => {
    target.onSocket = (socket) => {
      const question: Buffer[] = [];
      socket.on('data', (chunk) => question.push(chunk));
      socket.on('end', () => socket.end(`you said ${Buffer.concat(question)}`));
    };
    const pipe = await connection.openTcp('localhost', target.port);
    await writeAll(pipe, [Buffer.from('half of it')]);
    expect(Buffer.concat(await readAll(pipe)).toString()).toBe('you said half of it');
  });

  it('can go on writing after the target has ended its side', async () => {
    const heard = new Promise<string>((resolve) => {
      target.onSocket = (socket) => {
        let text = '';
        socket.end('I am done');
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('end', () => resolve(text));
      };
    });
    const pipe = await connection.openTcp('127.0.0.1', target.port);
    expect(Buffer.concat(await readAll(pipe)).toString()).toBe('I am done');
    await writeAll(pipe, [Buffer.from('but I '), Buffer.from('am not')]);
    expect(await heard).toBe('but I am not');
  });

  it('stops the target when reading was given up, while writing goes on', async () => {
    let accepted = 0;
    let received = '';
    target.onSocket = (socket) => {
      const block = Buffer.alloc(65_536);
      const send = (): void => {
        socket.write(block, (error) => {
          if (error) return;
          accepted += block.length;
          send();
        });
      };
      send();
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString();
      });
    };
    const pipe = await connection.openTcp('127.0.0.1', target.port);
    const reader = pipe.readable.getReader();
    await reader.read();
    await reader.cancel();
    // Were it not told, the target would send on and on, and this never end.
    for (let before = -1; before !== accepted; ) {
      before = accepted;
      for (let round = 0; round < 20; round += 1) await connection.ping();
    }
    await pipe.writable.getWriter().write(new TextEncoder().encode('still heard'));
    while (received !== 'still heard') await connection.ping();
  });

  it('stops the target when nobody reads, and holds no more than the window', async () => {
    const chunk = Buffer.alloc(65_536, 7);
    let accepted = 0;
    let stalled: () => void = () => {};
    const full = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    target.onSocket = (socket) => {
      const push = (): void => {
        if (accepted >= 64 * MEGABYTE) return void socket.end();
        accepted += chunk.length;
        if (socket.write(chunk)) setImmediate(push);
        else {
          // No room for a while although everything else is idle: somebody downstream has stopped reading.
          const timer = setTimeout(stalled, 500);
          socket.once('drain', () => {
            clearTimeout(timer);
            push();
          });
        }
      };
      push();
    };
    const pipe = await connection.openTcp('127.0.0.1', target.port);
    await full;
    // The window, and what the kernel and sshd hold between here and there.
    expect(accepted).toBeLessThan(32 * MEGABYTE);
    const received = await readAll(pipe);
    expect(received.reduce((sum, { length }) => sum + length, 0)).toBe(64 * MEGABYTE);
  });

  it('is a ForwardError that may be tried again when nobody listens there', async () => {
    const port = await freePort();
    const error = await rejection(connection.openTcp('127.0.0.1', port));
    expect(error).toBeInstanceOf(ForwardError);
    expect(error).toMatchObject({
      code: 'FORWARD_OPEN_REFUSED',
      reason: 'connect_failed',
      retryable: true,
      fault: 'peer',
      context: { remoteHost: '127.0.0.1', remotePort: port, host: '127.0.0.1', port: sshd.port },
    });
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('is a ForwardError that is not worth trying again when the server forbids it', async () => {
    await using strict = await startSshd({ config: ['AllowTcpForwarding no'] });
    await using other = await connectTo(strict);
    const error = await rejection(other.openTcp('127.0.0.1', target.port));
    expect(error).toMatchObject({ errorType: 'ForwardError', reason: 'prohibited', retryable: false });
  });

  it('refuses a target that makes no sense before anything is sent', async () => {
    for (const [host, port] of [
      ['', 22],
      ['a\nb', 22],
      ['h'.repeat(1025), 22],
      ['localhost', 0],
      ['localhost', 65_536],
      ['localhost', 1.5],
    ] as const) {
      const error = await rejection(connection.openTcp(host, port));
      expect(error).toMatchObject({ errorType: 'ForwardError', reason: 'invalid_target', fault: 'caller' });
    }
  });

  it('gives up opening when aborted, with the reason of the caller', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const opening = rejection(connection.openTcp('127.0.0.1', target.port, { signal: controller.signal }));
    controller.abort(reason);
    expect(await opening).toBe(reason);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('rejects reads and writes with ConnectionLost when the server dies', async () => {
    await using mortal = await startSshd();
    const doomed = await connectTo(mortal);
    target.onSocket = (socket) => socket.write('first');
    const pipe = await doomed.openTcp('127.0.0.1', target.port);
    const reader = pipe.readable.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first');
    const reading = rejection(reader.read());
    mortal.kill('SIGKILL');
    expect(await reading).toBeInstanceOf(ConnectionLost);
    const error = await rejection(pipe.writable.getWriter().write(Buffer.from('late')));
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(await rejection(doomed.openTcp('127.0.0.1', target.port))).toBeInstanceOf(ConnectionLost);
    await doomed.close();
  });

  it('closes the channel, and the target is told, when the pipe is given up', async () => {
    const gone = new Promise<void>((resolve) => {
      target.onSocket = (socket) => {
        socket.resume();
        socket.once('close', () => resolve());
        socket.once('end', () => socket.end());
      };
    });
    const pipe = await connection.openTcp('127.0.0.1', target.port);
    await Promise.all([pipe.readable.getReader().cancel(), pipe.writable.getWriter().abort()]);
    await gone;
    const error = await rejection(pipe.writable.getWriter().write(Buffer.from('x')));
    expect(error).toMatchObject({ errorType: 'ChannelError', code: 'CHANNELS_NOT_OPEN', fault: 'caller' });
  });
});

/** Writes everything and ends this direction. */
async function writeAll(pipe: ByteDuplex, chunks: readonly Uint8Array[]): Promise<void> {
  const writer = pipe.writable.getWriter();
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

async function readAll(pipe: ByteDuplex): Promise<Uint8Array[]> {
  const reader = pipe.readable.getReader();
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    if (value !== undefined) chunks.push(value);
  }
}
