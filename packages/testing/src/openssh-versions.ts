import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './command.ts';
import { repositoryRoot } from './repository.ts';

/** One installed or unpacked OpenSSH: absolute paths, and what it needs to run. */
export interface OpensshBinaries {
  /** As the programs print it, for example `9.2p1`. */
  readonly version: string;
  readonly sshd: string;
  readonly ssh: string;
  readonly sshKeygen: string;
  /** Added to the environment of these programs. */
  readonly env: Readonly<Record<string, string>>;
  /** Lines that the server's configuration needs because the programs are not where they were built for. */
  readonly config: readonly string[];
}

/** The versions that `scripts/fetch-peers.mjs` unpacks; it has a table with the same names. */
export type PeerVersion = '8.4' | '10.0' | '10.3' | '10.6';
export const PEER_VERSIONS: readonly PeerVersion[] = ['8.4', '10.0', '10.3', '10.6'];

export type OpensshPeer =
  | { readonly available: true; readonly binaries: OpensshBinaries }
  | { readonly available: false; readonly reason: string };

/** The machine's own OpenSSH. */
export function systemOpenssh(): OpensshPeer {
  const [sshd, ssh, sshKeygen] = ['sshd', 'ssh', 'ssh-keygen'].map(findProgram);
  if (sshd === undefined || ssh === undefined || sshKeygen === undefined) {
    return { available: false, reason: 'sshd, ssh or ssh-keygen is not installed' };
  }
  const { stderr, stdout } = spawnSync(ssh, ['-V'], { encoding: 'utf8' });
  const version = /OpenSSH_(\d+\.\d+\w*)/.exec(`${stderr}${stdout}`)?.[1];
  if (version === undefined) return { available: false, reason: `${ssh} is not OpenSSH` };
  return { available: true, binaries: { version, sshd, ssh, sshKeygen, env: {}, config: [] } };
}

/**
 * Another OpenSSH, unpacked under `.peers/` by `scripts/fetch-peers.mjs`.
 *
 * Never downloads by itself, so that a test run does the same with and without a network.
 */
export function opensshPeer(version: PeerVersion): OpensshPeer {
  const folder = join(repositoryRoot(), '.peers', `openssh-${version}`);
  const manifest = join(folder, 'peer.json');
  if (!existsSync(manifest)) {
    return { available: false, reason: `OpenSSH ${version} is not here: node scripts/fetch-peers.mjs` };
  }
  const peer = JSON.parse(readFileSync(manifest, 'utf8')) as
    | OpensshBinaries
    | { readonly unavailable: string };
  if ('unavailable' in peer) return { available: false, reason: `OpenSSH ${version}: ${peer.unavailable}` };
  // Paths are absolute because sshd insists on them; a checkout that was moved has to unpack again.
  if (!existsSync(peer.sshd)) {
    return { available: false, reason: `OpenSSH ${version} has moved: node scripts/fetch-peers.mjs` };
  }
  return { available: true, binaries: peer };
}

/** Names of one kind that a version knows (`ssh -Q kex`, `cipher`, `mac`, `key`, `sig`), also those off by default. */
export function supportedAlgorithms(binaries: OpensshBinaries, kind: string): string[] {
  const env = { ...process.env, ...binaries.env };
  return execFileSync(binaries.ssh, ['-Q', kind], { env, encoding: 'utf8' }).trim().split('\n');
}

/** Whether `version` (as in {@link OpensshBinaries.version}) is at least `major.minor`. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [ours = 0, theirs = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return ours > major || (ours === major && theirs >= minor);
}
