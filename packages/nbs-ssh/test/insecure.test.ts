import {
  type OpensshPeer,
  opensshPeer,
  PEER_VERSIONS,
  type Sshd,
  startSshd,
  supportedAlgorithms,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { insecureNames, insecureRisk } from '@nbs-ssh/transport/crypto';
import {
  type AlgorithmPolicy,
  createKeyAuth,
  createNodeProvider,
  NoMutualKex,
  nobleProvider,
  SSHConnection,
} from 'nbs-ssh';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { resolveAlgorithms } from '../src/connection/algorithms.ts';
import { connectTo, echo, MIB, optionsFor, rejection } from './lab.ts';

const SERVERS: readonly (readonly [string, OpensshPeer])[] = [
  ['the installed OpenSSH', systemOpenssh()],
  ...PEER_VERSIONS.map((version) => [`OpenSSH ${version}`, opensshPeer(version)] as const),
];
const NAMES = insecureNames(nobleProvider);

/** A policy that leaves the server nothing but `name`. CBC is tried beside a MAC of the plaintext. */
function only(name: string): AlgorithmPolicy {
  const insecure = [name];
  if (name.startsWith('diffie-hellman-')) return { kex: [name], insecure };
  if (name.startsWith('hmac-')) return { macs: [name], ciphers: ['aes256-ctr'], insecure };
  if (name.endsWith('-cbc')) return { ciphers: [name], macs: ['hmac-sha2-256'], insecure };
  return { hostKey: [name], insecure };
}

for (const [server, peer] of SERVERS) {
  if (!peer.available) console.warn(`insecure algorithms are not tried on ${server}: ${peer.reason}`);
  describe.skipIf(!peer.available)(`insecure algorithms on ${server}, 2 MiB each way with a rekey`, () => {
    let sshd: Sshd;
    const known = new Set<string>();
    if (peer.available) {
      for (const kind of ['kex', 'cipher', 'mac', 'sig', 'key']) {
        for (const name of supportedAlgorithms(peer.binaries, kind)) known.add(name);
      }
    }
    beforeAll(async () => {
      assert(peer.available);
      const all = (kind: string): string[] => supportedAlgorithms(peer.binaries, kind);
      const signatures = [...new Set([...all('sig'), ...all('key')])].filter(
        (name) => !name.includes('-cert-'),
      );
      sshd = await startSshd({
        openssh: peer.binaries,
        hostKeyTypes: ['ed25519', 'rsa', ...(known.has('ssh-dss') ? (['dsa'] as const) : [])],
        clientKeyTypes: ['ed25519', 'rsa'],
        kex: all('kex'),
        ciphers: all('cipher').filter((name) => name !== 'none'),
        macs: all('mac'),
        hostKeyAlgorithms: signatures,
        pubkeyAlgorithms: signatures,
      });
    });
    afterAll(() => sshd.stop());

    for (const crypto of [nobleProvider, createNodeProvider()]) {
      for (const name of NAMES) {
        it.skipIf(!known.has(name))(
          `${name} (${crypto.name})`,
          async () => {
            await using connection = await connectTo(sshd, { crypto, algorithms: only(name) });
            expect(Object.values(connection.algorithms ?? {})).toContain(name);
            await echo(connection, 2 * MIB, 1);
            const exchanges = connection
              .getEvidenceBundle()
              .events.filter(({ eventType }) => eventType === 'KEX')
              .map(({ data }) => data);
            expect(exchanges).toHaveLength(2);
            for (const data of exchanges) {
              expect(data).toMatchObject({ insecure: [name], insecure_offered: [name] });
            }
          },
          60_000,
        );
      }

      it.skipIf(!known.has('3des-cbc'))(
        `3des-cbc with encrypt-then-MAC of SHA-1 (${crypto.name})`,
        async () => {
          const insecure = ['3des-cbc', 'hmac-sha1-etm@openssh.com'];
          const algorithms = { ciphers: ['3des-cbc'], macs: ['hmac-sha1-etm@openssh.com'], insecure };
          await using connection = await connectTo(sshd, { crypto, algorithms });
          await echo(connection, 2 * MIB, 1);
        },
        60_000,
      );
    }

    it('an RSA key of ours signs with SHA-2 where the server takes it, whatever was opted into [T107]', async () => {
      const auth = createKeyAuth(sshd.clientKey('rsa'));
      await using connection = await connectTo(sshd, { auth, algorithms: { insecure: ['ssh-rsa'] } });
      expect(signedWith(connection)).toEqual(['rsa-sha2-512']);
    });
  });
}

// From 9.6 on sshd announces the signatures that it accepts; before, all that it knows.
const honest = opensshPeer('10.6');

describe.skipIf(!honest.available)('a server that has nothing better', () => {
  const start = (): Promise<Sshd> =>
    startSshd({
      ...(honest.available ? { openssh: honest.binaries } : {}),
      hostKeyTypes: ['rsa'],
      clientKeyTypes: ['rsa'],
      kex: ['diffie-hellman-group1-sha1'],
      ciphers: ['3des-cbc'],
      macs: ['hmac-sha1'],
      hostKeyAlgorithms: ['ssh-rsa'],
      pubkeyAlgorithms: ['ssh-rsa'],
    });
  const everything = ['diffie-hellman-group1-sha1', '3des-cbc', 'hmac-sha1', 'ssh-rsa'];

  it('is reached with everything that it takes, and with SHA-1 by our own key', async () => {
    await using sshd = await start();
    const options = { auth: createKeyAuth(sshd.clientKey('rsa')), algorithms: { insecure: everything } };
    await using connection = await connectTo(sshd, options);
    expect(signedWith(connection)).toEqual(['ssh-rsa']);
    await echo(connection, MIB, 1);
    const [exchange] = connection.getEvidenceBundle().events.filter(({ eventType }) => eventType === 'KEX');
    expect(exchange?.data).toMatchObject({
      insecure: ['diffie-hellman-group1-sha1', 'ssh-rsa', '3des-cbc', 'hmac-sha1'],
    });
  });

  it('does not get a signature with SHA-1 from a key that was not opted in, though its own is taken [T107]', async () => {
    await using sshd = await start();
    const algorithms = { insecure: everything, publicKey: { deny: ['ssh-rsa'] } };
    const options = optionsFor(sshd, { auth: createKeyAuth(sshd.clientKey('rsa')), algorithms });
    const connection = new SSHConnection(options);
    expect(await rejection(connection.connect())).toMatchObject({ errorType: 'AuthFailed' });
    expect(signedWith(connection)).toEqual([]);
  });

  it('is refused otherwise, slot by slot, and the error names what would do and its risk', async () => {
    await using sshd = await start();
    const opted: string[] = [];
    for (const [slot, name] of [
      ['kex', 'diffie-hellman-group1-sha1'],
      ['hostKey', 'ssh-rsa'],
      ['cipherClientToServer', '3des-cbc'],
      ['macClientToServer', 'hmac-sha1'],
    ] as const) {
      const error = await rejection(connectTo(sshd, { algorithms: { insecure: [...opted] } }));
      expect(error).toBeInstanceOf(NoMutualKex);
      expect(error).toMatchObject({ context: { slot, nearest: name, risk: insecureRisk(name) } });
      opted.push(name);
    }
  });
});

describe('the policy', () => {
  const { offered } = resolveAlgorithms(nobleProvider);

  it('has no insecure algorithm unless it was told to', () => {
    const names = Object.values(offered).flat();
    expect(NAMES).toHaveLength(10);
    expect(names.filter((name) => NAMES.includes(name))).toEqual([]);
    for (const name of NAMES) expect(insecureRisk(name)).toMatch(/^it|^in CBC/);
  });

  it('puts each one behind everything else of its kind, and nothing else changes', () => {
    for (const name of NAMES) {
      const { offered: now, crypto } = resolveAlgorithms(nobleProvider, { insecure: [name] });
      for (const slot of ['kex', 'hostKey', 'ciphers', 'macs'] as const) {
        const added = now[slot].length > offered[slot].length;
        expect(now[slot]).toEqual(added ? [...offered[slot], name] : offered[slot]);
      }
      expect(Object.values(now).flat()).toContain(name);
      expect(Object.values(crypto.insecure).flat()).toHaveLength(NAMES.length);
    }
  });

  it('is refused when it names one without opting in, and says how to', () => {
    for (const name of NAMES) {
      const { insecure, ...policy } = only(name);
      expect(() => resolveAlgorithms(nobleProvider, policy)).toThrow(RangeError);
      expect(() => resolveAlgorithms(nobleProvider, policy)).toThrow(`insecure: ['${name}']`);
      expect(() => resolveAlgorithms(nobleProvider, policy)).toThrow(insecureRisk(name));
      expect(resolveAlgorithms(nobleProvider, { ...policy, insecure: insecure ?? [] }).offered).toBeDefined();
    }
    expect(() =>
      resolveAlgorithms(nobleProvider, { kex: { allow: ['diffie-hellman-group1-sha1'] } }),
    ).toThrow('opt in with');
  });

  it('is refused when it opts into what is not there, or not insecure, or is no list', () => {
    for (const name of ['arcfour', 'aes256-ctr', '', 'none']) {
      expect(() => resolveAlgorithms(nobleProvider, { insecure: [name] })).toThrow(RangeError);
    }
    for (const insecure of ['ssh-rsa', { allow: ['ssh-rsa'] }, [1]]) {
      const algorithms = { insecure } as unknown as AlgorithmPolicy;
      expect(() => new SSHConnection({ host: 'h', algorithms })).toThrow(TypeError);
    }
  });

  it('lets our own keys sign with what its slot says', () => {
    const names = (policy: AlgorithmPolicy): readonly string[] =>
      resolveAlgorithms(nobleProvider, policy).userCrypto.signatures.map(({ name }) => name);
    expect(names({})).not.toContain('ssh-rsa');
    expect(names({ insecure: ['ssh-rsa'] })).toContain('ssh-rsa');
    expect(names({ insecure: ['ssh-rsa'], publicKey: { deny: ['ssh-rsa'] } })).not.toContain('ssh-rsa');
    expect(names({ publicKey: ['ssh-ed25519'] })).toEqual(['ssh-ed25519']);
    expect(() => names({ publicKey: ['ssh-rsa'] })).toThrow('opt in with');
  });
});

/** Algorithms of the signatures that were sent to log in. */
function signedWith(connection: SSHConnection): readonly unknown[] {
  return connection
    .getEvidenceBundle()
    .events.filter(({ data }) => 'stage' in data && data.stage === 'sign')
    .map(({ data }) => ('algorithm' in data ? data.algorithm : undefined));
}
