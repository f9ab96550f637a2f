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

/** Needed by what has a C library of its own. */
const LIBC = ['libc6', 'libcrypt1', 'zlib1g'];

/**
 * One program in one version.
 *
 * @typedef {object} PeerRow
 * @property {string} name
 * @property {string} version - What its version begins with. A moving suite may have become newer.
 * @property {readonly { suite: string, packages: readonly string[] }[]} from - The first package gives the version.
 * @property {'native' | 'libraries' | 'loader'} runs - On the system's libraries, with some of its own beside the
 *   system's, or with a loader and a C library of its own.
 * @property {Readonly<Record<string, string>>} programs - Name → path in the packages.
 * @property {boolean} [extra] - Only with `--all`: too large or too seldom needed for every test run.
 */

/** @type {readonly PeerRow[]} */
export const PEERS = [
  openssh('8.4', 'bullseye', [...OPENSSH, 'libssl1.1'], 'libraries'),
  openssh('10.0', 'bookworm-backports', OPENSSH, 'native'),
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
];

function openssh(version, suite, packages, runs) {
  return { name: 'openssh', version, from: [{ suite, packages }], runs, programs: OPENSSH_PROGRAMS };
}

function dropbear(version, suite, packages, runs) {
  return { name: 'dropbear', version, from: [{ suite, packages }], runs, programs: DROPBEAR_PROGRAMS };
}

function tinyssh(version, suite, packages, runs) {
  return { name: 'tinyssh', version, from: [{ suite, packages }], runs, programs: TINYSSH_PROGRAMS };
}
