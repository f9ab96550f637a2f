// A server on the npm package ssh2 that runs commands with /bin/sh. Its settings come through PEER_... variables.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import ssh2 from 'ssh2';

const authorized = ssh2.utils.parseKey(readFileSync(env.PEER_AUTHORIZED_KEYS)).getPublicSSH();
const hostKeys = env.PEER_HOST_KEYS.split(':').map((path) => readFileSync(path));

/** Also what it leaves out by itself: everything it can do in this runtime. */
const algorithms = {
  kex: { append: [/./] },
  cipher: { append: [/./] },
  hmac: { append: [/./] },
  serverHostKey: { append: [/./] },
};

const server = new ssh2.Server({ hostKeys, algorithms }, (client) => {
  client.on('error', (error) => console.error(error.message));
  client.on('authentication', (context) => {
    if (context.username !== env.PEER_USERNAME) return context.reject();
    if (context.method === 'password' && context.password === env.PEER_PASSWORD) return context.accept();
    if (context.method !== 'publickey' || !context.key.data.equals(authorized)) {
      return context.reject(['publickey', 'password']);
    }
    if (context.signature === undefined) return context.accept();
    const key = ssh2.utils.parseKey(readFileSync(env.PEER_AUTHORIZED_KEYS));
    return key.verify(context.blob, context.signature, context.hashAlgo)
      ? context.accept()
      : context.reject();
  });
  client.on('session', (accept) => {
    accept().on('exec', (acceptExec, _reject, { command }) => {
      const channel = acceptExec();
      const child = spawn('/bin/sh', ['-c', command]);
      child.stdin.on('error', () => {});
      channel.on('error', () => child.kill());
      channel.pipe(child.stdin);
      child.stdout.pipe(channel, { end: false });
      child.stderr.pipe(channel.stderr, { end: false });
      child.on('close', (code) => {
        channel.exit(code ?? 255);
        channel.end();
      });
    });
  });
});
server.listen(Number(env.PEER_PORT), '127.0.0.1');
