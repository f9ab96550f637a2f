import type { Sshd } from '@nbs-ssh/testing';
import { createKeyAuth, SSHConnection, type SSHConnectionOptions } from 'nbs-ssh';

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
