import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, runBytes, runOk } from '../command.ts';
import { type OpensshPeer, opensshPeer, type PeerVersion, systemOpenssh } from '../openssh-versions.ts';
import { type PeerFiles, peerFiles } from '../peers/manifest.ts';
import type { ClientResult, ClientTarget, PeerClient } from './client.ts';

export const PUTTY_VERSIONS: readonly string[] = ['0.78', '0.85'];

/** `ssh` of one unpacked version, or the machine's own. */
export function opensshClient(version: PeerVersion | 'system'): PeerClient {
  const found: OpensshPeer = version === 'system' ? systemOpenssh() : opensshPeer(version);
  if (!found.available) return { name: 'openssh', version, available: false, reason: found.reason };
  const { ssh, env, version: exact } = found.binaries;
  return {
    name: 'openssh',
    version: exact,
    available: true,
    canRekey: true,
    run: (target, { command, stdin, rekeyBytes }) => {
      const options = [
        'StrictHostKeyChecking=yes',
        `UserKnownHostsFile=${target.knownHosts}`,
        'GlobalKnownHostsFile=none',
        'IdentitiesOnly=yes',
        'IdentityAgent=none',
        ...(rekeyBytes === undefined ? [] : [`RekeyLimit=${rekeyBytes} none`]),
        ...('key' in target.login ? ['BatchMode=yes'] : ['PubkeyAuthentication=no']),
      ];
      const args = ['-F', 'none', ...options.flatMap((option) => ['-o', option])];
      if ('key' in target.login) args.push('-i', target.login.key);
      args.push('-p', String(target.port), `${target.username}@127.0.0.1`, command);
      return withPassword(target, ssh, args, env, stdin);
    },
  };
}

/** dropbear's `dbclient`. */
export function dbclient(version: string): PeerClient {
  return unpacked('dropbear', 'dbclient', version, async (files, target, command, stdin) => {
    const { dbclient = '', dropbearconvert = '' } = files.programs;
    // Twice -y: no checking, and nothing written into the home folder. It cannot be pointed at another file.
    const args = ['-y', '-y', '-p', String(target.port)];
    if ('key' in target.login) {
      const own = join(target.dir, `dropbear-${version}-key`);
      if (!existsSync(own)) {
        const env = { ...process.env, ...files.env };
        await runOk(dropbearconvert, ['openssh', 'dropbear', target.login.key, own], { env });
      }
      args.push('-i', own);
    }
    args.push(`${target.username}@127.0.0.1`, command);
    return withPassword(target, dbclient, args, files.env, stdin);
  });
}

/** PuTTY's `plink`. */
export function plink(version: string): PeerClient {
  return unpacked('putty', 'plink', version, async (files, target, command, stdin) => {
    const { plink: program = '', puttygen = '' } = files.programs;
    // It keeps its random seed in the home folder.
    const env = { ...files.env, HOME: target.dir };
    const args = ['-batch', '-noagent', '-hostkey', target.fingerprint, '-P', String(target.port)];
    if ('key' in target.login) {
      const own = join(target.dir, `putty-${version}.ppk`);
      if (!existsSync(own)) {
        await runOk(puttygen, [target.login.key, '-O', 'private', '-o', own], {
          env: { ...process.env, ...env },
        });
      }
      args.push('-i', own);
    } else args.push('-pw', target.login.password);
    args.push(`${target.username}@127.0.0.1`, command);
    return runBytes(program, args, { env: { ...process.env, ...env }, stdin: stdin ?? '' });
  });
}

function unpacked(
  name: string,
  label: string,
  version: string,
  run: (
    files: PeerFiles,
    target: ClientTarget,
    command: string,
    stdin: Uint8Array | undefined,
  ) => Promise<ClientResult>,
): PeerClient {
  const files = peerFiles(name, version);
  if (typeof files === 'string') return { name: label, version, available: false, reason: files };
  return {
    name: label,
    version,
    available: true,
    canRekey: false,
    run: (target, { command, stdin }) => run(files, target, command, stdin),
  };
}

/** Runs a client that asks for its password on a terminal. */
function withPassword(
  { login }: ClientTarget,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: Uint8Array | undefined,
): Promise<ClientResult> {
  const options = { env: { ...process.env, ...env }, stdin: stdin ?? '' };
  if ('key' in login) return runBytes(program, args, options);
  const sshpass = findProgram('sshpass') ?? 'sshpass';
  return runBytes(sshpass, ['-p', login.password, program, ...args], options);
}
