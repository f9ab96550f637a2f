import { randomBytes } from 'node:crypto';
import { sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { createNodeProvider, type ExecStream, type StreamEvent } from 'nbs-ssh';
import { describe, expect, it } from 'vitest';
import { connectTo, echo, MIB } from './lab.ts';

/** Sends one byte and waits for it to come back, so many times. */
async function keystrokes(
  command: ExecStream<'bytes'>,
  output: AsyncIterator<StreamEvent<'bytes'>>,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const byte = randomBytes(1);
    await command.write(byte);
    const { value } = await output.next();
    expect(value?.data).toEqual(new Uint8Array(byte));
  }
}

describe.skipIf(!sshdAvailable())('channels of one connection to a real OpenSSH server', () => {
  it('go on beside twenty that nobody reads', async () => {
    await using sshd = await startSshd();
    await using connection = await connectTo(sshd, { crypto: createNodeProvider() });
    const stalled = Array.from({ length: 20 }, () => connection.streamExec('cat /dev/zero'));
    await echo(connection, 20 * MIB, 2);
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
    await Promise.all(stalled.map((command) => command.cancel()));
  });

  it('carry keystrokes while others move bulk both ways, and bulk goes on meanwhile', async () => {
    await using sshd = await startSshd();
    await using connection = await connectTo(sshd, { crypto: createNodeProvider() });
    const moved = { up: 0, down: 0 };
    const upload = connection.streamExec('cat >/dev/null');
    const download = connection.streamExec('cat /dev/zero', { encoding: 'bytes' });
    let over = false;
    const uploading = (async () => {
      for (const block = new Uint8Array(65_536); !over; moved.up += block.length) await upload.write(block);
      upload.end();
    })();
    const downloading = (async () => {
      for await (const { data } of download) {
        moved.down += data.length;
        if (over) break;
      }
    })();
    const keyboard = connection.streamExec('cat', { encoding: 'bytes' });
    const output = keyboard[Symbol.asyncIterator]();
    const before = { up: 0, down: 0 };
    try {
      await keystrokes(keyboard, output, 5);
      Object.assign(before, moved);
      await keystrokes(keyboard, output, 30);
    } finally {
      over = true;
    }
    expect(moved.up).toBeGreaterThan(before.up + MIB);
    expect(moved.down).toBeGreaterThan(before.down + MIB);
    await Promise.all([uploading, downloading, keyboard.close()]);
  });
});
