// Many key exchanges over one connection with somebody else's server or client, begun by us.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, runOk } from './repo.mjs';

/** A client that does not end, because an exchange has got stuck, is killed after this long per exchange. */
const LIMIT_MS = 5000;
/** tinyssh does not look at what it has read together with NEWKEYS before something more comes: after this long it does. */
const NUDGE_MS = 250;
const USER = 'prover';
const GOODBYE = 'still here';

/**
 * @typedef {object} Ours
 * @property {any} client - `nbs-ssh`.
 * @property {any} server - `nbs-ssh/server`.
 */

/**
 * Our client on one of the servers that the tests know: each exchange is proven by the server's signature over it, its keys
 * by a line that a command there sends back.
 *
 * @param {Ours} ours
 * @param {any} peer - Of `@nbs-ssh/testing`, available.
 * @param {string} kex
 * @param {number} count
 * @returns {Promise<number>} Exchanges that were made.
 */
export async function proveOnServer({ client }, peer, kex, count) {
  const { SSHConnection, EventCollector, createKeyAuth, createPasswordAuth } = client;
  const eventCollector = new EventCollector();
  const seen = countExchanges(eventCollector, kex);
  const server = await peer.start();
  try {
    const connection = await SSHConnection.connect({
      host: server.host,
      port: server.port,
      username: server.username,
      knownHosts: server.knownHosts,
      auth:
        server.clientKey === undefined
          ? createPasswordAuth(server.password)
          : createKeyAuth(server.clientKey),
      algorithms: { kex: [kex] },
      eventCollector,
    });
    try {
      const command = connection.streamExec('cat');
      const output = command[Symbol.asyncIterator]();
      for (let i = 1; i <= count; i += 1) {
        if (i > 1) await connection.rekey();
        await echo(command, output, `under keys number ${i}\n`);
      }
      command.end();
      const { exitCode } = await command.done;
      if (exitCode !== 0) throw new Error(`the command ended with ${exitCode}`);
    } finally {
      await connection.close();
    }
  } finally {
    await server.stop();
  }
  return seen();
}

/**
 * One client on our server, which begins an exchange after the other while a command of the client runs.
 *
 * @param {Ours} ours
 * @param {(server: ProvenServer) => { program: string, args: readonly string[], env?: object }} command
 * @param {string} publicLine - The client's key.
 * @param {string} kex
 * @param {number} count
 * @returns {Promise<number>} Exchanges that were made.
 * @throws the server's error, where it has one.
 */
export async function proveForClient({ client, server }, command, publicLine, kex, count) {
  const eventCollector = new client.EventCollector();
  const seen = countExchanges(eventCollector, kex);
  const errors = [];
  const listening = await server.SSHServer.listen({
    auth: { publicKey: server.authorizedKeys([publicLine], USER) },
    algorithms: { kex: [kex] },
    eventCollector,
    onError: (error) => errors.push(error),
    exec: async (session) => {
      const [connection] = listening.connections;
      for (let i = 1; i < count; i += 1) {
        const done = nextExchange(eventCollector, connection);
        connection.rekey();
        await done;
      }
      await session.stdout.write(`${GOODBYE}\n`);
      return 0;
    },
  });
  try {
    const {
      program,
      args,
      env = {},
    } = command({
      ...listening.address,
      username: USER,
      hostKeyLines: listening.hostKeyLines,
      kex,
    });
    const { code, output } = await run(program, args, {
      env: { ...process.env, ...env },
      quiet: true,
      limitMs: 20_000 + LIMIT_MS * count,
    });
    if (errors.length > 0) throw errors[0];
    if (code !== 0 || !output.includes(GOODBYE)) throw new Error(`the client ended with ${code}\n${output}`);
  } finally {
    await listening.close();
  }
  return seen();
}

/**
 * @typedef {object} ProvenServer
 * @property {string} host
 * @property {number} port
 * @property {string} username
 * @property {readonly string[]} hostKeyLines
 * @property {string} kex
 */

/**
 * OpenSSH's client, with a known_hosts file in `dir`.
 *
 * @param {import('@nbs-ssh/testing').OpensshBinaries} binaries
 * @param {readonly string[]} known - The methods it has.
 * @param {string} dir
 * @param {string} key - Path of its private key.
 */
export function opensshClient({ ssh, env }, known, dir, key) {
  return ({ host, port, username, hostKeyLines, kex }) => {
    const knownHosts = join(dir, 'known_hosts');
    writeFileSync(knownHosts, `${hostKeyLines.join('\n')}\n`);
    const settings = [
      `UserKnownHostsFile=${knownHosts}`,
      'GlobalKnownHostsFile=/dev/null',
      'StrictHostKeyChecking=yes',
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      // Not all that it has is on by default.
      ...(known.includes(kex) ? [`KexAlgorithms=${kex}`] : []),
    ];
    const options = settings.flatMap((setting) => ['-o', setting]);
    return {
      program: ssh,
      args: ['-F', '/dev/null', ...options, '-i', key, '-p', `${port}`, `${username}@${host}`, 'prove'],
      env,
    };
  };
}

/** dropbear's client. Its key is made by `dropbearkey`, which also says the public line. */
export async function dropbearClient({ programs, env }, dir) {
  const key = join(dir, 'id_dropbear');
  const options = { env: { ...process.env, ...env } };
  await runOk(programs.dropbearkey, ['-t', 'ed25519', '-f', key], options);
  const text = await runOk(programs.dropbearkey, ['-y', '-f', key], options);
  return {
    publicLine: /^ssh-ed25519 \S+/m.exec(text)?.[0] ?? '',
    // -y twice: it keeps no list of hosts that could be given to it.
    command: ({ host, port, username }) => ({
      program: programs.dbclient,
      args: ['-y', '-y', '-i', key, '-p', `${port}`, `${username}@${host}`, 'prove'],
      env: { ...env, HOME: dir },
    }),
  };
}

/** A line there and back, and behind it what it took to get it back. */
async function echo(command, output, line) {
  let sent = line;
  await command.write(line);
  const nudge = setInterval(() => {
    sent += '.';
    // Its failure is the iteration's too.
    command.write('.').catch(() => undefined);
  }, NUDGE_MS);
  try {
    let back = '';
    while (back.length < sent.length) {
      const { done, value } = await output.next();
      if (done || value.stream === 'exit') throw new Error('the command has ended');
      back += value.data;
    }
    if (back !== sent) throw new Error(`${JSON.stringify(sent)} came back as ${JSON.stringify(back)}`);
  } finally {
    clearInterval(nudge);
  }
}

/** @returns {() => number} How many exchanges by `kex` there were. */
function countExchanges(collector, kex) {
  let count = 0;
  collector.on((event) => {
    if (event.eventType === 'KEX' && event.data.kex === kex && event.data.status === 'negotiated') count += 1;
  });
  return () => count;
}

function nextExchange(collector, connection) {
  return new Promise((resolve, reject) => {
    const stop = collector.on((event) => {
      if (event.eventType !== 'KEX') return;
      stop();
      resolve();
    });
    void connection.closed.then(() => {
      stop();
      reject(connection.error ?? new Error('the client went away'));
    });
  });
}
