// Makes servers of libraries: compiles our small programs of conformance/peers against what was unpacked.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryFolder, placeProgram } from './place-peer.mjs';
import { findProgram, root, runOk } from './repo.mjs';
import { fingerprint } from './stamp.mjs';

/** Our source of each kind of build. */
const SOURCES = {
  go: 'conformance/peers/go/main.go',
  c: 'conformance/peers/libssh_server.c',
};

/** Changes when a server has to be built again. @param {import('./peer-table.mjs').PeerRow} peer */
export const sourceOf = ({ build }) =>
  build in SOURCES ? fingerprint([join(root, SOURCES[build])]) : undefined;

/**
 * @param {string} folder - Absolute, where the packages were unpacked.
 * @param {import('./peer-table.mjs').PeerRow} peer
 * @returns {Promise<{ programs: Record<string, string>, env: Record<string, string> }>}
 */
export const buildPeer = (folder, peer) => BUILDERS[peer.build](folder, peer);

const BUILDERS = {
  /** The server is one static file, so the compiler goes again: it is larger than all else together. */
  async go(folder) {
    const lib = join(folder, 'usr', 'lib');
    const goroot = join(
      lib,
      readdirSync(lib).find((name) => name.startsWith('go-')),
    );
    const server = join(folder, 'bin', 'server');
    const env = {
      ...process.env,
      GOROOT: goroot,
      GOPATH: join(folder, 'usr', 'share', 'gocode'),
      GOCACHE: join(folder, 'cache'),
      GO111MODULE: 'off',
      GOTOOLCHAIN: 'local',
      GOFLAGS: '',
      CGO_ENABLED: '0',
    };
    await runOk(join(goroot, 'bin', 'go'), ['build', '-o', server, join(root, SOURCES.go)], { env });
    for (const name of ['usr', 'cache', 'etc']) rmSync(join(folder, name), { recursive: true, force: true });
    return { programs: { server }, env: {} };
  },

  async c(folder, { runs }) {
    const compiler = findProgram('cc') ?? findProgram('gcc');
    if (compiler === undefined) throw new Error('no C compiler is here');
    const libraries = libraryFolder(folder);
    mkdirSync(join(folder, 'built'), { recursive: true });
    await runOk(compiler, [
      '-O1',
      '-Wall',
      ...['-I', join(folder, 'usr', 'include')],
      ...['-o', join(folder, 'built', 'libssh_server')],
      join(root, SOURCES.c),
      join(libraries, 'libssh.so.4'),
      // Its own libraries are found when it runs.
      '-Wl,--unresolved-symbols=ignore-in-shared-libs',
    ]);
    const server = placeProgram(folder, runs, 'built/libssh_server');
    return { programs: { server }, env: runs === 'loader' ? {} : { LD_LIBRARY_PATH: libraries } };
  },

  /** Its own start script knows only the place where Debian installs it. */
  async erlang(folder) {
    const home = join(folder, 'usr', 'lib', 'erlang');
    const runtime = readdirSync(home).find((name) => name.startsWith('erts-'));
    const erl = join(folder, 'bin', 'erl');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    const settings = `ROOTDIR=${home} BINDIR=${home}/${runtime}/bin EMU=beam PROGNAME=erl`;
    const script = `#!/bin/sh\nexport ${settings}\nexec "$BINDIR/erlexec" "$@"\n`;
    writeFileSync(erl, script, { mode: 0o755 });
    await runOk(erl, ['-noinput', '-eval', 'ok = ssh:start(), halt().']);
    return { programs: { erl }, env: {} };
  },

  async java(folder) {
    const java = findProgram('java');
    if (java === undefined) throw new Error('no java is here');
    const jars = ['sshd-core', 'sshd-common', 'slf4j-api', 'slf4j-nop', 'jcl-over-slf4j'];
    jars.push('bcprov', 'bcpkix', 'bcutil', 'eddsa');
    const paths = jars.map((name) => join(folder, 'usr', 'share', 'java', `${name}.jar`));
    // A runtime without a compiler cannot run a source file.
    await runOk(java, ['--list-modules']).then((list) => {
      if (!list.includes('jdk.compiler')) throw new Error('java is here without its compiler');
    });
    return { programs: { java }, env: { CLASSPATH: paths.join(':') } };
  },
};
