import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allPeers, findProgram, type PeerServer, run } from '../src/index.ts';

describe('servers of others', () => {
  for (const peer of allPeers()) {
    const title = `${peer.name} ${peer.version} runs a command for the real ssh, and leaves nothing behind`;
    it(peer.available ? title : `${title} (${peer.reason})`, async ({ skip }) => {
      if (!peer.available) return skip(peer.reason);
      const server = await peer.start();
      try {
        const { stdout, stderr, exitCode } = await ssh(server, 'echo here; exit 7');
        expect({ stdout, exitCode }, `${stderr}\n${server.log()}`).toEqual({ stdout: 'here\n', exitCode: 7 });
      } finally {
        await server.stop();
      }
      expect(existsSync(server.knownHosts)).toBe(false);
      if (server.username.startsWith('nbsssh')) {
        expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(`${server.username}:`);
      }
    });
  }
});

/** The official client, with all that the oldest of them needs. */
function ssh(server: PeerServer, command: string): ReturnType<typeof run> {
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${server.knownHosts}`,
    'GlobalKnownHostsFile=none',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'KexAlgorithms=+diffie-hellman-group14-sha1',
    'HostKeyAlgorithms=+ssh-rsa',
    'Ciphers=+aes256-cbc',
    'MACs=+hmac-sha1',
  ];
  const args = [
    '-F',
    'none',
    ...options.flatMap((option) => ['-o', option]),
    ...(server.clientKey === undefined ? [] : ['-o', 'BatchMode=yes', '-i', server.clientKey]),
    '-p',
    String(server.port),
    `${server.username}@${server.host}`,
    command,
  ];
  const program = findProgram('ssh') ?? 'ssh';
  if (server.clientKey !== undefined) return run(program, args);
  return run(findProgram('sshpass') ?? 'sshpass', ['-p', server.password ?? '', program, ...args]);
}
