import { SSHServer } from '@nbs-ssh/server';
import { createNodeProvider, createPasswordAuth, type SSHConnectionOptions } from 'nbs-ssh';

const PASSWORD = 'only for this server';

/** Options for logging in to {@link ourServer}, or for a server that never gets that far. */
export function options(port: number, more: Partial<SSHConnectionOptions> = {}): SSHConnectionOptions {
  return {
    host: '127.0.0.1',
    port,
    username: 'lab',
    knownHosts: null,
    auth: createPasswordAuth(PASSWORD),
    crypto: createNodeProvider(),
    ...more,
  };
}

/** A server of our own, for what no real one can be made to do. */
export function ourServer(more: Partial<Parameters<typeof SSHServer.listen>[0]> = {}): Promise<SSHServer> {
  return SSHServer.listen({
    auth: { password: ({ matches }) => matches(PASSWORD) },
    crypto: createNodeProvider(),
    ...more,
  });
}
