import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateEd25519 } from '@nbs-ssh/auth';
import { type CommandResult, findProgram, run } from '@nbs-ssh/testing';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { formatPublicKeyLine, publicKeyOf } from '@nbs-ssh/transport/keys';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtCli, type Cli, type Finished } from './cli.ts';

const sshKeygen = findProgram('ssh-keygen');
let cli: Cli;
let text: string;
beforeAll(async () => {
  cli = await builtCli();
  const line = (comment = ''): string =>
    `${formatPublicKeyLine(publicKeyOf(generateEd25519(nobleProvider)))}${comment}`;
  text = [
    '# a remark',
    `alpha,beta ${line(' old office')}`,
    '',
    `[alpha]:2222\t${line()}`,
    `*.example.org,!db.example.org ${line()}`,
    `  Gamma  ${line()}`,
    `@cert-authority alpha ${line()}`,
    `@revoked alpha ${line()}`,
    `omega ${line()}`,
    '',
  ].join('\n');
});
afterAll(() => cli[Symbol.dispose]());
beforeEach(() => {
  for (const name of ['ours', 'theirs']) {
    writeFileSync(at(name), text);
    chmodSync(at(name), 0o640);
  }
});

const at = (name: string): string => join(cli.scratch.path, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');
const ours = (...args: readonly string[]): Promise<Finished> =>
  cli.run(['keygen', ...args, '-f', at('ours')]);
const theirs = (...args: readonly string[]): Promise<CommandResult> =>
  run(sshKeygen ?? '', [...args, '-f', at('theirs')]);
const LOWER = ['alpha', 'beta', '[alpha]:2222', 'www.example.org', 'db.example.org', 'gamma', 'omega'];
/** ssh looks for hosts in lower case; ssh-keygen does so for names that are not hashed only. */
const hosts = [...LOWER, 'ALPHA'];

describe.skipIf(sshKeygen === undefined)('nbs-ssh keygen on known_hosts, beside ssh-keygen', () => {
  it('-F shows the same lines and fingerprints, and -q only those', async () => {
    for (const host of hosts) {
      for (const more of [[], ['-l'], ['-l', '-E', 'md5'], ['-q']]) {
        const [mine, official] = await Promise.all([ours('-F', host, ...more), theirs('-F', host, ...more)]);
        expect(mine.stdout, `${host} ${more.join(' ')}`).toBe(official.stdout);
        expect(mine.exitCode).toBe(official.exitCode);
      }
    }
  });

  it('-F finds hashed hosts, and with -H shows lines that ssh-keygen finds', async () => {
    await theirs('-H');
    writeFileSync(at('ours'), read('theirs'));
    expect((await ours('-F', 'ALPHA', '-q')).stdout).toBe((await ours('-F', 'alpha', '-q')).stdout);
    for (const host of LOWER) expect((await ours('-F', host)).stdout).toBe((await theirs('-F', host)).stdout);
    writeFileSync(at('ours'), text);
    const hashed = await ours('-F', 'alpha', '-H', '-q');
    writeFileSync(at('theirs'), hashed.stdout);
    expect((await theirs('-F', 'beta', '-q')).stdout).toMatch(/^\|1\|\S+ ssh-ed25519 \S+ old office\n$/);
  });

  it('-R leaves the same file, and the one before it beside it', async () => {
    for (const host of hosts) {
      writeFileSync(at('ours'), text);
      writeFileSync(at('theirs'), text);
      const [mine, official] = await Promise.all([ours('-R', host), theirs('-R', host)]);
      expect(read('ours'), host).toBe(read('theirs'));
      expect(mine.exitCode).toBe(official.exitCode);
      const named = (output: string): string => output.replaceAll(at('theirs'), at('ours'));
      // ssh-keygen rewrites the file also when there was nothing to remove.
      if (read('ours') !== text) expect(mine.stdout).toBe(named(official.stdout));
    }
    expect(read('ours.old')).toBe(text);
    expect(statSync(at('ours')).mode & 0o777).toBe(0o640);
    const absent = await ours('-R', 'nobody');
    expect(absent).toMatchObject({ exitCode: 0, stdout: '' });
    expect(absent.stderr).toBe(`Host nobody not found in ${at('ours')}\n`);
  });

  it('-H hides each name by itself, and keeps what ssh-keygen keeps', async () => {
    const mine = await ours('-H');
    const official = await theirs('-H');
    expect(mine.stdout).toBe(official.stdout.replaceAll(at('theirs'), at('ours')));
    const shape = (name: string): string => read(name).replace(/\|1\|\S+/g, '|1|');
    expect(shape('ours')).toBe(shape('theirs'));
    expect(read('ours.old')).toBe(text);
    expect(mine.stderr).toContain(`${at('ours.old')} contains unhashed entries`);
    writeFileSync(at('theirs'), read('ours'));
    for (const host of LOWER) {
      expect((await theirs('-F', host, '-q')).stdout).toBe((await ours('-F', host, '-q')).stdout);
    }
    const hidden = read('ours');
    await ours('-H');
    expect(read('ours')).toBe(hidden);
  });
});

describe('nbs-ssh keygen on known_hosts', () => {
  it('says that a host is not there, that a file is not there, and what makes no sense', async () => {
    const unknown = await ours('-F', 'nobody');
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unknown.lines[0]).toContain('Host nobody is not in');
    const missing = await cli.run(['keygen', '-R', 'alpha', '-f', at('missing')]);
    expect(missing).toMatchObject({ exitCode: 255, stdout: '' });
    expect(existsSync(at('missing'))).toBe(false);
    for (const args of [
      ['-F', 'a', '-R', 'b'],
      ['-R', 'a', '-H'],
      ['-R', 'a', '-l'],
      ['-F', ''],
      ['-H', '-p'],
    ]) {
      expect((await ours(...args)).exitCode, args.join(' ')).toBe(1);
    }
    expect(read('ours')).toBe(text);
  });

  it('keeps lines that it does not understand', async () => {
    const odd = `alpha not-a-key\n${text}\u0000\n`;
    writeFileSync(at('ours'), odd);
    expect((await ours('-R', 'omega')).exitCode).toBe(0);
    expect(read('ours')).toContain('alpha not-a-key\n# a remark\n');
    const told = await ours('-H');
    expect(told.stderr).toContain(`${at('ours')}:1: invalid line, which stays as it is`);
    expect(read('ours')).toContain('alpha not-a-key\n# a remark\n|1|');
  });
});
