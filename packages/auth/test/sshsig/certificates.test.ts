import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { softFidoProvider } from '@nbs-ssh/testing';
import { formatPublicKeyLine, type PublicKey, publicKeyOf } from '@nbs-ssh/transport/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatOpensshPrivateKey, generateEcdsa, generateEd25519 } from '../../src/private-key/index.ts';
import {
  checkSigner,
  isRevoked,
  parseAllowedSigners,
  parseSshsig,
  principalsOfKey,
} from '../../src/sshsig/index.ts';
import { hasSshKeygen, workspace } from '../private-key/tools.ts';
import { armor, crypto, MESSAGE, unarmor, verdict } from './signing.ts';

const space = workspace();
afterAll(() => space.remove());
const authority = generateEd25519(crypto);
const CA = formatPublicKeyLine(publicKeyOf(authority));
const OTHER = formatPublicKeyLine(publicKeyOf(generateEd25519(crypto)));
/** In the middle of what the certificates below allow. */
const NOW = Date.UTC(2022, 0) / 1000;
const TIME = '20220101000000Z';
const VALID = ['-V', '20210101000000Z:20230101000000Z'];

/** Certificates, and what they allow `me@x` under a line of their authority. */
const CERTIFICATES = [
  ['the signer', ['-n', 'me@x', ...VALID], 'allowed'],
  ['several', ['-n', 'you@x,me@x,me@y', ...VALID], 'allowed'],
  ['ever', ['-n', 'me@x'], 'allowed'],
  [
    'one command',
    ['-n', 'me@x', '-O', 'force-command=true', '-O', 'source-address=10.0.0.0/8', ...VALID],
    'allowed',
  ],
  ['others', ['-n', 'you@x', ...VALID], 'wrong-principal'],
  ['all that a pattern means', ['-n', '*@x', ...VALID], 'wrong-principal'],
  ['nobody', VALID, 'no-principals'],
  ['an earlier time', ['-n', 'me@x', '-V', '20200101000000Z:20210101000000Z'], 'expired'],
  ['a later time', ['-n', 'me@x', '-V', '20230101000000Z:20240101000000Z'], 'not-yet-valid'],
  ['a host', ['-h', '-n', 'me@x', ...VALID], 'wrong-type'],
] as const;

describe.skipIf(!hasSshKeygen)('signed with a certificate, with ssh-keygen -Y', () => {
  const signatures: string[] = [];

  beforeAll(() => {
    writeFileSync(space.path('message'), MESSAGE);
    const write = (name: string, key: typeof authority): void =>
      writeFileSync(space.path(name), formatOpensshPrivateKey(key, name, crypto.random), { mode: 0o600 });
    write('ca', authority);
    for (const [index, [, args]] of CERTIFICATES.entries()) {
      const key = index % 2 === 0 ? generateEd25519(crypto) : generateEcdsa('nistp256', crypto);
      write(`k${index}`, key);
      writeFileSync(space.path(`k${index}.pub`), `${formatPublicKeyLine(publicKeyOf(key))}\n`);
      space.run('ssh-keygen', '-q', '-s', 'ca', '-I', 'id', ...args, `k${index}.pub`);
      copyFileSync(space.path('message'), space.path(`m${index}`));
      space.run('ssh-keygen', '-Y', 'sign', '-q', '-f', `k${index}-cert.pub`, '-n', 'file', `m${index}`);
      signatures.push(space.read(`m${index}.sig`));
    }
  });

  const signerOf = (index: number): PublicKey => parseSshsig(signatures[index] as string).publicKey;
  const judge = (index: number, signers: string, namespace = 'file'): string => {
    const query = { publicKey: signerOf(index), identity: 'me@x', namespace, now: NOW };
    const result = checkSigner(crypto, parseAllowedSigners(signers), query);
    return result.type === 'allowed' ? 'allowed' : (result.certificate ?? result.problem);
  };
  const theirs = (index: number, signers: string, what: string): string => {
    writeFileSync(space.path('signers'), `${signers}\n`);
    const args = `-f signers -s m${index}.sig -O verify-time=${TIME}`;
    return space.run('sh', '-c', `ssh-keygen -Y ${what} ${args} 2>/dev/null < message || true`);
  };

  it.each(CERTIFICATES.map(([who, , expected], index) => [who, expected, index] as const))(
    'for %s: %s, and ssh-keygen agrees',
    (_, expected, index) => {
      const signers = `*@x cert-authority ${CA}`;
      expect(verdict(signatures[index] as string)).toBe('good');
      expect(judge(index, signers)).toBe(expected);
      const good = theirs(index, signers, 'verify -I me@x -n file').startsWith('Good');
      expect(good).toBe(expected === 'allowed');
      const principals = principalsOfKey(crypto, parseAllowedSigners(signers), signerOf(index), NOW);
      expect(principals).toEqual(theirs(index, signers, 'find-principals').split('\n').filter(Boolean));
    },
  );

  it('is allowed by no other line than one of its authority for that signer', () => {
    for (const [signers, expected] of [
      [`me@x ${CA}`, 'unknown-signer'],
      [`you@x cert-authority ${CA}`, 'unknown-signer'],
      [`me@x cert-authority ${OTHER}`, 'unknown-signer'],
      [`me@x cert-authority,namespaces="git" ${CA}`, 'namespace-not-allowed'],
      [`me@x cert-authority,valid-before="20210601Z" ${CA}`, 'expired'],
      [`me@x ${space.read('k0.pub').trim()}`, 'unknown-signer'],
      [`me@x ${space.read('k0-cert.pub').trim()}`, 'allowed'],
      [`you@x cert-authority ${CA}\nme@x cert-authority ${CA}`, 'allowed'],
    ] as const) {
      expect([signers, judge(0, signers)]).toEqual([signers, expected]);
      const good = theirs(0, signers, 'verify -I me@x -n file').startsWith('Good');
      expect([signers, good]).toEqual([signers, expected === 'allowed']);
    }
  });

  it('is revoked with its key, and with its authority', () => {
    const signer = signerOf(0);
    const revoked = (line: string): boolean =>
      isRevoked(
        parseAllowedSigners(`x ${line}`).entries.map(({ publicKey }) => publicKey),
        signer,
      );
    expect(
      [space.read('k0.pub'), CA, space.read('k0-cert.pub'), OTHER, space.read('k1.pub')].map((line) =>
        revoked(line.trim()),
      ),
    ).toEqual([true, true, true, false, false]);
  });

  it('that its authority did not sign is no signature', () => {
    const blob = unarmor(signatures[0] as string);
    const name = Buffer.from(blob).indexOf('me@x');
    const forged = blob.slice();
    forged.set(Buffer.from('it@x'), name);
    expect(verdict(armor(forged))).toBe('signature');
  });
});

const PROVIDER = softFidoProvider();
const hasAuthenticator = hasSshKeygen && PROVIDER !== undefined;
if (!hasAuthenticator)
  console.warn('openssh-tests is not installed: signatures by an authenticator are skipped');

describe.skipIf(!hasAuthenticator)('signed by an authenticator, with ssh-keygen -Y', () => {
  it.each(['ed25519-sk', 'ecdsa-sk'])('verifies here as there: %s', (type) => {
    writeFileSync(space.path('message'), MESSAGE);
    const run = (command: string): string =>
      space.run('sh', '-c', `SSH_SK_PROVIDER=${PROVIDER} ssh-keygen ${command}`);
    run(`-q -t ${type} -N '' -f ${type} >/dev/null`);
    const armored = run(`-Y sign -q -f ${type} -n file < message`);
    expect(verdict(armored)).toBe('good');
    expect(verdict(armored, MESSAGE.subarray(1))).toBe('signature');
    expect(verdict(armored, MESSAGE, 'git')).toBe('namespace');
    const line = readFileSync(space.path(`${type}.pub`), 'utf8');
    const { publicKey } = parseSshsig(armored);
    expect(line).toContain(formatPublicKeyLine(publicKey));
    const query = { publicKey, identity: 'me@x', namespace: 'file', now: NOW };
    expect(checkSigner(crypto, parseAllowedSigners(`me@x ${line}`), query).type).toBe('allowed');
    const blob = unarmor(armored);
    for (let at = blob.length - 5; at < blob.length; at += 1) {
      const changed = blob.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(verdict(armor(changed))).toBe('signature');
    }
  });
});
