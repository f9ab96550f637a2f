// One client process that forwards a local port. argv: description as JSON. Reports the port over IPC, and to every
// message after that the CPU milliseconds that it has used so far.
import * as ours from '../peers/nbs-ssh.mjs';

const { peer, target, to } = JSON.parse(process.argv[2]);
// Loaded on demand: a process holds one library, never both.
const connect =
  peer.library === 'ssh2' ? (await import('../peers/ssh2.mjs')).load(peer) : await ours.load(peer.provider);
const connection = await connect(target);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit());
process.send({ port: await connection.forward('127.0.0.1', to) });
