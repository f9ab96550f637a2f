// Which part of the project may import which. The table of docs/architecture.md as data.

const FOUNDATIONS = ['transport/wire', 'transport/crypto', 'transport/keys'];
const PROVIDERS = [
  'transport/crypto/noble',
  'transport/crypto/node',
  'transport/crypto/signatures',
  'transport/crypto/at-rest',
];
const TRANSPORT = ['transport', ...FOUNDATIONS, ...PROVIDERS];
const MACHINES = ['auth', 'channels', 'session', 'evidence', 'supervisor', 'automation'];

/** Units below each unit. A unit is a package, or one of the subpaths of `transport`. */
export const ALLOWED = {
  'transport/wire': [],
  'transport/crypto': ['transport/wire'],
  'transport/crypto/signatures': ['transport/wire', 'transport/crypto'],
  'transport/crypto/at-rest': ['transport/wire', 'transport/crypto'],
  'transport/crypto/noble': ['transport/wire', 'transport/crypto', 'transport/crypto/signatures'],
  'transport/crypto/node': [
    'transport/wire',
    'transport/crypto',
    'transport/crypto/signatures',
    'transport/crypto/noble',
  ],
  // From the signature algorithms only facts such as field lengths: see NOBLE_FREE.
  'transport/keys': ['transport/wire', 'transport/crypto', 'transport/crypto/signatures'],
  transport: FOUNDATIONS,
  auth: [...FOUNDATIONS, 'transport/crypto/at-rest'],
  channels: ['transport/wire'],
  supervisor: ['transport/wire'],
  automation: ['transport/wire'],
  evidence: ['transport/wire'],
  session: [...TRANSPORT, 'auth', 'channels'],
  server: [...TRANSPORT, ...MACHINES],
  'nbs-ssh': [...TRANSPORT, ...MACHINES, 'server'],
  testing: TRANSPORT,
  conformance: ['nbs-ssh', 'testing', ...TRANSPORT],
  bench: ['nbs-ssh', 'server', 'testing', ...TRANSPORT],
};

/** Folders of `transport/src` that are units of their own; the longest match counts. */
export const TRANSPORT_UNITS = Object.keys(ALLOWED)
  .filter((unit) => unit.startsWith('transport/'))
  .map((unit) => unit.slice('transport/'.length))
  .sort((a, b) => b.length - a.length);

/** Only these touch the primitives themselves. The Node provider falls back to them suite by suite. */
export const NOBLE_UNITS = PROVIDERS;

/** These reach no primitive even through others: a caller's provider replaces all of them, or none is bundled. */
export const NOBLE_FREE = ['transport', ...FOUNDATIONS];

/** Packages that run on Node-compatible runtimes as a whole; elsewhere only folders named `node` do. */
export const NODE_PACKAGES = ['testing', 'server', 'nbs-ssh', 'conformance', 'bench'];

/** Third-party packages that sources may import, besides @noble. Tests may import what package.json declares. */
export const THIRD_PARTY = { testing: ['vitest'], bench: ['ssh2'] };
