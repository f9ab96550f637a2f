import { createHash, randomBytes } from 'node:crypto';
import type { Sshd } from '@nbs-ssh/testing';
import { createKeyAuth, SSHConnection, type SSHConnectionOptions } from 'nbs-ssh';
import { expect } from 'vitest';

/** Options for logging in to `sshd` with its first client key, trusting exactly its host keys. */
export function optionsFor(sshd: Sshd, more: Partial<SSHConnectionOptions> = {}): SSHConnectionOptions {
  return {
    host: sshd.host,
    port: sshd.port,
    username: sshd.username,
    knownHosts: sshd.writeKnownHosts(),
    auth: createKeyAuth(sshd.clientKey()),
    ...more,
  };
}

export function connectTo(sshd: Sshd, more: Partial<SSHConnectionOptions> = {}): Promise<SSHConnection> {
  return SSHConnection.connect(optionsFor(sshd, more));
}

/** What `promise` rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

export const MIB: number = 1024 * 1024;

/** Sends `size` bytes, whole MiB, through `cat` and back, with new keys some times on the way. */
export async function echo(connection: SSHConnection, size: number, rekeys: number): Promise<void> {
  const command = connection.streamExec('cat', { encoding: 'bytes' });
  const sent = createHash('sha256');
  const received = createHash('sha256');
  const block = randomBytes(MIB);
  const renewed: Promise<void>[] = [];
  const sending = (async () => {
    for (let count = 0; count < size / MIB; count += 1) {
      const part = Uint8Array.from(block);
      new DataView(part.buffer).setUint32(0, count);
      sent.update(part);
      await command.write(part);
      if (count >= ((renewed.length + 0.5) * size) / MIB / rekeys - 1 && renewed.length < rekeys) {
        renewed.push(connection.rekey());
      }
    }
    command.end();
  })();
  let bytes = 0;
  for await (const event of command) {
    received.update(event.data);
    bytes += event.data.length;
  }
  await Promise.all([sending, ...renewed]);
  expect(bytes).toBe(size);
  expect(received.digest('hex')).toBe(sent.digest('hex'));
  const exchanges = connection
    .getEvidenceBundle()
    .events.filter(({ data }) => 'number' in data && 'kex' in data);
  expect(exchanges.length).toBe(1 + rekeys);
}

/** In hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
