import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, type Finished } from './cli.ts';
import { shellWords, terminal } from './in-terminal.ts';

const sshKeygen = findProgram('ssh-keygen');
const script = findProgram('script');
let cli: Cli;
beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli[Symbol.dispose]());

const at = (name: string): string => join(cli.scratch.path, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');
const mode = (name: string): string => (statSync(at(name)).mode & 0o777).toString(8);
const keygen = (...args: readonly string[]): Promise<Finished> => cli.run(['keygen', ...args]);
const theirs = (...args: readonly string[]): string =>
  execFileSync(sshKeygen ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Exit status, and one line of cause and one of remedy. */
async function refused(
  ...args: readonly string[]
): Promise<{ readonly exitCode: number | null; readonly cause: string }> {
  const { exitCode, lines } = await keygen(...args);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^nbs-ssh: .*\.$/);
  return { exitCode, cause: lines[0] ?? '' };
}

describe('nbs-ssh keygen', () => {
  it('makes an ed25519 key by default, private to its owner, and says so as ssh-keygen does', async () => {
    const { exitCode, stdout, stderr } = await keygen('-N', '', '-C', 'me@here', '-f', at('plain'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect([mode('plain'), mode('plain.pub')]).toEqual(['600', '644']);
    expect(text('plain.pub')).toMatch(/^ssh-ed25519 \S+ me@here\n$/);
    if (sshKeygen === undefined) return;
    expect(theirs('-y', '-f', at('plain'))).toBe(text('plain.pub'));
    const [, fingerprint] = theirs('-l', '-f', at('plain.pub')).split(' ');
    const picture = theirs('-lv', '-f', at('plain.pub')).split('\n').slice(1).join('\n');
    expect(stdout).toBe(
      `Generating public/private ed25519 key pair.\nYour identification has been saved in ${at('plain')}\n` +
        `Your public key has been saved in ${at('plain.pub')}\nThe key fingerprint is:\n${fingerprint} me@here\n` +
        `The key's randomart image is:\n${picture}`,
    );
  });

  it.each([
    ['rsa', ['-b', '2048'], /^2048 .*\(RSA\)$/],
    ['rsa', [], /^3072 .*\(RSA\)$/],
    ['ecdsa', [], /^256 .*\(ECDSA\)$/],
    ['ecdsa', ['-b', '384'], /^384 .*\(ECDSA\)$/],
    ['ecdsa-sha2-nistp521', [], /^521 .*\(ECDSA\)$/],
    ['ed25519', ['-b', '1024'], /^256 .*\(ED25519\)$/],
  ] as const)('makes %s with %j, encrypted and quietly', async (type, bits, facts) => {
    const name = [type, ...bits].join('');
    const made = await keygen(
      '-q',
      '-t',
      type,
      ...bits,
      '-N',
      'pass word',
      '-a',
      '2',
      '-C',
      'c',
      '-f',
      at(name),
    );
    expect(made).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect((await keygen('-lf', at(name))).stdout.trim()).toMatch(facts);
    expect((await keygen('-y', '-P', 'pass word', '-f', at(name))).stdout).toBe(text(`${name}.pub`));
    if (sshKeygen === undefined) return;
    expect(theirs('-y', '-P', 'pass word', '-f', at(name))).toBe(text(`${name}.pub`));
  });

  it('takes the passphrase from the environment, and hands it to nobody', async () => {
    const env = { NBS_SSH_PASSPHRASE: 'from outside' };
    await cli.run(['keygen', '-q', '-a', '1', '-f', at('outside')], { env });
    expect((await refused('-y', '-f', at('outside'))).cause).toContain('encrypted');
    expect((await cli.run(['keygen', '-y', '-f', at('outside')], { env })).stdout).toBe(text('outside.pub'));
    const wrong = await cli.run(['keygen', '-y', '-f', at('outside')], {
      env: { NBS_SSH_PASSPHRASE: 'hunter-two' },
    });
    expect(wrong).toMatchObject({ exitCode: 255, stdout: '' });
    expect(wrong.stderr).toContain('does not open');
    expect(wrong.stderr).not.toContain('hunter');
  });

  it('overwrites neither a key nor a public key when there is nobody to ask', async () => {
    await keygen('-q', '-N', '', '-f', at('kept'));
    const before = [text('kept'), text('kept.pub')];
    expect(await refused('-q', '-N', '', '-f', at('kept'))).toMatchObject({ exitCode: 1 });
    expect([text('kept'), text('kept.pub')]).toEqual(before);
    writeFileSync(at('half.pub'), 'somebody else wrote this\n');
    expect(await refused('-q', '-N', '', '-f', at('half'))).toMatchObject({ exitCode: 1 });
    expect(() => statSync(at('half'))).toThrow();
    expect(text('half.pub')).toBe('somebody else wrote this\n');
  });

  it('changes a passphrase in place, through a link, whatever the format was', async () => {
    await keygen('-q', '-N', 'old', '-a', '1', '-C', 'comment', '-f', at('real'));
    symlinkSync(at('real'), at('link'));
    const changed = await keygen(
      '-p',
      '-P',
      'old',
      '-N',
      'new',
      '-a',
      '1',
      '-Z',
      'aes128-gcm@openssh.com',
      '-f',
      at('link'),
    );
    expect(changed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(changed.stdout).toContain("Key has comment 'comment'");
    expect(mode('real')).toBe('600');
    expect((await keygen('-y', '-P', 'new', '-f', at('real'))).stdout).toBe(text('real.pub'));
    expect((await refused('-y', '-P', 'old', '-f', at('real'))).exitCode).toBe(255);
    await keygen('-p', '-q', '-P', 'new', '-N', '', '-f', at('real'));
    expect((await keygen('-y', '-f', at('real'))).stdout).toBe(text('real.pub'));
    if (sshKeygen === undefined) return;
    theirs('-q', '-t', 'ecdsa', '-N', 'their words', '-m', 'PEM', '-f', at('pem'));
    await keygen('-p', '-q', '-P', 'their words', '-N', '', '-f', at('pem'));
    expect(text('pem')).toContain('BEGIN OPENSSH PRIVATE KEY');
    expect(theirs('-y', '-f', at('pem')).split(' ')[1]?.trim()).toBe(text('pem.pub').split(' ')[1]);
  });

  it('leaves a key as it was when the new passphrase cannot be had', async () => {
    await keygen('-q', '-N', '', '-f', at('untouched'));
    const before = text('untouched');
    expect((await refused('-p', '-f', at('untouched'))).exitCode).toBe(1);
    expect((await refused('-p', '-N', 'x', '-Z', 'rot13', '-f', at('untouched'))).exitCode).toBe(1);
    expect((await refused('-p', '-N', 'x', '-a', '9999', '-f', at('untouched'))).exitCode).toBe(1);
    expect(text('untouched')).toBe(before);
  });

  it('changes a comment in both files, and keeps the passphrase', async () => {
    await keygen('-q', '-N', 'kept words', '-a', '1', '-C', 'first', '-f', at('named'));
    const changed = await keygen('-c', '-P', 'kept words', '-a', '1', '-C', 'second', '-f', at('named'));
    expect(changed).toMatchObject({ exitCode: 0, stdout: "Old comment: first\nComment 'second' applied\n" });
    expect(text('named.pub')).toMatch(/ second\n$/);
    expect((await keygen('-y', '-P', 'kept words', '-f', at('named'))).stdout).toBe(text('named.pub'));
    expect((await refused('-y', '-f', at('named'))).cause).toContain('encrypted');
    expect((await refused('-c', '-P', 'kept words', '-C', 'a\nb', '-f', at('named'))).exitCode).toBe(1);
  });

  it.skipIf(sshKeygen === undefined)('shows fingerprints and pictures as ssh-keygen does', async () => {
    theirs('-q', '-t', 'rsa', '-b', '2048', '-N', '', '-C', 'a b', '-f', at('shown'));
    theirs('-q', '-t', 'ed25519', '-N', 'locked', '-C', 'l', '-f', at('locked'));
    theirs('-q', '-s', at('shown'), '-I', 'id', '-n', 'me', at('locked.pub'));
    const lines = [
      '# remark',
      text('shown.pub').trim(),
      `from="10.0.0.0/8",command="echo \\"hi there\\"" ${text('locked.pub').trim()}`,
      `|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= ${text('locked.pub').trim()}`,
      `@cert-authority *.example.org ${text('shown.pub').trim()}`,
      'not a key at all',
    ];
    writeFileSync(at('many'), `${lines.join('\n')}\n`);
    for (const file of ['shown', 'shown.pub', 'locked', 'locked.pub', 'locked-cert.pub']) {
      for (const args of [['-l'], ['-lv'], ['-l', '-E', 'md5'], ['-l', '-v', '-E', 'MD5']]) {
        expect((await keygen(...args, '-f', at(file))).stdout).toBe(theirs(...args, '-f', at(file)));
      }
    }
    // ssh-keygen passes over keys of certificate authorities.
    const shown = (await keygen('-lf', at('many'))).stdout.split('\n');
    expect(shown.slice(0, 3)).toEqual(theirs('-lf', at('many')).trim().split('\n'));
    expect(shown.slice(3)).toEqual([shown[0], '']);
    const piped = await cli.run(['keygen', '-lf', '-'], { stdin: text('shown.pub') });
    expect(piped.stdout).toBe(theirs('-lf', at('shown.pub')));
  });

  it.skipIf(sshKeygen === undefined)('converts public keys, which ssh-keygen reads back', async () => {
    theirs('-q', '-t', 'rsa', '-b', '2048', '-N', '', '-C', 'a b', '-f', at('converted'));
    for (const source of ['converted', 'converted.pub']) {
      writeFileSync(at('rfc4716'), (await keygen('-e', '-f', at(source))).stdout);
      expect(theirs('-i', '-f', at('rfc4716')).split(' ')[1]?.trim()).toBe(
        text('converted.pub').split(' ')[1],
      );
      expect((await keygen('-i', '-f', at('rfc4716'))).stdout).toBe(text('converted.pub'));
    }
    for (const format of ['RFC4716', 'PKCS8', 'PEM']) {
      writeFileSync(at('exported'), theirs('-e', '-m', format, '-f', at('converted.pub')));
      const line = (await keygen('-i', '-m', format, '-f', at('exported'))).stdout;
      expect(line.split(' ')[1]?.trim()).toBe(text('converted.pub').split(' ')[1]);
    }
    expect((await refused('-e', '-m', 'PKCS8', '-f', at('converted.pub'))).cause).toContain(
      'Not supported yet',
    );
  });

  it.each([
    ['an unknown letter', ['-j'], 1],
    ['an unknown word', ['--wrong'], 1],
    ['a letter without its value', ['-t'], 1],
    ['an operand', ['extra'], 1],
    ['a type that cannot be made', ['-t', 'dsa', '-N', ''], 1],
    ['a size that RSA has not', ['-t', 'rsa', '-b', '1024', '-N', '', '-f', '/nowhere/key'], 1],
    ['a size that ECDSA has not', ['-t', 'ecdsa', '-b', '300', '-N', '', '-f', '/nowhere/key'], 1],
    ['a size that is no number', ['-b', 'many'], 1],
    ['no rounds', ['-a', '0'], 1],
    ['no file', ['-l'], 1],
    ['two things at a time', ['-l', '-y'], 1],
    ['an unknown fingerprint', ['-l', '-E', 'sha1'], 1],
    ['what comes later', ['-L', '-f', 'x'], 1],
    ['making certificates', ['-s', 'ca', '-I', 'id'], 1],
    ['a namespace without -Y', ['-n', 'file'], 1],
    ['an agent without -Y sign', ['-U', '-l'], 1],
    ['an unknown -Y', ['-Y', 'bless'], 1],
    ['-Y sign without a purpose', ['-Y', 'sign', '-f', 'key'], 1],
    ['-Y sign with an empty purpose', ['-Y', 'sign', '-f', 'key', '-n', ''], 1],
    ['-Y verify without a name', ['-Y', 'verify', '-f', 'a', '-n', 'file', '-s', 's'], 1],
    ['an unknown -O', ['-Y', 'check-novalidate', '-n', 'x', '-s', 's', '-O', 'bogus=1'], 1],
    ['a hash that is not allowed', ['-Y', 'sign', '-f', 'k', '-n', 'x', '-O', 'hashalg=sha1'], 1],
    ['a time that is none', ['-Y', 'check-novalidate', '-n', 'x', '-s', 's', '-O', 'verify-time=noon'], 1],
    ['a folder that is not there', ['-N', '', '-f', '/nowhere/key'], 255],
    ['a key that is not there', ['-y', '-f', '/nowhere/key'], 255],
    ['a list that is not there', ['-l', '-f', '/nowhere/key'], 255],
    ['a folder in place of a file', ['-l', '-f', '/'], 255],
    ['no passphrase to be had', ['-f', '/nowhere/key'], 1],
  ] as const)('refuses %s with a cause and a remedy', async (_, args, exitCode) => {
    expect((await refused('-q', ...args)).exitCode).toBe(exitCode);
  });

  it('reads no private key that others can read', async () => {
    await keygen('-q', '-N', '', '-f', at('shared'));
    chmodSync(at('shared'), 0o644);
    expect((await refused('-y', '-f', at('shared'))).cause).toContain('0644');
  });

  it('shows its own help, and leaves a host of its name reachable', async () => {
    expect((await keygen('--help')).stdout).toMatch(/^usage: nbs-ssh keygen /);
    expect((await cli.run(['--help'])).stdout).toContain('nbs-ssh keygen');
    const { stderr } = await cli.run(['-o', 'BatchMode=yes', '-p', '1', '--', 'keygen', 'true']);
    expect(stderr).toMatch(/host/);
  });
});

describe.skipIf(script === undefined)('nbs-ssh keygen in a terminal', () => {
  const run = (
    args: readonly string[],
    typing: Parameters<typeof terminal>[3],
  ): ReturnType<typeof terminal> =>
    terminal(script ?? '', cli.env, shellWords([process.execPath, cli.file, 'keygen', ...args]), typing);

  it('asks where the key goes and twice for the passphrase, which is never shown', async () => {
    const { shown, exitCode } = await run(
      ['-a', '1', '-C', 'typed'],
      [
        [/File to save the key in \(.*id_ed25519\): /, '\r'],
        [/New passphrase \(empty for none\): /, 'open sesame\r'],
        [/The same again: /, 'open sesami\r'],
        [/New passphrase/, 'open sesame\r'],
        [/The same again: /, 'open sesame\r'],
      ],
    );
    expect(exitCode).toBe(0);
    expect(shown).not.toContain('sesam');
    const path = join('.ssh', 'id_ed25519');
    expect([mode('.ssh'), mode(path)]).toEqual(['700', '600']);
    expect((await keygen('-y', '-P', 'open sesame', '-f', at(path))).stdout).toBe(text(`${path}.pub`));
  });

  it('asks before it overwrites, and believes a no', async () => {
    mkdirSync(at('asked'));
    const path = join(cli.scratch.path, 'asked', 'key');
    await keygen('-q', '-N', '', '-C', 'old', '-f', path);
    const before = readFileSync(path, 'utf8');
    const args = ['-q', '-N', '', '-C', 'new', '-f', path];
    const no = await run(args, [[/Overwrite it \(y\/n\)\? /, 'n\r']]);
    expect(no.exitCode).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe(before);
    const yes = await run(args, [
      [/key exists already\. Overwrite it/, 'y\r'],
      [/key\.pub exists already\. Overwrite it/, 'yes\r'],
    ]);
    expect(yes.exitCode).toBe(0);
    expect(readFileSync(path, 'utf8')).not.toBe(before);
    expect(readFileSync(`${path}.pub`, 'utf8')).toMatch(/ new\n$/);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  });

  it('asks for the passphrase of a key that it opens', async () => {
    await keygen('-q', '-N', 'key words', '-a', '1', '-C', 'c', '-f', at('opened'));
    const { shown, exitCode } = await run(
      ['-y', '-f', at('opened')],
      [[/Passphrase for .*opened: /, 'key words\r']],
    );
    expect(exitCode).toBe(0);
    expect(shown).toContain(text('opened.pub').trim());
    expect(shown).not.toContain('key words');
    const interrupted = await run(['-y', '-f', at('opened')], [[/Passphrase for/, 'key\x03']]);
    expect(interrupted.exitCode).not.toBe(0);
  });
});
