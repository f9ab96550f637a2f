// Every way through a server that is proven, and how a program gets at each.
import { join } from 'node:path';

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
  {
    name: 'local path to path',
    async open(connection, { path }, dir) {
      const localPath = socketIn(dir);
      const handle = await connection.forwardLocalPath({ localPath, remotePath: path });
      return { handle, via: { path: localPath } };
    },
  },
  {
    name: 'local path to port',
    async open(connection, { port }, dir) {
      const localPath = socketIn(dir);
      const handle = await connection.forwardLocalPath({ localPath, remoteHost: HOST, remotePort: port });
      return { handle, via: { path: localPath } };
    },
  },
  {
    name: 'local port to path',
    async open(connection, { path }) {
      const handle = await connection.forwardLocalPath({ localPort: 0, remotePath: path });
      return { handle, via: { port: handle.localPort } };
    },
  },
  {
    name: 'remote port to port',
    async open(connection, { port }) {
      const handle = await connection.forwardRemote({ remotePort: 0, localHost: HOST, localPort: port });
      return { handle, via: { port: handle.remotePort } };
    },
  },
  {
    name: 'remote path to path',
    async open(connection, { path }, dir) {
      const remotePath = socketIn(dir);
      const handle = await connection.forwardRemotePath({ remotePath, localPath: path });
      return { handle, via: { path: remotePath } };
    },
  },
  {
    name: 'remote path to port',
    async open(connection, { port }, dir) {
      const remotePath = socketIn(dir);
      const handle = await connection.forwardRemotePath({ remotePath, localHost: HOST, localPort: port });
      return { handle, via: { path: remotePath } };
    },
  },
  { name: 'socks5', open: (connection, { port }) => dynamic(connection, 5, port) },
  { name: 'socks4a', open: (connection, { port }) => dynamic(connection, 4, port) },
  {
    name: 'remote socks5',
    async open(connection, { port }) {
      const handle = await connection.forwardRemoteDynamic({ remotePort: 0 });
      return { handle, via: { port: handle.remotePort, socks: 5, to: { host: 'localhost', port } } };
    },
  },
  { name: 'openTcp' },
];

/** A new one each time: sshd leaves the socket of a remote forward behind, and then does not listen there again. */
function socketIn(dir) {
  sockets += 1;
  return join(dir, `socket-${sockets}`);
}
let sockets = 0;

async function dynamic(connection, socks, port) {
  const handle = await connection.forwardDynamic({ localPort: 0 });
  // By a name, which the other side looks up.
  return { handle, via: { port: handle.localPort, socks, to: { host: 'localhost', port } } };
}
