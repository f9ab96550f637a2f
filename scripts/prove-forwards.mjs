// Proves every kind of forward against a real sshd, and says how fast each is.
//
//   node scripts/prove-forwards.mjs [--bytes N] [--many N] [--crypto noble|node] [--only KIND]…
//
// Through each: N bytes each way (default 1 GiB) whose SHA-256 has to be equal, many connections at once (200), connections
// of which one side has ended, closing while connections go on, and closing that cuts busy ones off. KIND is a part of a
// kind's name, for example `remote` or `socks`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { KINDS } from './lib/forward-kinds.mjs';
import { proveForward, startTarget } from './lib/prove-forwards.mjs';
import { root, script } from './lib/repo.mjs';
import { loadTesting } from './lib/testing.mjs';

await script(async () => {
  const { values } = parseArgs({
    options: {
      bytes: { type: 'string', default: String(1024 ** 3) },
      many: { type: 'string', default: '200' },
      crypto: { type: 'string', default: 'noble' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const bytes = natural('bytes', values.bytes);
  const many = natural('many', values.many);
  const kinds = KINDS.filter(
    ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
  );
  if (kinds.length === 0)
    throw new Error(`--only wants a part of: ${KINDS.map(({ name }) => name).join(', ')}`);
  const testing = await loadTesting();
  // What users import. `npm run setup` builds it.
  const ours = await import(pathToFileURL(join(root, 'packages', 'nbs-ssh', 'dist', 'index.js')).href);
  const crypto = { noble: () => ours.nobleProvider, node: () => ours.createNodeProvider() }[
    values.crypto
  ]?.();
  if (crypto === undefined) throw new Error('--crypto wants noble or node');
  let failed = 0;
  const sshd = await testing.startSshd({ logLevel: 'INFO' });
  try {
    const target = await startTarget(sshd.dir);
    const connection = await ours.SSHConnection.connect({
      host: sshd.host,
      port: sshd.port,
      username: sshd.username,
      knownHosts: sshd.writeKnownHosts(),
      auth: ours.createKeyAuth(sshd.clientKey()),
      crypto,
    });
    console.log(
      `${bytes} bytes each way, ${many} connections at once; ${sshd.identification}, ${values.crypto}`,
    );
    console.log(
      row(['through', 'down MB/s', 'CPU s/GiB', 'up MB/s', 'CPU s/GiB', `${many} open, ms`, 'cut off, ms']),
    );
    for (const kind of kinds) {
      try {
        const figures = await proveForward(connection, kind, { target, dir: sshd.dir, bytes, many });
        console.log(row(cells(figures)));
      } catch (error) {
        failed += 1;
        console.log(`${kind.name}: FAILED: ${error instanceof Error ? error.stack : error}`);
      }
    }
    await connection.close();
    target.stop();
    const { maxRSS } = process.resourceUsage();
    console.log(`largest memory of this process: ${Math.round(maxRSS / 1024)} MiB`);
  } finally {
    await sshd.stop();
  }
  if (failed > 0) throw new Error(`${failed} of ${kinds.length} failed`);
  console.log(`all ${kinds.length} hold: SHA-256 equal, half-closed both ways, closed while busy`);
});

function natural(name, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} wants a number from 1`);
  return value;
}

/** @param {import('./lib/prove-forwards.mjs').Figures} figures */
function cells({ kind, downloadMBps, downloadCpu, uploadMBps, uploadCpu, manyMs, resetMs }) {
  const rest = [downloadMBps, downloadCpu, uploadMBps, uploadCpu, manyMs, resetMs];
  return [kind, ...rest.map((value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1)))];
}

function row([first, ...rest]) {
  return first.padEnd(20) + rest.map((cell) => cell.padStart(14)).join('');
}
