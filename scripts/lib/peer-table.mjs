// Which other servers and clients the tests can run against, and where Debian has each.

const OPENSSH = ['openssh-server', 'openssh-client', 'openssh-sftp-server'];

/** What a newer OpenSSH links with, down to the C library, so that it runs on an older system. */
const OPENSSH_LIBRARIES =
  `libc6 libssl3t64 libpam0g libselinux1 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0
  libcom-err2 libkeyutils1 libaudit1 libcap-ng0 libpcre2-8-0 zlib1g libcrypt1 libwrap0 libnsl2 libtirpc3t64 libedit2
  libtinfo6 libbsd0 libmd0 libwtmpdb0 libzstd1 libfido2-1 libcbor0.10 libudev1 libcap2 openssh-common`.split(
    /\s+/,
  );
const OPENSSH_PROGRAMS = { sshd: 'usr/sbin/sshd', ssh: 'usr/bin/ssh', sshKeygen: 'usr/bin/ssh-keygen' };

const DROPBEAR = ['dropbear-bin', 'libtomcrypt1', 'libtommath1', 'libgmp10'];
const DROPBEAR_PROGRAMS = {
  dropbear: 'usr/sbin/dropbear',
  dropbearkey: 'usr/bin/dropbearkey',
  dropbearconvert: 'usr/bin/dropbearconvert',
  dbclient: 'usr/bin/dbclient',
};

/** tinyssh serves one connection on its standard input and output; tcpserver listens for it. */
const TINYSSH = ['tinysshd', 'ucspi-tcp'];
const TINYSSH_LIBRARIES = ['lib25519-1', 'lib1305-1', 'libntruprime1', 'librandombytes1', 'libcpucycles1'];
const TINYSSH_PROGRAMS = {
  tinysshd: 'usr/sbin/tinysshd',
  makekey: 'usr/sbin/tinysshd-makekey',
  printkey: 'usr/sbin/tinysshd-printkey',
  tcpserver: 'usr/bin/tcpserver',
};

const CRYPTOGRAPHY = ['python3-cryptography', 'python3-cffi-backend'];
const ASYNCSSH_MODULES = [...CRYPTOGRAPHY, 'python3-typing-extensions'];
const PARAMIKO_MODULES = [...CRYPTOGRAPHY, 'python3-bcrypt', 'python3-nacl', 'libsodium23', 'python3-six'];
const CONCH_MODULES = [
  ...CRYPTOGRAPHY,
  ...`bcrypt idna openssl service-identity attr automat constantly hyperlink incremental zope.interface pyasn1
    pyasn1-modules six`
    .split(/\s+/)
    .map((module) => `python3-${module}`),
];

const LIBSSH_LIBRARIES =
  `libssl3t64 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1
  libfido2-1 libcbor0.10 libudev1 libcap2 libzstd1 zlib1g libc6`.split(/\s+/);
const ERLANG_APPLICATIONS = ['erlang-ssh', 'erlang-crypto', 'erlang-public-key', 'erlang-asn1'];
const MINA_JARS = ['slf4j', 'bcprov', 'bcpkix', 'bcutil', 'eddsa'].map((name) => `lib${name}-java`);
const LSH_LIBRARIES = ['liboop4', 'libhogweed6', 'libnettle8', 'libgmp10'];
const LSH_PROGRAMS = {
  lshd: 'usr/sbin/lshd',
  keygen: 'usr/bin/lsh-keygen',
  writekey: 'usr/bin/lsh-writekey',
  exportkey: 'usr/bin/lsh-export-key',
};

/** Needed by what has a C library of its own. */
const LIBC = ['libc6', 'libcrypt1', 'zlib1g'];

/**
 * One program in one version.
 *
 * @typedef {object} PeerRow
 * @property {string} name
 * @property {string} version - What its version begins with. A moving suite may have become newer.
 * @property {readonly { suite: string, packages: readonly string[] }[]} from - The first package gives the version.
 * @property {'native' | 'libraries' | 'loader' | 'python'} runs - On the system's libraries, with some of its own
 *   beside the system's, with a loader and a C library of its own, or as modules of the system's Python.
 * @property {Readonly<Record<string, string>>} [programs] - Name → path in the packages.
 * @property {'go' | 'c' | 'erlang' | 'java'} [build] - How a server is made of what was unpacked.
 * @property {string} [module] - What Python must be able to import.
 * @property {boolean} [extra] - Only with `--all`: too large or too seldom needed for every test run.
 */

/** @type {readonly PeerRow[]} */
export const PEERS = [
  openssh('8.4', 'bullseye', [...OPENSSH, 'libssl1.1'], 'libraries'),
  openssh('10.0', 'bookworm-backports', OPENSSH, 'native'),
  {
    ...openssh('10.3', 'trixie-backports', OPENSSH, 'loader'),
    from: [
      { suite: 'trixie-backports', packages: OPENSSH },
      { suite: 'trixie', packages: OPENSSH_LIBRARIES },
    ],
    extra: true,
  },
  openssh('10.6', 'forky', [...OPENSSH, ...OPENSSH_LIBRARIES], 'loader'),
  { ...dropbear('2020.81', 'bullseye', DROPBEAR, 'libraries'), extra: true },
  dropbear('2022.83', 'bookworm', DROPBEAR, 'libraries'),
  { ...dropbear('2025.89', 'trixie', [...DROPBEAR, ...LIBC], 'loader'), extra: true },
  dropbear('2026.94', 'forky', [...DROPBEAR, ...LIBC], 'loader'),
  tinyssh('20230101', 'bookworm', TINYSSH, 'native'),
  {
    ...tinyssh('20250501', 'trixie', [...TINYSSH, ...TINYSSH_LIBRARIES, ...LIBC], 'loader'),
    extra: true,
  },
  tinyssh('20261001', 'forky', [...TINYSSH, ...TINYSSH_LIBRARIES, ...LIBC], 'loader'),
  putty('0.78', 'bookworm', [], 'native'),
  { ...putty('0.85', 'forky', LIBC, 'loader'), extra: true },
  python('asyncssh', '2.10.1', 'asyncssh', 'bookworm', ['python3-asyncssh', ...ASYNCSSH_MODULES]),
  // It needs a newer python3-cryptography than bookworm's for RSA host keys.
  python(
    'asyncssh',
    '2.20.0',
    'asyncssh',
    'trixie',
    ['python3-asyncssh', 'python3-cryptography'],
    ['python3-cffi-backend', 'python3-typing-extensions'],
  ),
  python('paramiko', '2.12.0', 'paramiko', 'bookworm', ['python3-paramiko', ...PARAMIKO_MODULES]),
  python('paramiko', '3.5.1', 'paramiko', 'trixie', ['python3-paramiko'], PARAMIKO_MODULES),
  python(
    'paramiko',
    '5.0.0',
    'paramiko',
    'forky',
    ['python3-paramiko', 'python3-invoke'],
    [...PARAMIKO_MODULES, 'python3-yaml', 'libyaml-0-2'],
  ),
  libssh('0.10.6', 'bookworm', [], 'libraries'),
  libssh('0.12.2', 'forky', LIBSSH_LIBRARIES, 'loader'),
  go('0.4.0', 'bookworm', ['golang-1.19-go', 'golang-1.19-src']),
  go('0.58.0', 'forky', ['golang-1.27-go', 'golang-1.27-src', 'golang-golang-x-text-dev']),
  {
    ...native('erlang', '25.2.3', 'bookworm', ['erlang-base', ...ERLANG_APPLICATIONS]),
    build: 'erlang',
    extra: true,
  },
  { ...native('mina', '2.13.2', 'trixie', ['libmina-sshd-java', ...MINA_JARS]), build: 'java', extra: true },
  {
    ...native('lshd', '2.1', 'bookworm', ['lsh-server', 'lsh-utils', ...LSH_LIBRARIES]),
    runs: 'libraries',
    programs: LSH_PROGRAMS,
    extra: true,
  },
  python('conch', '22.4.0', 'twisted.conch.ssh.factory', 'bookworm', ['python3-twisted', ...CONCH_MODULES]),
];

/**
 * Runs on the Python of bookworm, so that modules in machine code are bookworm's too.
 *
 * @param {readonly string[]} [modules] - Further ones, from bookworm where `suite` is another release.
 */
function python(name, version, module, suite, packages, modules = []) {
  const extra = suite !== 'bookworm' || name === 'conch';
  const from = [
    { suite, packages },
    ...(modules.length === 0 ? [] : [{ suite: 'bookworm', packages: modules }]),
  ];
  return { name, version, from, runs: 'python', module, extra };
}

function putty(version, suite, libraries, runs) {
  const programs = { plink: 'usr/bin/plink', puttygen: 'usr/bin/puttygen' };
  return {
    name: 'putty',
    version,
    from: [{ suite, packages: ['putty-tools', ...libraries] }],
    runs,
    programs,
  };
}

function native(name, version, suite, packages) {
  return { name, version, from: [{ suite, packages }], runs: 'native' };
}

function libssh(version, suite, libraries, runs) {
  const row = native('libssh', version, suite, ['libssh-4', 'libssh-dev', ...libraries]);
  return { ...row, runs, build: 'c', extra: true };
}

/** golang.org/x/crypto/ssh, with the compiler of the same release. */
function go(version, suite, compiler) {
  const modules = ['golang-golang-x-crypto-dev', 'golang-golang-x-sys-dev', 'golang-golang-x-term-dev'];
  return { ...native('go', version, suite, [...modules, ...compiler]), build: 'go', extra: true };
}

function openssh(version, suite, packages, runs) {
  return { name: 'openssh', version, from: [{ suite, packages }], runs, programs: OPENSSH_PROGRAMS };
}

function dropbear(version, suite, packages, runs) {
  return { name: 'dropbear', version, from: [{ suite, packages }], runs, programs: DROPBEAR_PROGRAMS };
}

function tinyssh(version, suite, packages, runs) {
  return { name: 'tinyssh', version, from: [{ suite, packages }], runs, programs: TINYSSH_PROGRAMS };
}
