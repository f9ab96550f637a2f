import { randomBytes } from 'node:crypto';
import { type Sshd, sshdAvailable, startSshd, watchForLeaks } from '@nbs-ssh/testing';
import {
  ChannelError,
  ConnectionClosed,
  ConnectionLost,
  EventCollector,
  Secret,
  type SSHConnection,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, rejection, sha256 } from './lab.ts';

describe.skipIf(!sshdAvailable())('exec on a real OpenSSH server', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  beforeAll(async () => {
    sshd = await startSshd({ password: true, config: ['AcceptEnv LAB_*'] });
    connection = await connectTo(sshd);
  });
  afterAll(async () => {
    await connection.close();
    await sshd.stop();
  });

  it('returns both streams and the exit code, and takes a non-zero one for a normal result', async () => {
    const result = await connection.exec('echo out; echo err >&2; exit 3');
    expect(result).toMatchObject({ stdout: 'out\n', stderr: 'err\n', exitCode: 3, signal: null });
    expect(result.durationMs).toBeGreaterThan(0);
  });

  it('tells the signal that ended the command, and then no exit code', async () => {
    expect(await connection.exec('kill -TERM $$')).toMatchObject({ exitCode: null, signal: 'TERM' });
  });

  it('ends the input at once when none is given', async () => {
    expect((await connection.exec('cat')).stdout).toBe('');
  });

  it('takes input as text, bytes, a secret, or whatever can be iterated', async () => {
    async function* parts(): AsyncGenerator<string | Uint8Array> {
      yield 'one ';
      yield new TextEncoder().encode('two');
    }
    expect((await connection.exec('cat', { stdin: 'süß' })).stdout).toBe('süß');
    expect((await connection.exec('cat', { stdin: new TextEncoder().encode('x') })).stdout).toBe('x');
    expect((await connection.exec('cat', { stdin: new Secret('hush') })).stdout).toBe('hush');
    expect((await connection.exec('cat', { stdin: parts() })).stdout).toBe('one two');
  });

  it("rejects with what the caller's own input threw", async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'first';
      throw new RangeError('no more');
    }
    await expect(connection.exec('cat', { stdin: broken() })).rejects.toThrow('no more');
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('ends with the command, its timeout or its signal when the input never ends', async () => {
    const endless = (): AsyncIterable<string> => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    });
    expect((await connection.exec('exit 5', { stdin: endless() })).exitCode).toBe(5);
    const late = await rejection(connection.exec('cat', { stdin: endless(), timeoutSec: 0.2 }));
    expect(late).toMatchObject({ code: 'EXEC_TIMEOUT' });
    const abort = new AbortController();
    const aborted = rejection(connection.exec('cat', { stdin: endless(), signal: abort.signal }));
    abort.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ message: 'enough' });
  });

  it('tells a generator of input that the command is over', async () => {
    let finished = false;
    async function* slow(): AsyncGenerator<string> {
      try {
        for (;;) yield 'y\n';
      } finally {
        finished = true;
      }
    }
    await connection.exec('head -n 1', { stdin: slow() });
    await expect.poll(() => finished).toBe(true);
  });

  it('refuses arguments that cannot be sent, and keeps no session for them', async () => {
    for (let count = 0; count < 12; count += 1) {
      const error = await rejection(connection.exec('x'.repeat(300_000)));
      expect(error).toBeInstanceOf(ChannelError);
      expect(error).toMatchObject({ code: 'CHANNELS_ARGUMENT', fault: 'caller' });
    }
    const wrong = { env: { A: undefined } } as unknown as { env: Record<string, string> };
    await expect(connection.exec('true', wrong)).rejects.toThrow(TypeError);
    await expect(connection.exec('true', { timeoutSec: Number.NaN })).rejects.toThrow(RangeError);
    await expect(connection.exec('true', { pty: { columns: -1 } })).rejects.toThrow(RangeError);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('keeps a secret given as input out of evidence', async () => {
    const secret = 'correct horse battery';
    await using one = await connectTo(sshd);
    expect((await one.exec('cat', { stdin: new Secret(secret) })).stdout).toBe(secret);
    await one.exec(`echo ${secret}`);
    expect(one.getEvidenceBundle().serialize({ redact: false })).not.toContain(secret);
  });

  it('gives bytes when asked, whatever they are', async () => {
    const bytes = randomBytes(300_001);
    const result = await connection.exec('cat', { stdin: bytes, encoding: 'bytes' });
    expect(sha256(result.stdout)).toBe(sha256(bytes));
  });

  it('decodes characters that are split between packets', async () => {
    const text = 'a€'.repeat(100_000);
    expect((await connection.exec('cat', { stdin: text })).stdout).toBe(text);
  });

  it('passes environment variables that the server accepts', async () => {
    expect((await connection.exec('echo $LAB_X', { env: { LAB_X: 'seen' } })).stdout).toBe('seen\n');
  });

  it('gives the command a terminal of the wanted size', async () => {
    const result = await connection.exec('tty >/dev/null && stty size && echo $TERM', {
      pty: { columns: 101, rows: 31, term: 'vt100' },
    });
    expect(result.stdout).toBe('31 101\r\nvt100\r\n');
  });

  it('runs many commands at once on one connection', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => connection.exec(`echo ${index}`)),
    );
    expect(results.map((result) => result.stdout.trim())).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('refuses a command with more output than the limit, with the output so far', async () => {
    await using small = await connectTo(sshd, { limits: { execOutputBytes: 1000 } });
    const error = await rejection(small.exec('yes'));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ code: 'EXEC_OUTPUT_LIMIT' });
    expect((error as ChannelError).context.stdout).toMatch(/^y\ny\n/);
    expect((await small.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('ends a command that takes too long, and the connection lives on', async () => {
    const error = await rejection(connection.exec('echo begun; sleep 60', { timeoutSec: 4 }));
    expect(error).toMatchObject({ code: 'EXEC_TIMEOUT', context: { stdout: 'begun\n' } });
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('ends a command when its signal aborts, and rejects with the reason', async () => {
    const abort = new AbortController();
    const running = connection.exec('sleep 60', { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(connection.exec('true', { signal: abort.signal })).rejects.toThrow('enough');
  });

  it('says what the server refused when it allows no more sessions', async () => {
    await using strict = await startSshd({ password: true, config: ['MaxSessions 1'] });
    await using one = await connectTo(strict);
    const first = one.streamExec('sleep 60');
    const error = await rejection(one.exec('true'));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ code: 'CHANNEL_OPEN_REFUSED', errorType: 'ChannelError' });
    await first.cancel();
  });

  it('rejects with ConnectionLost, the partial output and a warning that it may have run', async () => {
    await using mortal = await startSshd();
    const eventCollector = new EventCollector();
    const victim = await connectTo(mortal, { eventCollector, tracePackets: true });
    const arrived = new Promise<void>((resolve) => {
      eventCollector.on(({ data }) => {
        if ('name' in data && data.name === 'CHANNEL_DATA' && data.direction === 'received') resolve();
      });
    });
    const running = victim.exec('echo half; sleep 60');
    await arrived;
    mortal.kill('SIGKILL');
    const error = await rejection(running);
    expect(error).toBeInstanceOf(ConnectionLost);
    expect((error as ConnectionLost).context).toMatchObject({ stdout: 'half\n', maybeExecuted: true });
    expect((error as ConnectionLost).evidence?.disconnectReason).toContain('closed the connection');
    expect(await victim.closed).toBeInstanceOf(ConnectionLost);
    await expect(victim.exec('true')).rejects.toBeInstanceOf(ConnectionLost);
  });

  it('rejects commands that run when the caller closes, and all later ones', async () => {
    const leaks = watchForLeaks();
    const short = await connectTo(sshd);
    const running = rejection(short.exec('sleep 60'));
    await short.close();
    expect(await running).toMatchObject({ code: 'CONNECT_CLOSED' });
    await expect(short.exec('true')).rejects.toBeInstanceOf(ConnectionClosed);
    expect(await short.closed).toBeUndefined();
    await leaks.assertClean();
  });

  it('stops waiting for a ping or for new keys when told so', async () => {
    const reason = new Error('no patience');
    const impatient = AbortSignal.abort(reason);
    await expect(connection.ping({ signal: impatient })).rejects.toBe(reason);
    await expect(connection.rekey({ signal: impatient })).rejects.toBe(reason);
    const abort = new AbortController();
    const pinging = rejection(connection.ping({ signal: abort.signal }));
    const rekeying = rejection(connection.rekey({ signal: abort.signal }));
    abort.abort(reason);
    expect(await Promise.all([pinging, rekeying])).toEqual([reason, reason]);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('answers a ping and negotiates new keys on demand', async () => {
    expect(await connection.ping()).toBeGreaterThan(0);
    await connection.rekey();
    expect((await connection.exec('echo still here')).stdout).toBe('still here\n');
  });
});
