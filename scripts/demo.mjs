// npm run demo: builds, then uses the built package as its users do, against a server that it starts itself.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, script } from './lib/repo.mjs';
import { setup } from './setup.mjs';

const USER = 'demo';
const PASSWORD = 'only for this demonstration';
const output = join(root, 'demo-output');

await script(async () => {
  await setup();
  const client = await published('index.js');
  const { SSHServer, authorizedKeys, processExec } = await published('server.js');
  mkdirSync(output, { recursive: true });

  step('A throw-away SSH server starts on this machine, in this process');
  const { privateKey, publicLine } = makeKey();
  const keyFile = join(output, 'demo_key.pem');
  writeFileSync(keyFile, privateKey, { mode: 0o600 });
  const server = await SSHServer.listen({
    auth: {
      publicKey: authorizedKeys([publicLine], USER),
      password: ({ username, matches }) => username === USER && matches(PASSWORD),
    },
    ...processExec(),
    // Without a policy a server forwards nothing.
    forwarding: { local: ['127.0.0.1:*'] },
  });
  try {
    await useServer(client, server, keyFile);
  } finally {
    await server.close();
    // The key opened nothing but that server.
    rmSync(keyFile, { force: true });
  }
});

async function useForward(connection) {
  const behind = createServer((_, response) => response.end('hello from behind the server'));
  await new Promise((resolve) => behind.listen(0, '127.0.0.1', resolve));
  try {
    const forward = await connection.forwardLocal(0, '127.0.0.1', behind.address().port);
    const page = await (await fetch(`http://127.0.0.1:${forward.localPort}/`)).text();
    const { connections, bytesSent, bytesReceived } = forward.stats;
    say(`Port ${forward.localPort} gave: ${page}`);
    say(`Through it went ${connections} connection, ${bytesSent} bytes there and ${bytesReceived} back.`);
    expect(page === 'hello from behind the server', 'the page');
    await forward.close({ connections: 'reset' });
  } finally {
    behind.closeAllConnections();
    behind.close();
  }
}

async function useServer({ SSHConnection, createKeyAuth, createPasswordAuth }, server, keyFile) {
  const { host, port } = server.address;
  const knownHosts = join(output, 'known_hosts');
  writeFileSync(knownHosts, `${server.hostKeyLines.join('\n')}\n`);
  say(`It listens on ${host} port ${port}. Its host key is ${server.fingerprints[0]}.`);
  const target = { host, port, username: USER, knownHosts };

  step('A login with a private key, and one command');
  const eventLogPath = join(output, 'events.jsonl');
  rmSync(eventLogPath, { force: true });
  const byKey = await SSHConnection.connect({ ...target, auth: createKeyAuth(keyFile), eventLogPath });
  try {
    describe(byKey);
    const result = await byKey.exec('uname -a; echo "this goes to standard error" >&2; exit 3');
    say(`uname said:   ${result.stdout.trim()}`);
    say(`stderr said:  ${result.stderr.trim()}`);
    say(`It exited with ${result.exitCode} after ${ms(result.durationMs)}; that is a result, not an error.`);
    expect(result.exitCode === 3, 'exit code 3');

    step('A command whose output is taken while it runs');
    let bytes = 0;
    let pieces = 0;
    const stream = byKey.streamExec('seq 1 200000', { encoding: 'bytes' });
    const startedAt = performance.now();
    for await (const event of stream) {
      if (event.stream !== 'stdout') continue;
      bytes += event.data.length;
      pieces += 1;
    }
    say(
      `${bytes.toLocaleString('en')} bytes came in ${pieces} pieces within ${ms(performance.now() - startedAt)}.`,
    );
    expect(bytes === 1_288_895, '1,288,895 bytes');

    step('Input for a command, both ways at once');
    const upper = await byKey.exec('tr a-z A-Z', { stdin: 'every byte arrives\n' });
    say(`tr made of it: ${upper.stdout.trim()}`);

    step('A port here that leads to a web server behind the SSH server');
    await useForward(byKey);
  } finally {
    await byKey.close();
  }

  step('A login with a password');
  const byPassword = await SSHConnection.connect({ ...target, auth: createPasswordAuth(PASSWORD) });
  try {
    const { stdout } = await byPassword.exec('echo logged in');
    say(`The command said: ${stdout.trim()}.`);
  } finally {
    await byPassword.close();
  }

  step('A login that fails, and tells why');
  const failure = await SSHConnection.connect({ ...target, auth: createPasswordAuth('wrong') }).then(
    (connection) => connection.close(),
    (error) => error,
  );
  expect(failure?.errorType === 'AuthFailed', 'AuthFailed');
  say(`${failure.errorType} in phase ${failure.phase}: ${failure.message}`);
  for (const attempt of failure.attempts) {
    say(
      `  ${attempt.method}: ${attempt.result}; the server would take ${attempt.remaining.join(', ') || 'nothing'}`,
    );
  }

  step('Evidence: what was seen on the wire, as files that can be given away');
  await save(byKey.getEvidenceBundle(), 'success.json');
  await save(failure.evidence, 'failed-login.json');
  const secrets = [PASSWORD, 'PRIVATE KEY'];
  for (const name of ['success.json', 'failed-login.json', 'events.jsonl']) {
    const text = readFileSync(join(output, name), 'utf8');
    expect(!secrets.some((secret) => text.includes(secret)), `no secret in ${name}`);
  }
  say('Neither the password nor the key is in any of them.');
  console.log('\nDone. The files are in demo-output/.');
}

async function save(bundle, name) {
  const path = join(output, name);
  await bundle.toFile(path);
  const { events } = JSON.parse(readFileSync(path, 'utf8'));
  const mode = (statSync(path).mode & 0o777).toString(8);
  say(
    `${relative(root, path)}: ${events.length} events, mode ${mode}, disconnect reason "${bundle.disconnectReason}"`,
  );
}

/** A file of the built package; nothing else of the repository is used from here on. */
function published(name) {
  return import(pathToFileURL(join(root, 'packages', 'nbs-ssh', 'dist', name)).href);
}

function describe(connection) {
  const { algorithms, timing } = connection.getEvidenceBundle();
  say(`Keys were exchanged with ${algorithms.kex}; the server proved itself with ${algorithms.hostKey}.`);
  say(`Encrypted with ${algorithms.cipherCs} there and ${algorithms.cipherSc} back.`);
  say(`Strict key exchange (no Terrapin attack): ${algorithms.strictKex ? 'yes' : 'no'}.`);
  const parts = {
    TCP: timing.tcpMs,
    version: timing.versionMs,
    'key exchange': timing.kexMs,
    login: timing.authMs,
  };
  const list = Object.entries(parts).map(([name, value]) => `${name} ${ms(value)}`);
  say(`It took ${ms(timing.totalMs)}: ${list.join(', ')}.`);
}

/** An Ed25519 key as PKCS#8, and its line for authorized_keys. Made by Node, so that no ssh-keygen is needed. */
function makeKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const field = (bytes) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicLine: `ssh-ed25519 ${blob} demo`,
  };
}

function step(title) {
  console.log(`\n${title}`);
}

function say(text) {
  console.log(`  ${text}`);
}

function ms(value) {
  return value == null ? 'unknown' : `${value.toFixed(1)} ms`;
}

function expect(fact, what) {
  if (!fact) throw new Error(`the demo expected ${what}`);
}
