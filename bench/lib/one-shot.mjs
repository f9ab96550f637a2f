// A whole process: load the library, connect, run one command, close, exit. argv: description as JSON.
const { peer, target } = JSON.parse(process.argv[2]);
const connect =
  peer.library === 'ssh2'
    ? (await import('../peers/ssh2.mjs')).load(peer)
    : await (await import('../peers/nbs-ssh.mjs')).load(peer.provider);
const connection = await connect(target);
process.exitCode = await connection.exec('true');
await connection.close();
