import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ScratchDir, type Sshd, scratchDir, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import {
  createNodeProvider,
  EventCollector,
  type HostKeyChange,
  SSHConnection,
  type SSHConnectionOptions,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optionsFor } from './lab.ts';
import { options, ourServer } from './own-server.ts';

let scratch: ScratchDir;
let files = 0;
beforeAll(() => {
  scratch = scratchDir('rotation');
});
afterAll(() => scratch.remove());

function known(text: string): string {
  files += 1;
  const path = join(scratch.path, `known_hosts-${files}`);
  writeFileSync(path, text, { mode: 0o640 });
  return path;
}

/** Connects, waits until the server's announcement was dealt with, and closes. @returns the verdicts of HOST_KEY events. */
async function visit(given: SSHConnectionOptions): Promise<readonly (string | undefined)[]> {
  const eventCollector = new EventCollector();
  const connection = await SSHConnection.connect({ updateHostKeys: true, ...given, eventCollector });
  // The announcement comes right behind the login, the proofs before the answer to this.
  await connection.ping();
  await connection.ping();
  await connection.close();
  return eventCollector.getByType('HOST_KEY').map(({ data }) => data.verdict);
}

describe.skipIf(!sshdAvailable())('the host keys that OpenSSH tells', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa-256', 'rsa'] });
  });
  afterAll(() => sshd.stop());
  const first = (): string => `${sshd.knownHostsLine('ed25519')}\n`;
  const keysIn = (path: string): readonly string[] =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(-2).join(' '));
  const all = (): readonly string[] =>
    sshd.hostKeys.map(({ publicLine }) => publicLine.split(' ').slice(0, 2).join(' ')).sort();

  it('are learned when they are proven, and the file keeps its mode', async () => {
    const path = known(first());
    expect(await visit(optionsFor(sshd, { knownHosts: path }))).toEqual(['trusted', 'learned', 'learned']);
    expect([...keysIn(path)].sort()).toEqual(all());
    expect(statSync(path).mode & 0o777).toBe(0o640);
    // Nothing is left to learn, and every one of them is good for the next visit.
    expect(await visit(optionsFor(sshd, { knownHosts: path }))).toEqual(['trusted']);
    const { rsa } = {
      rsa: optionsFor(sshd, { knownHosts: path, algorithms: { hostKey: ['rsa-sha2-256'] } }),
    };
    expect(await visit(rsa)).toEqual(['trusted']);
  });

  it('are proven by an RSA key too when that is the one that was shown', async () => {
    const path = known(`${sshd.knownHostsLine('rsa')}\n`);
    expect(await visit(optionsFor(sshd, { knownHosts: path }))).toEqual(['trusted', 'learned', 'learned']);
    expect([...keysIn(path)].sort()).toEqual(all());
  });

  it('are forgotten when the server has them no more, and nothing else in the file changes', async () => {
    await using other = await startSshd();
    const gone = `[${sshd.host}]:${sshd.port} ${other.hostKeys[0]?.publicLine.split(' ').slice(0, 2).join(' ')}`;
    const rest = `# mine\n\n${other.knownHostsLine()}\nbroken line\n`;
    const path = known(`${gone}\n${rest}${sshd.knownHostsLine('ed25519')}\n${sshd.knownHostsLine('rsa')}\n`);
    const verdicts = await visit(optionsFor(sshd, { knownHosts: path }));
    expect(verdicts).toEqual(['trusted', 'learned', 'forgotten']);
    const text = readFileSync(path, 'utf8');
    expect(text.startsWith(rest)).toBe(true);
    expect(text).not.toContain(gone);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('are written with hashed names when that is wanted', async () => {
    const path = known(first());
    await visit(optionsFor(sshd, { knownHosts: path, hashKnownHosts: true }));
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.slice(1).every((line) => line.startsWith('|1|'))).toBe(true);
    expect(await visit(optionsFor(sshd, { knownHosts: path }))).toEqual(['trusted']);
  });

  it('are written through a symbolic link, which stays one', async () => {
    await using other = await startSshd();
    const gone = `[${sshd.host}]:${sshd.port} ${other.hostKeys[0]?.publicLine.split(' ').slice(0, 2).join(' ')}`;
    const path = known(`${gone}\n${first()}`);
    const link = `${path}-link`;
    symlinkSync(path, link);
    await visit(optionsFor(sshd, { knownHosts: link }));
    expect(readFileSync(path, 'utf8')).not.toContain(gone);
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('change nothing unless it is asked for, and a function has the last word', async () => {
    for (const updateHostKeys of [undefined, false, () => false, () => Promise.reject(new Error('no'))]) {
      const path = known(first());
      const given = updateHostKeys === undefined ? {} : { updateHostKeys };
      const connection = await SSHConnection.connect(optionsFor(sshd, { knownHosts: path, ...given }));
      await connection.ping();
      await connection.ping();
      await connection.close();
      expect(readFileSync(path, 'utf8')).toBe(first());
    }
    const changes: HostKeyChange[] = [];
    const path = known(first());
    await visit(
      optionsFor(sshd, {
        knownHosts: path,
        updateHostKeys: (change) => {
          changes.push(change);
          return true;
        },
      }),
    );
    expect(changes).toMatchObject([{ host: sshd.host, port: sshd.port, forgotten: [] }]);
    expect(changes[0]?.learned).toHaveLength(2);
    expect(keysIn(path)).toHaveLength(3);
  });

  it('change nothing for a host known by a pattern, by its CA, or in another file than the first', async () => {
    const [, ...key] = sshd.knownHostsLine('ed25519').split(' ');
    const ca = `@cert-authority ${sshd.host} ${key.join(' ')}`;
    for (const text of [
      `[127.0.0.*]:${sshd.port} ${key.join(' ')}\n`,
      `${first()}@cert-authority * ${key.join(' ')}\n`,
    ]) {
      const path = known(text);
      expect(await visit(optionsFor(sshd, { knownHosts: path }))).toEqual(['trusted']);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    expect(ca).toContain(sshd.host);
    const empty = known('');
    expect(await visit(optionsFor(sshd, { knownHosts: [empty, known(first())] }))).toEqual(['trusted']);
    expect(readFileSync(empty, 'utf8')).toBe('');
  });

  it('T092 that were revoked are never learned', async () => {
    const [name, ...rsa] = sshd.knownHostsLine('rsa').split(' ');
    const path = known(`${first()}@revoked ${name} ${rsa.join(' ')}\n`);
    expect(await visit(optionsFor(sshd, { knownHosts: path }))).toEqual(['trusted', 'learned']);
    expect(readFileSync(path, 'utf8').match(/ssh-rsa/g)).toHaveLength(1);
  });

  it('T089 that cannot be written are a warning and nothing else', async () => {
    const path = known(first());
    const eventCollector = new EventCollector();
    // The file is there when it is read, and its folder is gone when it is written.
    const connection = await SSHConnection.connect(
      optionsFor(sshd, {
        knownHosts: path,
        eventCollector,
        updateHostKeys: () => {
          throw new RangeError('the disk is gone');
        },
      }),
    );
    await connection.ping();
    await connection.ping();
    await connection.close();
    const last = eventCollector.getByType('HOST_KEY').at(-1)?.data;
    expect(last).toMatchObject({
      verdict: 'not-learned',
      warning: expect.stringContaining('the disk is gone'),
    });
    expect(last?.fingerprints).toHaveLength(2);
  });
});

describe('the host keys that a lying server tells', () => {
  it('T092 are not learned when the proof is wrong, not even those whose proof was right', async () => {
    const node = createNodeProvider();
    const liar = {
      ...node,
      signatures: node.signatures.map((suite) => ({
        ...suite,
        sign: (...args: Parameters<typeof suite.sign>) => {
          const signature = suite.sign(...args);
          const isProof = Buffer.from(args[1]).includes('hostkeys-prove-00');
          if (isProof && suite.name.startsWith('ecdsa')) signature[9] = (signature[9] ?? 0) ^ 1;
          return signature;
        },
      })),
    };
    const { generateKey } = await import('nbs-ssh');
    const made = await Promise.all((['ed25519', 'ecdsa', 'rsa'] as const).map((type) => generateKey(type)));
    const server = await ourServer({ hostKeys: made.map((key) => key.material), crypto: liar });
    const line = server.hostKeyLines.find((text) => text.includes('ssh-ed25519')) as string;
    const path = known(`${line}\n`);
    const given = options(server.address.port, { knownHosts: path, hostKeyPolicy: 'strict' });
    expect(await visit(given)).toEqual(['trusted', 'not-learned']);
    expect(readFileSync(path, 'utf8')).toBe(`${line}\n`);
    await server.close();
  });
});
