import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';

/** Programs that `scripts/fetch-peers.mjs` has unpacked, ready to run. */
export interface PeerFiles {
  readonly version: string;
  /** Name → absolute path. */
  readonly programs: Readonly<Record<string, string>>;
  /** Added to the environment of these programs. */
  readonly env: Readonly<Record<string, string>>;
}

/** @returns The files, or the reason why they are not here. Never downloads by itself. */
export function peerFiles(name: string, version: string): PeerFiles | string {
  const manifest = join(repositoryRoot(), '.peers', `${name}-${version}`, 'peer.json');
  const command = `node scripts/fetch-peers.mjs ${name}-${version}`;
  if (!existsSync(manifest)) return `${name} ${version} is not here: ${command}`;
  const peer = JSON.parse(readFileSync(manifest, 'utf8')) as PeerFiles | { readonly unavailable: string };
  if ('unavailable' in peer) return `${name} ${version}: ${peer.unavailable}`;
  const gone = Object.values(peer.programs).some((path) => !existsSync(path));
  return gone ? `${name} ${version} has moved: ${command}` : peer;
}
