// Ours behind the interface that every peer of the benchmark has.
import { env } from 'node:process';

/** @param {'noble' | 'node'} provider */
export async function load(provider) {
  const { SSHConnection, createKeyAuth, createNodeProvider, nobleProvider } = await import(
    env.NBS_SSH_BENCH_MODULE ?? 'nbs-ssh'
  );
  const crypto = provider === 'node' ? createNodeProvider() : nobleProvider;
  return async ({ host, port, username, key, knownHosts, cipher, mac }) => {
    const connection = await SSHConnection.connect({
      host,
      port,
      username,
      knownHosts,
      auth: createKeyAuth(key),
      crypto,
      algorithms: {
        ...(cipher === undefined ? {} : { ciphers: [cipher] }),
        ...(mac === undefined ? {} : { macs: [mac] }),
      },
    });
    return {
      exec: async (command) => (await connection.exec(command)).exitCode,
      download: async (command) => {
        let bytes = 0;
        for await (const { data } of connection.streamExec(command, { encoding: 'bytes' }))
          bytes += data.length;
        return bytes;
      },
      upload: async (command, chunk, count) => {
        const stream = connection.streamExec(command, { encoding: 'bytes' });
        for (let i = 0; i < count; i += 1) await stream.write(chunk);
        stream.end();
        for await (const _ of stream);
        return (await stream.done).exitCode;
      },
      /** The port of a local forward to `to` that any number of connections may use. */
      forward: async (host, to) =>
        (await connection.forwardLocal({ localPort: 0, remoteHost: host, remotePort: to })).localPort,
      close: () => connection.close(),
    };
  };
}
