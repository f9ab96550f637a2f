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

function ssh(server: PeerServer, command: string): ReturnType<typeof run> {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${server.knownHosts}`,
    'GlobalKnownHostsFile=none',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
  ];
  return run(findProgram('ssh') ?? 'ssh', [
    '-F',
    'none',
    ...options.flatMap((option) => ['-o', option]),
    ...(server.clientKey === undefined ? [] : ['-i', server.clientKey]),
    '-p',
    String(server.port),
    `${server.username}@${server.host}`,
    command,
  ]);
}
