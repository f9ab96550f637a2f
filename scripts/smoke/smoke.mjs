// Runs inside each runtime, in a folder where nothing but the packed nbs-ssh is installed. Prints one line.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout } from 'node:timers';
import { createKeyAuth, SSHConnection } from 'nbs-ssh';
import { tryForwards } from './forwards.mjs';

const { SMOKE_PORT, SMOKE_USER, SMOKE_KEY, SMOKE_KNOWN_HOSTS, SMOKE_LIMIT_MS, SMOKE_TARGET } = process.env;
const LINES = 20_000;
const PASSWORD = 'never-to-be-seen-anywhere';

// Never cleared: it also ends a runtime that something left open keeps alive. It keeps none alive itself.
setTimeout(() => {
  console.error(`nothing happened for ${SMOKE_LIMIT_MS} ms`);
  process.exit(2);
}, Number(SMOKE_LIMIT_MS)).unref();

function expect(fact, what) {
  if (!fact) throw new Error(`expected ${what}`);
}

const start = performance.now();
const conn = await SSHConnection.connect({
  host: '127.0.0.1',
  port: Number(SMOKE_PORT),
  username: SMOKE_USER,
  auth: [createKeyAuth(SMOKE_KEY)],
  password: PASSWORD,
  knownHosts: SMOKE_KNOWN_HOSTS,
});
try {
  const result = await conn.exec('cat; echo oops >&2; exit 3', { stdin: 'héllo\n' });
  expect(result.stdout === 'héllo\n', `the text back, not ${JSON.stringify(result.stdout)}`);
  expect(
    result.stderr === 'oops\n' && result.exitCode === 3,
    `stderr and exit 3, not ${JSON.stringify(result)}`,
  );

  let text = '';
  let exitCode;
  for await (const event of conn.streamExec(`seq ${LINES}; exit 4`)) {
    if (event.stream === 'stdout') text += event.data;
    if (event.stream === 'exit') exitCode = event.exitCode;
  }
  const wanted = Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join('');
  expect(text === wanted, `${wanted.length} bytes of seq in order, not ${text.length}`);
  expect(exitCode === 4, `exit 4, not ${exitCode}`);

  await tryForwards(conn, Number(SMOKE_TARGET), expect);

  const shell = conn.shell();
  await shell.write('stty size; exit 5\n');
  let screen = '';
  for await (const event of shell) if (event.stream === 'stdout') screen += event.data;
  expect(screen.includes('24 80'), `the size of a terminal, not ${JSON.stringify(screen)}`);
  expect((await shell.done).exitCode === 5, 'exit 5 of the shell');

  const bundle = await conn.getEvidenceBundle();
  await bundle.toFile('bundle.json', { format: 'json', redact: true });
  const saved = readFileSync('bundle.json', 'utf8');
  const { algorithms, timing } = JSON.parse(saved);
  for (const name of ['kex', 'host_key', 'cipher_cs', 'cipher_sc'])
    expect(algorithms[name], `algorithms.${name}`);
  expect(Object.keys(timing).length >= 5, 'five timings');
  expect(!saved.includes(PASSWORD) && !saved.includes('PRIVATE KEY'), 'no secret in the bundle');

  const wrong = SSHConnection.connect({
    host: '127.0.0.1',
    port: Number(SMOKE_PORT),
    username: SMOKE_USER,
    auth: [createKeyAuth(SMOKE_KEY)],
    knownHosts: emptyKnownHosts(),
  });
  const refused = await wrong.then(
    () => undefined,
    (error) => error,
  );
  expect(
    refused?.errorType === 'HostKeyMismatch',
    `HostKeyMismatch for an unknown host, not ${refused?.errorType}`,
  );
  expect(refused.evidence !== undefined, 'evidence on the error');
  console.log(`ok, ${algorithms.kex} ${algorithms.cipher_cs}, ${Math.round(performance.now() - start)} ms`);
} finally {
  await conn.close();
}

function emptyKnownHosts() {
  writeFileSync('empty_known_hosts', '');
  return 'empty_known_hosts';
}
