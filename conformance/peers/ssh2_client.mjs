// Runs one command through the npm package ssh2, with our standard input and output. Its settings come through PEER_...
// variables.
import { readFileSync } from 'node:fs';
import { env, stdin, stdout } from 'node:process';
import ssh2 from 'ssh2';

const client = new ssh2.Client();
client.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 255;
});
client.on('ready', () => {
  client.exec(env.PEER_COMMAND, (error, stream) => {
    if (error) throw error;
    stdin.pipe(stream);
    stream.pipe(stdout);
    stream.stderr.pipe(process.stderr);
    stream.on('exit', (code) => {
      process.exitCode = code ?? 255;
    });
    stream.on('close', () => {
      stdin.destroy();
      client.end();
    });
  });
});
const [, , hostKey] = readFileSync(env.PEER_KNOWN_HOSTS, 'utf8').trim().split(' ');
client.connect({
  host: '127.0.0.1',
  port: Number(env.PEER_PORT),
  username: env.PEER_USERNAME,
  hostVerifier: (key) => key.toString('base64') === hostKey,
  ...(env.PEER_KEY === undefined ? {} : { privateKey: readFileSync(env.PEER_KEY) }),
  ...(env.PEER_PASSWORD === undefined ? {} : { password: env.PEER_PASSWORD }),
});
