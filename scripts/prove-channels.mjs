// Carries gigabytes through a hundred channels of one connection to a real OpenSSH server, and compares every byte.
//
//   node scripts/prove-channels.mjs [--bytes N] [--channels N] [--seed TEXT] [--cipher NAME] [--rekey-bytes N]
//
// Channels are commands and TCP connections of random sizes, written in random pieces, ended from either side, and replaced
// when they are over; both ends ask for new keys all along. Default: 10 GB through 100 channels.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { proveChannels } from './lib/prove-channels.mjs';
import { root, script } from './lib/repo.mjs';
import { loadTesting } from './lib/testing.mjs';

await script(async () => {
  const { values } = parseArgs({
    options: {
      bytes: { type: 'string', default: '10000000000' },
      channels: { type: 'string', default: '100' },
      seed: { type: 'string', default: randomBytes(6).toString('hex') },
      cipher: { type: 'string', default: 'aes128-gcm@openssh.com' },
      'rekey-bytes': { type: 'string', default: '67108864' },
    },
  });
  const [bytes, channels, rekey] = [values.bytes, values.channels, values['rekey-bytes']].map(Number);
  if (![bytes, channels, rekey].every((value) => Number.isSafeInteger(value) && value > 0)) {
    throw new Error('--bytes, --channels and --rekey-bytes want numbers from 1');
  }
  const { startSshd, seededRandom } = await loadTesting();
  // What users import. `npm run setup` builds it.
  const published = join(root, 'packages', 'nbs-ssh', 'dist', 'index.js');
  const { SSHConnection, EventCollector, createKeyAuth, createNodeProvider } = await import(
    pathToFileURL(published).href
  );
  const { seed, cipher } = values;
  console.log(`${bytes} bytes through ${channels} channels, ${cipher}, seed ${seed}`);
  const sshd = await startSshd({ config: ['MaxSessions 4096', `RekeyLimit ${rekey}`] });
  try {
    const eventCollector = new EventCollector();
    const connection = await SSHConnection.connect({
      host: sshd.host,
      port: sshd.port,
      username: sshd.username,
      knownHosts: sshd.writeKnownHosts(),
      auth: createKeyAuth(sshd.clientKey()),
      crypto: createNodeProvider(),
      algorithms: { ciphers: [cipher] },
      rekey: { bytes: rekey },
      eventCollector,
    });
    let exchanges = 0;
    let most = 0;
    eventCollector.on((event) => {
      if (event.eventType === 'KEX' && event.data.status === 'negotiated') exchanges += 1;
    });
    const memory = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 100);
    const before = performance.now();
    const cpu = process.cpuUsage();
    try {
      const figures = await proveChannels({ connection, seededRandom, seed, bytes, channels });
      const seconds = (performance.now() - before) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const kinds = Object.entries(figures.channels).map(([kind, count]) => `${count} ${kind}`);
      console.log(
        `byte-exact: ${figures.bytes} bytes through ${kinds.join(', ')}, ${figures.most} open at one time,`,
        `in ${seconds.toFixed(1)} s (${(figures.bytes / 1e6 / seconds).toFixed(0)} MB/s,`,
        `${((user + system) / 1e6).toFixed(1)} s of CPU), ${exchanges} key exchanges,`,
        `at most ${(most / 1024 / 1024).toFixed(0)} MiB resident`,
      );
    } finally {
      clearInterval(memory);
      await connection.close();
    }
  } finally {
    await sshd.stop();
  }
});
