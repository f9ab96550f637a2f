import { writeFileSync } from 'node:fs';
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { createNodeProvider } from '@nbs-ssh/transport/crypto/node';
import { formatPublicKeyLine, publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatOpensshPrivateKey } from '../../src/private-key/index.ts';
import { parseSshsig, signSshsig, sshsigProblem, sshsigRequest } from '../../src/sshsig/index.ts';
import { load } from '../private-key/loading.ts';
import { hasSshKeygen, workspace } from '../private-key/tools.ts';
import { crypto, MESSAGE, sign, verdict } from './signing.ts';

const space = workspace();
afterAll(() => space.remove());

const TYPES = [
  ['ed25519'],
  ['ecdsa', '-b', '256'],
  ['ecdsa', '-b', '384'],
  ['ecdsa', '-b', '521'],
  ['rsa', '-b', '2048'],
  ['rsa', '-b', '3072'],
] as const;

describe.skipIf(!hasSshKeygen)('signed messages, with ssh-keygen -Y', () => {
  const keys: { readonly name: string; readonly key: PrivateKeyMaterial }[] = [];

  beforeAll(() => {
    space.run('sh', '-c', `cat > message <<'END'\n${Buffer.from(MESSAGE).toString()}END`);
    let signers = '';
    for (const type of TYPES) {
      const name = type.join('');
      space.run('ssh-keygen', '-q', '-t', ...type, '-N', '', '-f', space.path(name));
      const { key } = load(space.read(name));
      keys.push({ name, key });
      signers += `me namespaces="file" ${formatPublicKeyLine(publicKeyOf(key))}\n`;
    }
    writeFileSync(space.path('signers'), signers);
  });

  /** What ssh-keygen says about a signature of the message. */
  const theirs = (armored: string, namespace = 'file'): string => {
    writeFileSync(space.path('sig'), armored);
    const verify = `ssh-keygen -Y verify -f signers -I me -n ${namespace} -s sig < message 2>&1 || true`;
    return space.run('sh', '-c', verify);
  };

  for (const hash of ['sha256', 'sha512'] as const) {
    it(`are accepted there and here, whoever signed: ${hash}`, () => {
      for (const { name, key } of keys) {
        expect(theirs(sign(key, 'file', hash))).toContain('Good "file" signature for me');
        const armored = space.run(
          'sh',
          '-c',
          `ssh-keygen -Y sign -q -f ${name} -n file -O hashalg=${hash} < message`,
        );
        expect(verdict(armored)).toBe('good');
        const { publicKey, hash: named } = parseSshsig(armored);
        expect(named).toBe(hash);
        expect(publicKey.blob).toEqual(publicKeyOf(key).blob);
        expect(verdict(armored, MESSAGE.subarray(1))).toBe('signature');
        expect(verdict(armored, MESSAGE, 'git')).toBe('namespace');
      }
      expect(keys).toHaveLength(TYPES.length);
    });
  }

  it('are byte for byte the same where signing is deterministic', () => {
    for (const { name, key } of keys) {
      if (key.type === 'ecdsa') continue;
      expect(sign(key)).toBe(space.run('sh', '-c', `ssh-keygen -Y sign -q -f ${name} -n file < message`));
    }
  });

  it('of RSA are rsa-sha2-512, and nothing else than SHA-2 is accepted', () => {
    const { key } = keys[4] as (typeof keys)[number];
    const publicKey = publicKeyOf(key);
    const message = { namespace: 'file', hash: 'sha512', digest: crypto.hash('sha512', MESSAGE) } as const;
    const { algorithm, data } = sshsigRequest(publicKey, message);
    expect(algorithm).toBe('rsa-sha2-512');
    const judged = (name: string, provider = crypto): unknown => {
      const signature = signData(provider, name, key, data);
      const sshsig = { publicKey, namespace: 'file', hash: 'sha512', signature } as const;
      return sshsigProblem(provider, sshsig, 'file', message.digest);
    };
    expect(judged('rsa-sha2-256')).toBeUndefined();
    const withSha1 = { ...crypto, signatures: [...crypto.signatures, ...crypto.insecure.signatures] };
    expect(judged('ssh-rsa', withSha1)).toBe('signature');
  });

  it('are the same with node:crypto', () => {
    const node = createNodeProvider();
    for (const { key } of keys) {
      const digest = node.hash('sha512', MESSAGE);
      const armored = signSshsig(node, key, publicKeyOf(key), { namespace: 'file', hash: 'sha512', digest });
      expect(sshsigProblem(node, parseSshsig(armored), 'file', digest)).toBeUndefined();
      expect(verdict(armored)).toBe('good');
      expect(theirs(armored)).toContain('Good');
    }
  });

  it('are refused there when they are for another purpose', () => {
    const { key } = keys[0] as (typeof keys)[number];
    expect(theirs(sign(key, 'git'))).toContain('namespace does not match');
    expect(theirs(sign(key, 'git'), 'git')).toContain('not permitted for use in signature namespace');
  });

  it('of a key that ssh-keygen reads from our file are accepted here', () => {
    for (const { key } of keys) {
      space.run(
        'sh',
        '-c',
        `umask 077; printf %s "${formatOpensshPrivateKey(key, 'x', crypto.random)}" > ours`,
      );
      expect(verdict(space.run('sh', '-c', 'ssh-keygen -Y sign -q -f ours -n file < message'))).toBe('good');
    }
  });
});
