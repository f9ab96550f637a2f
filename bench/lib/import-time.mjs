// Milliseconds and CPU milliseconds of importing one library, on stdout. argv: description as JSON.
import { createRequire } from 'node:module';

const { peer } = JSON.parse(process.argv[2]);
// What any program has loaded before: the sockets and the cryptography of the platform, and the loader itself.
await import('node:net');
await import('node:crypto');
await import('node:fs/promises');
const require = createRequire(import.meta.url);
require('node:events');
const specifier = process.env.NBS_SSH_BENCH_MODULE ?? 'nbs-ssh';
const cpu = process.cpuUsage();
const start = performance.now();
if (peer.library === 'ssh2') require('ssh2');
else await import(specifier);
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ amount: 1, ms, cpuMs: (user + system) / 1000 }));
