// ssh2 behind the interface that every peer of the benchmark has.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { createServer, connect as dial } from 'node:net';

const require = createRequire(import.meta.url);

/** @param {{ addon?: string, noDelay: boolean }} variant - Path of the addon, or none. */
export function load({ addon, noDelay }) {
  const original = Module._load;
  Module._load = function (request, ...rest) {
    if (!request.endsWith('sshcrypto.node')) return original.call(this, request, ...rest);
    if (addon === undefined) throw new Error('left out by the benchmark');
    return original.call(this, addon, ...rest);
  };
  const { Client } = require('ssh2');
  Module._load = original;
  return ({ host, port, username, key, cipher, mac }) =>
    new Promise((resolve, reject) => {
      const client = new Client();
      const sock = noDelay ? dial({ host, port, noDelay: true }) : undefined;
      client.once('error', reject);
      client.once('ready', () => resolve(handle(client, noDelay)));
      client.connect({
        ...(sock === undefined ? { host, port } : { sock }),
        username,
        privateKey: readFileSync(key),
        algorithms: {
          ...(cipher === undefined ? {} : { cipher: [cipher] }),
          ...(mac === undefined ? {} : { hmac: [mac] }),
        },
      });
    });
}

const handle = (client, noDelay) => ({
  exec: (command) => run(client, command, (stream) => stream.resume()),
  download: async (command) => {
    let bytes = 0;
    await run(client, command, (stream) => stream.on('data', (data) => (bytes += data.length)));
    return bytes;
  },
  upload: (command, chunk, count) =>
    run(client, command, (stream) => {
      stream.resume();
      let left = count;
      const write = () => {
        while (left > 0) {
          left -= 1;
          if (!stream.write(chunk)) return void stream.once('drain', write);
        }
        stream.end();
      };
      write();
    }),
  /** As its documentation and most programs have it: a server of one's own, and two pipes. */
  forward: (host, to) =>
    new Promise((resolve, reject) => {
      const server = createServer({ noDelay }, (socket) => {
        socket.on('error', () => socket.destroy());
        client.forwardOut(socket.remoteAddress, socket.remotePort, host, to, (error, stream) => {
          if (error) return void socket.destroy();
          stream.on('error', () => socket.destroy());
          socket.on('close', () => stream.end());
          socket.pipe(stream).pipe(socket);
        });
      });
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(server.address().port));
    }),
  close: () =>
    new Promise((resolve) => {
      client.once('close', resolve);
      client.end();
    }),
});

function run(client, command, begin) {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, stream) => {
      if (error) return reject(error);
      let code;
      stream.once('exit', (value) => (code = value));
      stream.once('close', () => resolve(code));
      stream.stderr.resume();
      begin(stream);
    });
  });
}
