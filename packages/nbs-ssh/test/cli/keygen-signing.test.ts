import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentPrograms, findProgram, startSshAgent } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, type Finished } from './cli.ts';

const sshKeygen = findProgram('ssh-keygen');
const MESSAGE = 'pay Bob 10\n';
let cli: Cli;
beforeAll(async () => {
  cli = await builtCli();
  for (const [name, ...type] of [
    ['a', 'ed25519'],
    ['b', 'ecdsa', '-b', '384'],
    ['r', 'rsa', '-b', '2048'],
  ] as const) {
    await keygen('-q', '-t', ...type, '-N', '', '-C', name, '-f', at(name));
  }
  writeFileSync(at('message'), MESSAGE);
  writeFileSync(at('signers'), ['a', 'b', 'r'].map((name) => `${name}@x ${text(`${name}.pub`)}`).join(''));
});
afterAll(() => cli[Symbol.dispose]());

const at = (name: string): string => join(cli.scratch.path, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');
const keygen = (...args: readonly string[]): Promise<Finished> =>
  cli.run(['keygen', ...args], { stdin: MESSAGE });
/** Input from a file: some of these read none, and a pipe to a program that has ended already is an error (EPIPE). */
const theirs = (args: readonly string[]): string => {
  const input = openSync(at('message'), 'r');
  try {
    return execFileSync(sshKeygen ?? '', args, { encoding: 'utf8', stdio: [input, 'pipe', 'pipe'] });
  } finally {
    closeSync(input);
  }
};
const verifying = (name: string, signature: string, ...more: readonly string[]): readonly string[] => [
  ...['-Y', 'verify', '-f', at('signers'), '-I', `${name}@x`, '-n', 'file', '-s', at(signature)],
  ...more,
];
const fingerprint = async (name: string): Promise<string> =>
  (await keygen('-lf', at(name))).stdout.split(' ')[1] ?? '';

describe('nbs-ssh keygen -Y', () => {
  it('signs files beside them, and standard input onto standard output', async () => {
    writeFileSync(at('first'), 'one');
    writeFileSync(at('second'), 'two');
    const { exitCode, stdout, stderr } = await keygen(
      '-Y',
      'sign',
      '-f',
      at('a'),
      '-n',
      'file',
      at('first'),
      at('second'),
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toBe(
      ['first', 'second']
        .map((name) => `Signing file ${at(name)}\nWrite signature to ${at(`${name}.sig`)}\n`)
        .join(''),
    );
    expect(statSync(at('first.sig')).mode & 0o777).toBe(0o644);
    const piped = await keygen('-Y', 'sign', '-q', '-f', at('a'), '-n', 'file');
    expect(piped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(piped.stdout).toMatch(/^-----BEGIN SSH SIGNATURE-----\n[\s\S]*\n-----END SSH SIGNATURE-----\n$/);
    const again = await keygen('-Y', 'sign', '-f', at('a'), '-n', 'git', at('first'));
    expect(again).toMatchObject({ exitCode: 1 });
    expect(again.stderr).toContain('exists already');
    const missing = await keygen('-Y', 'sign', '-q', '-f', at('a'), '-n', 'file', '/nowhere/file');
    expect(missing).toMatchObject({ exitCode: 255, stdout: '' });
  });

  it.skipIf(sshKeygen === undefined)(
    'and ssh-keygen -Y say the same about each other, for every type',
    async () => {
      for (const name of ['a', 'b', 'r']) {
        for (const hash of ['sha256', 'sha512']) {
          const ours = await keygen(
            '-Y',
            'sign',
            '-q',
            '-f',
            at(name),
            '-n',
            'file',
            '-O',
            `hashalg=${hash}`,
          );
          writeFileSync(at('sig'), ours.stdout);
          const good = theirs(verifying(name, 'sig'));
          expect((await keygen(...verifying(name, 'sig'))).stdout).toBe(good);
          writeFileSync(
            at('sig'),
            theirs(['-Y', 'sign', '-q', '-f', at(name), '-n', 'file', '-O', `hashalg=${hash}`]),
          );
          expect((await keygen(...verifying(name, 'sig'))).stdout).toBe(good);
          const shown = ['-Y', 'check-novalidate', '-n', 'file', '-s', at('sig'), '-O', 'print-pubkey'];
          expect((await keygen(...shown)).stdout).toBe(theirs(shown));
        }
        for (const more of [
          ['find-principals', '-s', at('sig')],
          ['match-principals', '-I', `${name}@x`],
        ]) {
          const args = ['-Y', ...more, '-f', at('signers')];
          expect((await keygen(...args)).stdout).toBe(theirs(args));
        }
      }
    },
  );

  it('signs with a certificate, or a .pub file, by the private key beside it', async () => {
    const plain = await keygen('-Y', 'sign', '-q', '-f', at('a.pub'), '-n', 'file');
    writeFileSync(at('pub.sig'), plain.stdout);
    expect((await keygen(...verifying('a', 'pub.sig'))).exitCode).toBe(0);
    if (sshKeygen !== undefined) {
      theirs(['-q', '-s', at('b'), '-I', 'id', '-n', 'a@x', at('a.pub')]);
      const shown = await keygen('-Y', 'sign', '-q', '-f', at('a-cert.pub'), '-n', 'file');
      writeFileSync(at('cert.sig'), shown.stdout);
      writeFileSync(at('authority'), `*@x cert-authority ${text('b.pub')}`);
      const args = [...verifying('a', 'cert.sig'), '-f', at('authority')];
      const good = await keygen(...args);
      expect(good.stdout).toMatch(/^Good "file" signature for a@x with ED25519-CERT key SHA256:/);
      expect(good.stdout).toBe(theirs(args));
      const other = await keygen(...args, '-I', 'b@x');
      expect(other.stderr).toContain('certificate of its signer does not hold, wrong-principal');
    }
    writeFileSync(at('mixed.pub'), text('b.pub'));
    writeFileSync(at('mixed'), text('a'), { mode: 0o600 });
    const mixed = await keygen('-Y', 'sign', '-q', '-f', at('mixed.pub'), '-n', 'file');
    expect(mixed).toMatchObject({ exitCode: 255, stdout: '' });
    expect(mixed.stderr).toContain('another one');
  });

  it.skipIf(agentPrograms() === undefined)(
    'signs by the agent where the private key is not at hand',
    async () => {
      await using agent = await startSshAgent();
      const env = { SSH_AUTH_SOCK: agent.socket };
      writeFileSync(at('away.pub'), text('r.pub'));
      const args = ['keygen', '-Y', 'sign', '-q', '-f', at('away.pub'), '-n', 'file'];
      const without = await cli.run(args, { stdin: MESSAGE, env });
      expect(without).toMatchObject({ exitCode: 255, stdout: '' });
      expect(without.lines[0]).toContain('The agent did not sign');
      expect((await cli.run(args, { stdin: MESSAGE })).lines[0]).toContain('SSH_AUTH_SOCK is not set');
      await agent.sshAdd(['-q', at('r')]);
      for (const more of [[], ['-U'], ['-U', '-f', at('r.pub')]]) {
        const signed = await cli.run([...args, ...more], { stdin: MESSAGE, env });
        expect(signed).toMatchObject({ exitCode: 0, stderr: '' });
        writeFileSync(at('away.sig'), signed.stdout);
        expect((await keygen(...verifying('r', 'away.sig'))).exitCode).toBe(0);
      }
    },
  );

  it.each([
    ['another signer', ['-I', 'b@x'], 'not allowed for this signer'],
    ['another purpose', ['-n', 'git'], 'another purpose'],
    ['a time before', ['-O', 'verify-time=20200101Z'], 'not valid yet'],
    ['a time after', ['-O', 'verify-time=20400101Z'], 'not valid any more'],
  ] as const)('does not verify for %s, and says why', async (_, changed, why) => {
    await keygen('-Y', 'sign', '-q', '-f', at('a'), '-n', 'file', at('message'));
    const limits = 'valid-after="20210101Z",valid-before="20390101Z"';
    writeFileSync(at('limited'), `a@x ${limits} ${text('a.pub')}`);
    const args = [...verifying('a', 'message.sig'), '-f', at('limited'), ...changed];
    const { exitCode, stdout, lines } = await keygen(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 255, stdout: 'Could not verify signature.\n' });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(why);
    expect(lines[0]).toContain(await fingerprint('a'));
    expect((await keygen(...args, '-q')).stdout).toBe('');
  });

  it('does not verify another message, a broken signature, or a revoked key', async () => {
    writeFileSync(at('sig'), (await keygen('-Y', 'sign', '-q', '-f', at('a'), '-n', 'file')).stdout);
    const other = await cli.run(['keygen', ...verifying('a', 'sig')], { stdin: 'pay Bob 1000\n' });
    expect(other).toMatchObject({ exitCode: 255, stdout: 'Could not verify signature.\n' });
    writeFileSync(at('broken'), text('sig').slice(0, -40));
    expect((await keygen(...verifying('a', 'broken'))).stderr).toContain('its end is missing');
    writeFileSync(at('revoked'), text('a.pub'));
    const revoked = await keygen(...verifying('a', 'sig', '-r', at('revoked')));
    expect(revoked.exitCode).toBe(255);
    expect(revoked.stderr).toContain('revoked');
    writeFileSync(at('revoked'), `${text('b.pub')}junk\n`);
    const unreadable = await keygen(...verifying('a', 'sig', '-r', at('revoked')));
    expect(unreadable).toMatchObject({ exitCode: 255, stdout: '' });
    expect(unreadable.stderr).toContain('line 2');
    expect((await keygen(...verifying('a', 'sig', '-r', '/nowhere/list'))).exitCode).toBe(255);
    writeFileSync(at('revoked'), text('b.pub'));
    expect((await keygen(...verifying('a', 'sig', '-r', at('revoked')))).exitCode).toBe(0);
  });

  it('tells which lines of the allowed signers it could not use', async () => {
    writeFileSync(at('sig'), (await keygen('-Y', 'sign', '-q', '-f', at('a'), '-n', 'file')).stdout);
    writeFileSync(at('bad'), `a@x\na@x bogus ${text('a.pub')}a@x ${text('a.pub')}`);
    const { exitCode, lines } = await keygen(...verifying('a', 'sig'), '-f', at('bad'));
    expect(exitCode).toBe(0);
    expect(lines).toEqual([`${at('bad')}:1: there is no key`, `${at('bad')}:2: unknown key option`]);
    writeFileSync(at('bad'), 'nobody\n');
    const none = await keygen('-Y', 'find-principals', '-f', at('bad'), '-s', at('sig'));
    expect(none.exitCode).toBe(255);
    expect(none.stderr).toContain('No principal matched.');
  });
});
