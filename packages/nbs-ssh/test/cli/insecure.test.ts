import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { opensshPeer, type Sshd, startSshd } from '@nbs-ssh/testing';
import { insecureNames, insecureRisk } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { DEFAULT_CA_ALGORITHMS } from '@nbs-ssh/transport/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveNames } from '../../src/ssh-config/algorithm-names.ts';
import { chooseAlgorithms, namesOf } from '../../src/ssh-config/algorithm-policy.ts';
import type { AlgorithmSettings } from '../../src/ssh-config/settings.ts';
import { builtCli, type Cli, loginArgs } from './cli.ts';

const NONE: AlgorithmSettings = {
  kex: undefined,
  hostKey: undefined,
  ciphers: undefined,
  macs: undefined,
  pubkeyAccepted: undefined,
  caSignature: undefined,
};
const OPTED = [
  ['KexAlgorithms', 'diffie-hellman-group1-sha1'],
  ['HostKeyAlgorithms', 'ssh-rsa'],
  ['Ciphers', '3des-cbc'],
  ['MACs', 'hmac-sha1'],
] as const;
const peer = opensshPeer('10.6');

describe.skipIf(!peer.available)('nbs-ssh and a server that has nothing better', () => {
  let cli: Cli;
  let sshd: Sshd;
  beforeAll(async () => {
    [cli, sshd] = await Promise.all([
      builtCli(),
      startSshd({
        ...(peer.available ? { openssh: peer.binaries } : {}),
        hostKeyTypes: ['rsa'],
        clientKeyTypes: ['rsa'],
        kex: ['diffie-hellman-group1-sha1'],
        ciphers: ['3des-cbc'],
        macs: ['hmac-sha1'],
        hostKeyAlgorithms: ['ssh-rsa'],
        pubkeyAlgorithms: ['ssh-rsa'],
      }),
    ]);
  });
  afterAll(async () => {
    await sshd.stop();
    cli[Symbol.dispose]();
  });
  const options = (...lines: readonly string[]): string[] => lines.flatMap((line) => ['-o', line]);

  it('is told at each step which option would do, until the connection stands', async () => {
    const lines: string[] = [];
    for (const [option, name] of OPTED) {
      const result = await cli.run([...loginArgs(sshd, ...options(...lines)), 'true']);
      expect(result.exitCode).toBe(255);
      expect(result.stderr).toContain(`-o ${option}=+${name}`);
      expect(result.stderr).toContain(insecureRisk(name));
      lines.push(`${option}=+${name}`);
    }
    // The host's SHA-1 is taken now; our own key's was not opted into.
    const refused = await cli.run([...loginArgs(sshd, ...options(...lines)), 'true']);
    expect(refused.exitCode).toBe(255);
    lines.push('PubkeyAcceptedAlgorithms=+ssh-rsa');
    const evidence = join(cli.scratch.path, 'insecure.json');
    const done = await cli.run([
      ...loginArgs(sshd, '--evidence', evidence, ...options(...lines)),
      'echo there',
    ]);
    expect(done).toMatchObject({ exitCode: 0, stdout: 'there\n' });
    // One line for each.
    expect(done.lines).toHaveLength(OPTED.length);
    for (const [, name] of OPTED) expect(done.stderr).toContain(`${name} is insecure: ${insecureRisk(name)}`);
    const { events } = JSON.parse(readFileSync(evidence, 'utf8'));
    const exchange = events.find(({ event_type }: { event_type: string }) => event_type === 'KEX');
    expect(exchange.data.insecure.toSorted()).toEqual(OPTED.map(([, name]) => name).toSorted());
  }, 240_000);

  it('says nothing with -q, with -v what is used, and everything with a configuration file as well', async () => {
    const lines = [
      ...OPTED.map(([option, name]) => `${option}=+${name}`),
      'PubkeyAcceptedAlgorithms=+ssh-rsa',
    ];
    const quiet = await cli.run([...loginArgs(sshd, '-q', ...options(...lines)), 'true']);
    expect(quiet).toMatchObject({ exitCode: 0, stderr: '' });
    const told = await cli.run([...loginArgs(sshd, '-v', ...options(...lines)), 'true']);
    for (const [, name] of OPTED) expect(told.stderr).toContain(`${name} is insecure, and is used`);
  });
});

describe('lists of the configuration', () => {
  const insecure = insecureNames(nobleProvider);

  it('offer nothing insecure unless it is named, and no wildcard names it', () => {
    for (const settings of [
      NONE,
      { ...NONE, kex: '+*', hostKey: '+*', ciphers: '*', macs: '^*', pubkeyAccepted: 'ssh-*,rsa-*' },
      { ...NONE, hostKey: 'ssh-*', kex: 'diffie-hellman-*', ciphers: 'aes*', macs: 'hmac-*' },
    ]) {
      const { policy, risks } = chooseAlgorithms(settings, nobleProvider);
      const names = [policy.kex, policy.hostKey, policy.ciphers, policy.macs, policy.publicKey].flat();
      expect(names.filter((name) => insecure.includes(name as string))).toEqual([]);
      expect([policy.insecure, risks]).toEqual([[], []]);
    }
  });

  it('put what is named where it is named, and say its risk once', () => {
    const settings = {
      ...NONE,
      hostKey: '+ssh-rsa',
      pubkeyAccepted: '^ssh-rsa',
      macs: 'hmac-sha1,hmac-sha2-256',
    };
    const { policy, risks } = chooseAlgorithms(settings, nobleProvider);
    expect((policy.hostKey as string[]).at(-1)).toBe('ssh-rsa');
    expect((policy.publicKey as string[])[0]).toBe('ssh-rsa');
    expect(policy.macs).toEqual(['hmac-sha1', 'hmac-sha2-256']);
    expect(policy.insecure).toEqual(['ssh-rsa', 'hmac-sha1']);
    expect(risks).toHaveLength(2);
  });

  it('take no insecure algorithm for the signatures of a CA', () => {
    const resolved = resolveNames('+ssh-rsa', namesOf(nobleProvider).caSignature, 'CASignatureAlgorithms');
    expect([...namesOf(nobleProvider).caSignature.defaults].toSorted()).toEqual(
      [...DEFAULT_CA_ALGORITHMS].toSorted(),
    );
    expect(resolved.missing).toEqual(['ssh-rsa']);
    expect(resolved.names).not.toContain('ssh-rsa');
  });
});
