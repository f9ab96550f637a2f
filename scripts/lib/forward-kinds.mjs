// Every way through a server that is proven, and how a program gets at each.

/**
 * @typedef {object} Target
 * @property {string} host
 * @property {number} port
 * @property {string} path
 */

/**
 * Where the program connects.
 *
 * @typedef {{ port: number, socks?: 4 | 5, to?: { host: string, port: number } } | { path: string }} Via
 */

/**
 * @typedef {object} Kind
 * @property {string} name
 * @property {(connection: any, target: Target, dir: string) => Promise<{ handle: any, via: Via }>} [open] - Without it
 *   the pipe is used in this process.
 */

const HOST = '127.0.0.1';

/** @type {readonly Kind[]} */
export const KINDS = [
  {
    name: 'local port to port',
    async open(connection, { port }) {
      const handle = await connection.forwardLocal({ localPort: 0, remoteHost: HOST, remotePort: port });
      return { handle, via: { port: handle.localPort } };
    },
  },
  { name: 'socks5', open: (connection, { port }) => dynamic(connection, 5, port) },
  { name: 'socks4a', open: (connection, { port }) => dynamic(connection, 4, port) },
  { name: 'openTcp' },
];

async function dynamic(connection, socks, port) {
  const handle = await connection.forwardDynamic({ localPort: 0 });
  // By a name, which the server looks up.
  return { handle, via: { port: handle.localPort, socks, to: { host: 'localhost', port } } };
}
