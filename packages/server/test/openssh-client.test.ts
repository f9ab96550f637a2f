import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventCollector } from '@nbs-ssh/evidence';
import { type KeyFile, makeKey, type OpensshBinaries, scratchDir, watchForLeaks } from '@nbs-ssh/testing';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import type { ServerOptions } from '../src/index.ts';
import {
  clientEnv,
  type Finished,
  type Fixture,
  onlyKey,
  PASSWORD,
  runBytes,
  sha256,
  sshpass,
  startServer,
  system,
  USER,
} from './support.ts';

describe.skipIf(!system.available)('the OpenSSH client on our server', () => {
  const binaries = (system.available ? system.binaries : undefined) as OpensshBinaries;
  const scratch = scratchDir('client');
  let key: KeyFile;

  beforeAll(async () => {
    key = await makeKey(binaries, scratch.path, 'id', 'ed25519');
  });
  afterAll(() => scratch.remove());

  const start = (options: Partial<ServerOptions> = {}): Promise<Fixture> =>
    startServer({ ...onlyKey(key.publicLine), ...options });

  const ssh = (
    fixture: Fixture,
    command: readonly string[],
    options: { stdin?: Uint8Array | string; keep?: boolean; more?: readonly string[] } = {},
  ): Promise<Finished> => {
    const { more = [], ...rest } = options;
    const args = [...fixture.arguments('-i', key.path, '-o', 'BatchMode=yes', ...more), ...command];
    return runBytes(binaries.ssh, args, { ...rest, env: clientEnv(binaries) });
  };

  it('runs a command and gives its output, its errors and its exit status', async () => {
    await using fixture = await start();
    const result = await ssh(fixture, ['echo out; echo err >&2; exit 3']);
    assert.equal(result.exitCode, 3, result.stderr);
    assert.equal(result.stdout.toString(), 'out\n');
    assert.equal(result.stderr, 'err\n');
    assert.deepEqual(fixture.errors, []);
  });

  it('tells its host keys, and the client learns those that it proves to own', async () => {
    const keys = await Promise.all(
      (['ed25519', 'ecdsa-256', 'rsa'] as const).map((type) =>
        makeKey(binaries, scratch.path, `host-${type}`, type),
      ),
    );
    await using fixture = await start({ hostKeys: keys.map(({ path }) => readFileSync(path, 'utf8')) });
    const knownHosts = join(fixture.dir, 'known_hosts');
    const lines = readFileSync(knownHosts, 'utf8').trim().split('\n');
    for (const shown of ['ssh-ed25519', 'ssh-rsa']) {
      const first = lines.find((line) => line.includes(shown)) as string;
      writeFileSync(knownHosts, `${first}\n`);
      const result = await ssh(fixture, ['sleep 0.3; echo in'], { more: ['-o', 'UpdateHostKeys=yes'] });
      assert.equal(result.stdout.toString(), 'in\n', result.stderr);
      const learned = readFileSync(knownHosts, 'utf8').trim().split('\n');
      assert.deepEqual([...learned].sort(), [...lines].sort());
    }
    assert.deepEqual(fixture.errors, []);
  });

  it('gives every exit status from 0 to 255 that commands have', async () => {
    await using fixture = await start();
    for (const code of [0, 1, 127, 254]) {
      const { exitCode } = await ssh(fixture, [`exit ${code}`]);
      assert.equal(exitCode, code);
    }
  });

  it('tells the client when a handler leaves its input unread', async () => {
    await using fixture = await start({
      exec: async ({ stdin, stdout }) => {
        for await (const _ of stdin) break;
        await stdout.write('enough');
        return 0;
      },
    });
    const result = await ssh(fixture, ['x'], { stdin: randomBytes(5_000_000), more: ['-vv'] });
    assert.equal(result.stdout.toString(), 'enough');
    assert.match(result.stderr, /rtype eow@openssh\.com/);
    assert.equal(result.exitCode, 0);
  });

  it('tells the client which signal ended a command', async () => {
    await using fixture = await start();
    const result = await ssh(fixture, ['kill -TERM $$'], { more: ['-v'] });
    assert.equal(result.exitCode, 255);
    assert.match(result.stderr, /exit-signal/);
  });

  it('carries 50 MB to a command and back unchanged', { timeout: 240_000 }, async () => {
    await using fixture = await start();
    const sent = randomBytes(50_000_000);
    const result = await ssh(fixture, ['cat'], { stdin: sent, keep: false });
    assert.equal(result.exitCode, 0, result.stderr);
    assert.equal(result.length, sent.length);
    assert.equal(result.sha256, sha256(sent));
    assert.deepEqual(fixture.errors, []);
  });

  it('survives key exchanges in the middle of data in both directions', { timeout: 240_000 }, async () => {
    const collector = new EventCollector();
    await using fixture = await start({ eventCollector: collector, rekey: { bytes: 3_000_000 } });
    const sent = randomBytes(12_000_000);
    const result = await ssh(fixture, ['cat'], { stdin: sent, keep: false, more: ['-o', 'RekeyLimit=1M'] });
    assert.equal(result.exitCode, 0, result.stderr);
    assert.equal(result.sha256, sha256(sent));
    const exchanges = collector.getByType('KEX').filter(({ data }) => data.status === 'negotiated');
    assert.isAbove(exchanges.length, 5);
    assert.deepEqual(fixture.errors, []);
  });

  it('sends stdout and stderr at the same time without losing a byte of either', async () => {
    await using fixture = await start();
    const script = 'head -c 3000000 /dev/zero >&2 & head -c 5000000 /dev/zero; wait';
    const result = await ssh(fixture, [script], { keep: false });
    assert.equal(result.exitCode, 0);
    assert.equal(result.length, 5_000_000);
    assert.equal(result.stderr.length, 3_000_000);
  });

  it('reads commands from standard input when a shell is asked for', async () => {
    await using fixture = await start();
    const result = await ssh(fixture, [], { stdin: 'echo from the shell\nexit 4\n', more: ['-T'] });
    assert.equal(result.stdout.toString(), 'from the shell\n');
    assert.equal(result.exitCode, 4);
  });

  it('refuses a terminal, which the client is told at once', async () => {
    await using fixture = await start();
    const result = await ssh(fixture, ['true'], { more: ['-tt'] });
    assert.equal(result.exitCode, 255);
    assert.match(result.stderr, /PTY allocation request failed/);
  });

  it('hands a granted terminal and its changes to the handler', async () => {
    await using fixture = await start({
      allowPty: true,
      exec: async ({ pty, stdout }) => {
        await stdout.write(`${pty?.term} ${pty?.modes.length}`);
        return 0;
      },
    });
    const result = await ssh(fixture, ['x'], { more: ['-tt'] });
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stdout.toString(), /^\S+ \d+$/);
  });

  it('runs a subsystem that has a handler, and no other', async () => {
    await using fixture = await start({
      subsystems: {
        upper: async ({ stdin, stdout, stderr }) => {
          await stderr.write('in capitals\n');
          for await (const bytes of stdin) await stdout.write(Buffer.from(bytes).toString().toUpperCase());
          return 4;
        },
      },
    });
    const upper = await ssh(fixture, ['upper'], { more: ['-s'], stdin: 'some words' });
    assert.equal(upper.stdout.toString(), 'SOME WORDS', upper.stderr);
    assert.equal(upper.stderr, 'in capitals\n');
    assert.equal(upper.exitCode, 4);
    const other = await ssh(fixture, ['sftp'], { more: ['-s'], stdin: '' });
    assert.equal(other.exitCode, 255);
    assert.match(other.stderr, /subsystem request failed/);
  });

  it('takes the break that its escape ~B sends', async () => {
    await using fixture = await start({
      allowPty: true,
      shell: async (session) => {
        const length = await new Promise((resolve) => {
          // The client sends it without waiting for anything.
          session.onBreak(resolve);
        });
        await session.stdout.write(`break of ${length}`);
        return 0;
      },
    });
    const result = await ssh(fixture, [], { more: ['-tt'], stdin: '\n~B' });
    assert.match(result.stdout.toString(), /break of 1000/, result.stderr);
  });

  it('sets allowed environment variables and no others', async () => {
    await using fixture = await start({ acceptEnv: ['GREETING'] });
    const more = ['-o', 'SetEnv=GREETING="good morning" LD_PRELOAD=/x BASH_ENV=/y NODE_OPTIONS=--z'];
    const result = await ssh(fixture, ['echo "$GREETING|$LD_PRELOAD|$BASH_ENV|$NODE_OPTIONS"'], { more });
    assert.equal(result.stdout.toString(), 'good morning|||\n');
  });

  it('serves several commands over one connection', async () => {
    await using fixture = await start();
    const control = `${fixture.dir}/control`;
    const master = ssh(fixture, ['read line'], { more: ['-M', '-S', control], stdin: '' });
    await master;
    const shared = ['-o', 'ControlMaster=auto', '-o', `ControlPath=${control}`, '-o', 'ControlPersist=5'];
    const results = await Promise.all([1, 2, 3].map((n) => ssh(fixture, [`echo ${n}`], { more: shared })));
    assert.deepEqual(
      results.map((result) => result.stdout.toString()),
      ['1\n', '2\n', '3\n'],
    );
    await ssh(fixture, [], { more: [...shared, '-O', 'exit'] });
  });

  it('ends the command when the client is killed', async () => {
    await using fixture = await start();
    const args = fixture.arguments('-i', key.path, '-o', 'BatchMode=yes');
    const { spawn } = await import('node:child_process');
    const child = spawn(binaries.ssh, [...args, 'echo $$; exec sleep 1000'], {
      env: clientEnv(binaries),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = await new Promise<number>((resolve) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
    });
    child.kill('SIGKILL');
    const deadline = performance.now() + 20_000;
    while (alive(pid) && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    assert.isFalse(alive(pid));
  });

  it('refuses a key that it does not know, with the methods that remain', async () => {
    await using fixture = await start();
    const other = await makeKey(binaries, fixture.dir, 'other', 'ed25519');
    const args = fixture.arguments('-i', other.path, '-o', 'BatchMode=yes');
    const result = await runBytes(binaries.ssh, [...args, 'true'], { env: clientEnv(binaries) });
    assert.equal(result.exitCode, 255);
    assert.match(result.stderr, /Permission denied \(publickey\)/);
    assert.deepEqual(
      fixture.errors.map((error) => error.code),
      ['TRANSPORT_CLOSED'],
    );
  });

  it('takes RSA and ECDSA keys of users', async () => {
    for (const type of ['rsa', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521'] as const) {
      const own = await makeKey(binaries, scratch.path, `user-${type}`, type);
      await using fixture = await startServer(onlyKey(own.publicLine));
      const args = fixture.arguments('-i', own.path, '-o', 'BatchMode=yes');
      const result = await runBytes(binaries.ssh, [...args, 'echo in'], { env: clientEnv(binaries) });
      assert.equal(result.stdout.toString(), 'in\n', `${type}: ${result.stderr}`);
    }
  });

  describe.skipIf(sshpass === undefined)('with passwords', () => {
    const withPassword = (fixture: Fixture, password: string, method: string): Promise<Finished> => {
      const more = ['-o', `PreferredAuthentications=${method}`, '-o', 'NumberOfPasswordPrompts=1'];
      const args = ['-e', binaries.ssh, ...fixture.arguments(...more), 'echo in'];
      return runBytes(sshpass as string, args, { env: { ...clientEnv(binaries), SSHPASS: password } });
    };

    it('lets the right password in and no other', async () => {
      await using fixture = await startServer();
      const right = await withPassword(fixture, PASSWORD, 'password');
      assert.equal(right.stdout.toString(), 'in\n', right.stderr);
      const wrong = await withPassword(fixture, `${PASSWORD}!`, 'password');
      assert.notEqual(wrong.exitCode, 0);
      assert.equal(wrong.stdout.toString(), '');
      assert.match(wrong.stderr, /Permission denied \(password\)/);
    });

    it('asks questions and lets in who answers them', async () => {
      await using fixture = await startServer({
        auth: {
          keyboardInteractive: async ({ username }, prompt) => {
            const [answer] = await prompt([{ text: `Password for ${username}: `, echo: false }]);
            return answer?.reveal() === PASSWORD;
          },
        },
      });
      const right = await withPassword(fixture, PASSWORD, 'keyboard-interactive');
      assert.equal(right.stdout.toString(), 'in\n', right.stderr);
      const wrong = await withPassword(fixture, 'no', 'keyboard-interactive');
      assert.notEqual(wrong.exitCode, 0);
    });

    it('keeps the password out of every event', async () => {
      const collector = new EventCollector();
      await using fixture = await startServer({ eventCollector: collector });
      await withPassword(fixture, PASSWORD, 'password');
      assert.isAbove(collector.events.length, 4);
      assert.notInclude(JSON.stringify(collector.events), PASSWORD);
    });
  });

  it('records what happened as events, with the command and its end', async () => {
    const collector = new EventCollector();
    await using fixture = await start({ eventCollector: collector });
    await ssh(fixture, ['echo out; exit 5']);
    const [exec] = collector.getByType('EXEC');
    assert.equal(exec?.data.command, 'echo out; exit 5');
    assert.equal(exec?.data.exit_code, 5);
    assert.equal(exec?.data.stdout_len, 4);
    assert.isTrue(collector.getByType('AUTH').some(({ data }) => data.status === 'success'));
    assert.lengthOf(collector.getByType('DISCONNECT'), 1);
    assert.equal(collector.getByType('CONNECT').at(-1)?.data.username, USER);
    assert.lengthOf(collector.getByType('ERROR'), 0);
  });

  it('shows the banner before the login', async () => {
    await using fixture = await start({ banner: 'Authorised use only\n' });
    const result = await ssh(fixture, ['true']);
    assert.match(result.stderr, /Authorised use only/);
  });

  it('leaves nothing behind when it closes with a command running', async () => {
    const leaks = watchForLeaks();
    const fixture = await start();
    const client = ssh(fixture, ['echo started; exec sleep 1000']);
    while (fixture.server.connections[0]?.sessions !== 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await fixture[Symbol.asyncDispose]();
    const result = await client;
    assert.equal(result.exitCode, 255);
    await leaks.assertClean();
  });

  it('a handler that throws ends its session with 1, reports it, and nothing else', async () => {
    await using fixture = await start({
      exec: () => {
        throw new Error('boom');
      },
    });
    assert.equal((await ssh(fixture, ['x'])).exitCode, 1);
    assert.deepEqual(
      fixture.errors.map((error) => error.code),
      ['SERVER_HANDLER_FAILED'],
    );
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
