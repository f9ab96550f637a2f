import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventCollector } from '@nbs-ssh/evidence';
import {
  type CertificateOptions,
  certify,
  type KeyFile,
  makeKey,
  type OpensshBinaries,
  scratchDir,
} from '@nbs-ssh/testing';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import { authorizedKeys, type ServerAuthHandlers, type ServerOptions } from '../src/index.ts';
import {
  clientEnv,
  type Finished,
  type Fixture,
  PASSWORD,
  runBytes,
  sshpass,
  startServer,
  system,
  USER,
} from './support.ts';

describe.skipIf(!system.available)('certificates at our server, with the OpenSSH client', () => {
  const binaries = (system.available ? system.binaries : undefined) as OpensshBinaries;
  const scratch = scratchDir('certificates');
  const GOOD: CertificateOptions = { keyId: 'a tester', serial: 5n, principals: ['other', USER] };
  let ca: KeyFile;
  let otherCa: KeyFile;
  let keys = 0;

  beforeAll(async () => {
    ca = await makeKey(binaries, scratch.path, 'ca', 'ed25519');
    otherCa = await makeKey(binaries, scratch.path, 'other_ca', 'rsa');
  });
  afterAll(() => scratch.remove());

  async function certified(options: CertificateOptions = GOOD, by = ca, type = 'ed25519'): Promise<KeyFile> {
    keys += 1;
    const key = await makeKey(binaries, scratch.path, `key-${keys}`, type as 'ed25519');
    await certify(binaries, by, key, options);
    return key;
  }
  const start = (auth: Partial<ServerAuthHandlers> = {}, more: Partial<ServerOptions> = {}) =>
    startServer({ auth: { trustedUserCAKeys: [ca.publicLine, otherCa.publicLine], ...auth }, ...more });
  const ssh = (
    fixture: Fixture,
    key: KeyFile,
    command: readonly string[] = ['echo in'],
    ...more: readonly string[]
  ): Promise<Finished> => {
    const args = [...fixture.arguments('-i', key.path, '-o', 'BatchMode=yes', ...more), ...command];
    return runBytes(binaries.ssh, args, { env: clientEnv(binaries) });
  };
  async function letsIn(fixture: Fixture, key: KeyFile, ...more: readonly string[]): Promise<boolean> {
    const { exitCode, stdout, stderr } = await ssh(fixture, key, ['echo in'], ...more);
    if (exitCode === 0) assert.equal(stdout.toString(), 'in\n');
    else assert.match(stderr, /Permission denied/);
    return exitCode === 0;
  }

  it('let their users in, with keys of every type and by CAs of several', async () => {
    await using fixture = await start();
    for (const type of ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa']) {
      assert.equal(await letsIn(fixture, await certified(GOOD, ca, type)), true, type);
    }
    assert.equal(await letsIn(fixture, await certified(GOOD, otherCa)), true);
    assert.deepEqual(fixture.errors, []);
  });

  it('T090 are refused when expired, early, for others, for nobody, for hosts, or of an unknown CA', async () => {
    const eventCollector = new EventCollector();
    const stranger = await makeKey(binaries, scratch.path, 'stranger_ca', 'ed25519');
    await using fixture = await start({}, { eventCollector });
    for (const options of [
      { ...GOOD, validity: '-2h:-1h' },
      { ...GOOD, validity: '+1h:+2h' },
      { ...GOOD, principals: ['other'] },
      { ...GOOD, principals: [] },
      { ...GOOD, host: true },
      { ...GOOD, options: ['critical:x@example.org'] },
      { ...GOOD, options: ['source-address=192.0.2.0/24'] },
    ]) {
      assert.equal(await letsIn(fixture, await certified(options)), false, JSON.stringify(options.options));
    }
    assert.equal(await letsIn(fixture, await certified(GOOD, stranger)), false);
    const sha1 = await certified({ ...GOOD, signatureAlgorithm: 'ssh-rsa' }, otherCa);
    assert.equal(await letsIn(fixture, sha1), false);
    const told = eventCollector.events.flatMap(({ data }) => ('key_id' in data ? [data.key_id] : []));
    assert.equal(told.includes('a tester'), true);
    const problems = eventCollector.events.flatMap(({ data }) =>
      'certificate_problem' in data ? [data.certificate_problem] : [],
    );
    for (const problem of ['expired', 'not-yet-valid', 'wrong-principal', 'no-principals']) {
      assert.include(problems, problem);
    }
    for (const problem of ['critical-option', 'source-address', 'untrusted-ca', 'ca-algorithm']) {
      assert.include(problems, problem);
    }
  });

  it('do not make their key one that is let in by itself, nor the other way round', async () => {
    const key = await certified();
    const plain = await makeKey(binaries, scratch.path, 'plain', 'ed25519');
    await using byKey = await startServer({ auth: { publicKey: authorizedKeys([plain.publicLine]) } });
    assert.equal(await letsIn(byKey, key), false);
    await certify(binaries, ca, plain, { ...GOOD, validity: '-2h:-1h' });
    // The certificate counts for nothing, and the key is tried next.
    assert.equal(await letsIn(byKey, plain), true);
    await using byCa = await start();
    assert.equal(await letsIn(byCa, plain), false);
  });

  it('are shown to a handler that can refuse them, with their facts', async () => {
    const seen: unknown[] = [];
    await using fixture = await start({
      certificate: ({ certificate, username, publicKey }) => {
        seen.push([username, certificate.keyId, certificate.serial, publicKey.certificate.type]);
        return certificate.serial !== '6';
      },
    });
    assert.equal(await letsIn(fixture, await certified()), true);
    assert.equal(await letsIn(fixture, await certified({ ...GOOD, serial: 6n })), false);
    assert.deepEqual(seen[0], [USER, 'a tester', '5', 'user']);
  });

  it('are obeyed: the forced command runs in place of any other, of a shell, and of a subsystem', async () => {
    await using fixture = await start();
    const key = await certified({ ...GOOD, options: ['force-command=echo "forced: $SSH_ORIGINAL_COMMAND"'] });
    for (const [command, output] of [
      [['echo mine'], 'forced: echo mine\n'],
      [[], 'forced: \n'],
      [['-s', 'sftp'], 'forced: sftp\n'],
    ] as const) {
      const { stdout, exitCode } = await ssh(fixture, key, command);
      assert.equal(exitCode, 0);
      assert.equal(stdout.toString(), output);
    }
  });

  it('are obeyed: from another address than theirs nobody comes in', async () => {
    await using fixture = await start();
    for (const [list, inside] of [
      ['127.0.0.0/8', true],
      ['::1/128,127.0.0.1', true],
      ['10.0.0.0/8,192.0.2.1/32', false],
      ['::ffff:127.0.0.1/128', false],
    ] as const) {
      const key = await certified({ ...GOOD, options: [`source-address=${list}`] });
      assert.equal(await letsIn(fixture, key), inside, list);
    }
  });

  it('are obeyed: a terminal is granted only by permit-pty', async () => {
    await using fixture = await start({}, { allowPty: true, exec: ({ pty }) => (pty === undefined ? 1 : 0) });
    assert.equal((await ssh(fixture, await certified(), ['x'], '-tt')).exitCode, 0);
    const key = await certified({ ...GOOD, options: ['no-pty'] });
    const refused = await ssh(fixture, key, ['x'], '-tt');
    assert.match(refused.stderr, /PTY allocation request failed/);
    assert.notEqual(refused.exitCode, 0);
  });

  it.skipIf(sshpass === undefined)(
    'T132 are obeyed when a password completes the login, in either order',
    async () => {
      const password: ServerAuthHandlers['password'] = ({ matches }) => matches(PASSWORD);
      for (const required of [
        [['publickey', 'password']],
        [['password', 'publickey']],
      ] as const satisfies ServerAuthHandlers['required'][]) {
        await using fixture = await start({ password, required }, { allowPty: true });
        const both = async (options: readonly string[]): Promise<Finished> => {
          const key = await certified({ ...GOOD, options });
          const args = fixture.arguments('-i', key.path, '-o', 'NumberOfPasswordPrompts=1');
          return runBytes(sshpass as string, ['-p', PASSWORD, binaries.ssh, ...args, 'echo mine'], {
            env: clientEnv(binaries),
          });
        };
        assert.equal((await both(['force-command=echo forced'])).stdout.toString(), 'forced\n');
        assert.equal((await both([])).stdout.toString(), 'mine\n');
        for (const list of ['192.0.2.0/24', '']) {
          const { exitCode, stdout } = await both([`critical:source-address=${list}`]);
          assert.notEqual(exitCode, 0, list);
          assert.equal(stdout.toString(), '');
        }
      }
    },
  );

  it('of the host itself are shown, and trusted by the real client through @cert-authority', async () => {
    const host = await makeKey(binaries, scratch.path, 'host', 'ed25519');
    const key = await certified();
    const lines = (name: string, line: string): string =>
      `@cert-authority ${name} ${line.split(' ').slice(0, 2).join(' ')}\n`;
    for (const [options, trusted] of [
      [{ principals: ['127.0.0.1'] }, true],
      [{ principals: ['192.0.2.1'] }, false],
      [{ principals: ['127.0.0.1'], validity: '-2h:-1h' }, false],
    ] as const) {
      const { line } = await certify(binaries, ca, host, { ...options, host: true });
      const hostKeys = [{ key: readFileSync(host.path, 'utf8'), certificate: line }];
      await using fixture = await start({}, { hostKeys });
      assert.equal(fixture.server.fingerprints.length, 1);
      assert.equal(await letsIn(fixture, key), true, 'by its plain key');
      const path = join(scratch.path, 'authority');
      writeFileSync(path, lines(`[127.0.0.1]:${fixture.server.address.port}`, ca.publicLine));
      const settings = ['-o', `UserKnownHostsFile=${path}`];
      const args = [...settings, ...fixture.arguments('-i', key.path, '-o', 'BatchMode=yes'), 'true'];
      const { exitCode, stderr } = await runBytes(binaries.ssh, args, { env: clientEnv(binaries) });
      assert.equal(exitCode === 0, trusted, stderr);
    }
  });

  it('of the host itself are refused on start when they are another key’s, a user’s, or none', async () => {
    const host = await makeKey(binaries, scratch.path, 'host2', 'ed25519');
    const another = await certified({ ...GOOD, host: true });
    const user = await certified();
    const certificate = (key: KeyFile): string => readFileSync(`${key.path}-cert.pub`, 'utf8');
    const attempt = async (key: KeyFile, text: string): Promise<unknown> => {
      try {
        await using _ = await start(
          {},
          {
            hostKeys: [{ key: readFileSync(key.path, 'utf8'), certificate: text }],
          },
        );
        return undefined;
      } catch (error) {
        return error;
      }
    };
    assert.instanceOf(await attempt(host, certificate(another)), RangeError);
    assert.instanceOf(await attempt(user, certificate(user)), RangeError);
    assert.instanceOf(await attempt(host, ''), RangeError);
    assert.include(String(await attempt(host, host.publicLine)), 'KEYS_NOT_CERTIFICATE');
  });
});
