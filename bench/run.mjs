// npm run bench: ours against ssh2 and OpenSSH, in turn, in one run, against one sshd.
//
//   node bench/run.mjs [--quick] [--rounds N] [--only PEER,…] [--write] [--no-build] [NAME…]
//
// NAME selects suites (a prefix is enough). --write puts the table into docs/performance.md.
import { appendFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { script } from '../scripts/lib/repo.mjs';
import { buildAddon } from './lib/addon.mjs';
import { measure } from './lib/measure.mjs';
import { printSuite, writeDocs } from './lib/report.mjs';
import { bundleSizes } from './lib/size.mjs';
import { startSshd } from './lib/sshd.mjs';
import { SUITES } from './lib/suites.mjs';

const ROUNDS = 5;
const QUICK_ROUNDS = 3;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      'node-args': { type: 'string' },
    },
  });
  const { quick, write } = values;
  const rounds = Number(values.rounds ?? (quick ? QUICK_ROUNDS : ROUNDS));
  const wanted = (name) => positionals.length === 0 || positionals.some((prefix) => name.startsWith(prefix));
  const only = values.only?.split(',');
  // Before the build, which is load too.
  const [load] = loadavg();
  if (!values['no-build']) await build();
  const addon = await buildAddon();
  const sshd = await startSshd();
  const all = [];
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await sshd.stop();
      process.exit(128);
    });
  }
  try {
    console.log(`${rounds} rounds after one to warm up, server ${sshd.line}`);
    for (const suite of SUITES.filter(({ name }) => wanted(name))) {
      const chosen =
        only === undefined ? suite : { ...suite, peers: suite.peers.filter((p) => only.includes(p)) };
      const extraArgs = values['node-args']?.split(' ');
      const results = await measure(chosen, { rounds, quick, sshd: withAliases(sshd), addon, extraArgs });
      printSuite(chosen, results);
      all.push({ suite: chosen, results });
    }
    const sizes = wanted('size') ? await bundleSizes() : undefined;
    if (sizes !== undefined) {
      const [ours, theirs] = [sizes['nbs-ssh'], sizes.ssh2];
      console.log(
        `\nbundled, minified, gzipped: ${ours} bytes, ssh2 ${theirs} (${(ours / theirs).toFixed(2)})`,
      );
    }
    if (write) {
      const command = ['node bench/run.mjs', ...(quick ? ['--quick'] : []), '--write', ...positionals].join(
        ' ',
      );
      writeDocs(all, { command, rounds, load, server: sshd.line, addon: addon !== undefined, sizes });
    }
  } finally {
    await sshd.stop();
  }
}

/** The server under the port of a proxy in front of it. */
function withAliases(sshd) {
  const knownHostsFor = (port) => {
    const path = join(sshd.dir, 'known_hosts');
    appendFileSync(path, `[127.0.0.1]:${port} ${sshd.hostKey}\n`);
    return path;
  };
  return { ...sshd, knownHostsFor };
}

await script(main);
