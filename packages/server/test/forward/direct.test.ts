import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { EventCollector } from '@nbs-ssh/evidence';
import {
  certify,
  freePort,
  type KeyFile,
  makeKey,
  type OpensshBinaries,
  opensshPeer,
  PEER_VERSIONS,
  scratchDir,
  startSilentPort,
  startTcpTarget,
  type TcpTarget,
} from '@nbs-ssh/testing';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import type { ForwardingOptions } from '../../src/index.ts';
import {
  clientEnv,
  type Finished,
  type Fixture,
  onlyKey,
  runBytes,
  startServer,
  system,
  USER,
} from '../support.ts';
import {
  answerAtEnd,
  readToEnd,
  runForwards,
  startForwards,
  talk,
  talkThroughSocks,
} from './forward-client.ts';

describe.skipIf(!system.available)('connections from our server, with the OpenSSH client', () => {
  const binaries = (system.available ? system.binaries : undefined) as OpensshBinaries;
  const scratch = scratchDir('direct');
  let key: KeyFile;
  let target: TcpTarget;

  beforeAll(async () => {
    key = await makeKey(binaries, scratch.path, 'id', 'ed25519');
    target = await startTcpTarget(answerAtEnd);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
    scratch.remove();
  });

  const start = (forwarding?: ForwardingOptions, more = {}): Promise<Fixture> =>
    startServer({
      ...onlyKey(key.publicLine),
      ...(forwarding === undefined ? {} : { forwarding }),
      ...more,
    });
  const forwards = (fixture: Fixture, ...options: string[]) =>
    startForwards(binaries, fixture, key.path, ...options);
  const through = (fixture: Fixture, to: string, stdin: string | Uint8Array = 'x'): Promise<Finished> =>
    runBytes(binaries.ssh, fixture.arguments('-i', key.path, '-o', 'BatchMode=yes', '-W', to), {
      stdin,
      env: clientEnv(binaries),
    });

  it('carry ssh -L, ssh -W and ssh -D with a policy', async () => {
    await using fixture = await start({ local: [`127.0.0.1:${target.port}`] });
    const [local, dynamic] = [await freePort(), await freePort()];
    await using _ = await startForwards(
      binaries,
      fixture,
      key.path,
      '-L',
      `127.0.0.1:${local}:127.0.0.1:${target.port}`,
      '-D',
      `127.0.0.1:${dynamic}`,
    );
    const sent = randomBytes(3_000_000);
    const { received, end } = await talk({ host: '127.0.0.1', port: local }, sent);
    assert.equal(end, 'end');
    assert.isTrue(received.equals(Buffer.concat([Buffer.from('got '), sent])));
    const direct = await through(fixture, `127.0.0.1:${target.port}`, 'hello');
    assert.equal(direct.stdout.toString(), 'got hello', direct.stderr);
    const answer = await talkThroughSocks(dynamic, target.port, 'hi');
    assert.equal(answer.received.toString(), 'got hi');
    assert.deepEqual(fixture.errors, []);
  });

  it('are refused without a policy, and ssh says so', async () => {
    await using fixture = await start();
    const before = target.connections;
    const { exitCode, stderr, stdout } = await through(fixture, `127.0.0.1:${target.port}`);
    assert.equal(exitCode, 255);
    assert.equal(stdout.length, 0);
    assert.match(stderr, /administratively prohibited: forwarding to this target is not permitted/);
    assert.equal(target.connections, before);
  });

  it('carry ssh -L to a Unix socket, with a policy for it alone', async () => {
    const path = join(scratch.path, 'target');
    await using socket = await startTcpTarget(answerAtEnd, { path });
    const port = await freePort();
    for (const [forwarding, works] of [
      [{ localPath: [path] }, true],
      [{ localPath: [`${scratch.path}/`] }, true],
      [{ localPath: (asked) => asked.path === path }, true],
      [{ localPath: [`${path}s`, '/tmp/'] }, false],
      [{ local: true }, false],
    ] as const satisfies (readonly [ForwardingOptions, boolean])[]) {
      await using fixture = await start(forwarding);
      const spelled = `${scratch.path}/./x/../target`;
      await using client = await forwards(fixture, '-L', `127.0.0.1:${port}:${spelled}`);
      const { received } = await talk({ host: '127.0.0.1', port }, 'hello');
      assert.equal(received.toString(), works ? 'got hello' : '');
      if (!works) await client.said(/open failed: administratively prohibited: forwarding to this target/);
    }
    assert.equal(socket.connections, 3);
  });

  it('carry ssh -J to another server of ours', async () => {
    await using inner = await start();
    await using outer = await start({ local: [`127.0.0.1:${inner.server.address.port}`] });
    const config = join(scratch.path, 'config');
    const host = (name: string, { server, dir }: Fixture): string =>
      [
        `Host ${name}`,
        `  HostName 127.0.0.1`,
        `  Port ${server.address.port}`,
        `  User ${USER}`,
        `  IdentityFile ${key.path}`,
        `  UserKnownHostsFile ${join(dir, 'known_hosts')}`,
        '  StrictHostKeyChecking yes',
        '  IdentityAgent none',
        '  BatchMode yes',
        '',
      ].join('\n');
    writeFileSync(config, host('outer', outer) + host('inner', inner));
    const args = ['-F', config, '-J', 'outer', 'inner', 'echo inside'];
    const { stdout, stderr } = await runBytes(binaries.ssh, args, { env: clientEnv(binaries) });
    assert.equal(stdout.toString(), 'inside\n', stderr);
  });

  it('T168 are refused with the reason, and ssh shows it', async () => {
    await using fixture = await start({ local: true });
    const closed = await freePort();
    const { stderr } = await through(fixture, `127.0.0.1:${closed}`);
    assert.match(stderr, /connect failed: Connection refused/);
    const unknown = await through(fixture, 'no-such-host.invalid:80');
    assert.match(unknown.stderr, /connect failed: (?:no such host|the name cannot be looked up now)/);
    await using impatient = await start({ local: true }, { limits: { forwardSec: 0.3 } });
    await using silent = await startSilentPort();
    const { stderr: late } = await through(impatient, `127.0.0.1:${silent.port}`);
    assert.match(late, /connect failed: the target does not answer: timed out/);
  });

  it('T168 a target that resets in the middle ends the connection, and not the session', async () => {
    await using fixture = await start({ local: true });
    const port = await freePort();
    await using resetting = await startTcpTarget((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    await using answering = await startTcpTarget(answerAtEnd);
    const second = await freePort();
    await using _ = await forwards(
      fixture,
      '-L',
      `127.0.0.1:${port}:127.0.0.1:${resetting.port}`,
      '-L',
      `127.0.0.1:${second}:127.0.0.1:${answering.port}`,
    );
    const socket = connect({ host: '127.0.0.1', port });
    socket.write('x');
    await readToEnd(socket);
    assert.equal((await talk({ host: '127.0.0.1', port: second }, 'on')).received.toString(), 'got on');
    assert.deepEqual(fixture.errors, []);
  });

  it('T168 each direction ends by itself', async () => {
    await using fixture = await start({ local: true });
    const port = await freePort();
    // Says everything and ends before anything comes, and then still listens.
    let heard = '';
    let ended = (): void => {};
    const over = new Promise<void>((resolve) => {
      ended = resolve;
    });
    await using target = await startTcpTarget((socket) => {
      socket.end('all of it');
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
      });
      socket.on('end', ended);
    });
    await using _ = await forwards(fixture, '-L', `127.0.0.1:${port}:127.0.0.1:${target.port}`);
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    await once(socket, 'end');
    assert.equal(received, 'all of it');
    socket.end('late words');
    await over;
    assert.equal(heard, 'late words');
  });

  it('are told in events', async () => {
    const eventCollector = new EventCollector();
    await using fixture = await start(
      { local: [`127.0.0.1:${target.port}`], remote: true },
      { eventCollector },
    );
    await through(fixture, `127.0.0.1:${target.port}`);
    await through(fixture, '127.0.0.1:1');
    const port = await freePort();
    {
      await using client = await forwards(fixture, '-R', `${port}:127.0.0.1:${target.port}`);
      await client.said(/remote forward success/);
    }
    await fixture.server.close();
    const told = eventCollector.getByType('FORWARD').map(({ data }) => data);
    assert.deepInclude(told, {
      status: 'connection_failed',
      forward_type: 'local',
      remote_host: '127.0.0.1',
      remote_port: 1,
      reason: 'prohibited',
      error: 'forwarding to this target is not permitted',
    });
    const remote = { forward_type: 'remote', remote_host: 'localhost', remote_port: port };
    assert.deepInclude(told, { status: 'establishing', ...remote });
    assert.deepInclude(told, { status: 'established', ...remote, actual_port: port });
    assert.isTrue(told.some(({ status, remote_port }) => status === 'closed' && remote_port === port));
  });

  it('need permit-port-forwarding in a certificate, for all kinds', async () => {
    const ca = await makeKey(binaries, scratch.path, 'ca', 'ed25519');
    await using fixture = await startServer({
      auth: { trustedUserCAKeys: [ca.publicLine] },
      forwarding: { local: true, remote: true, localPath: true, remotePath: true },
    });
    for (const [options, works] of [
      [[], true],
      [['no-port-forwarding'], false],
      [['clear', 'permit-pty'], false],
      [['clear', 'permit-port-forwarding'], true],
    ] as const) {
      const certified = await makeKey(binaries, scratch.path, `cert-${options.join('-')}`, 'ed25519');
      await certify(binaries, ca, certified, { keyId: 'id', principals: [USER], options: [...options] });
      const args = fixture.arguments(
        '-i',
        certified.path,
        '-o',
        'BatchMode=yes',
        '-W',
        `127.0.0.1:${target.port}`,
      );
      const { stdout } = await runBytes(binaries.ssh, args, { stdin: 'hello', env: clientEnv(binaries) });
      assert.equal(stdout.toString(), works ? 'got hello' : '', options.join());
      const client = runForwards(
        binaries,
        fixture,
        certified.path,
        '-o',
        'ExitOnForwardFailure=yes',
        '-R',
        `0:127.0.0.1:${target.port}`,
      );
      if (works) await client.said(/Allocated port/);
      else assert.equal(await client.ended, 255);
      await client[Symbol.asyncDispose]();
    }
  });
});

const versions = PEER_VERSIONS.map((version) => ({ version, peer: opensshPeer(version) }));
for (const { version, peer } of versions) {
  if (!peer.available) console.warn(`tests with ssh ${version} are skipped: ${peer.reason}`);
  describe.skipIf(!system.available || !peer.available)(`ssh ${version} on our server`, () => {
    const binaries = (peer.available ? peer.binaries : undefined) as OpensshBinaries;

    it('forwards in every way', async () => {
      const scratch = scratchDir('forward-version');
      try {
        const key = await makeKey(binaries, scratch.path, 'id', 'ed25519');
        await using target = await startTcpTarget(answerAtEnd);
        await using fixture = await startServer({
          ...onlyKey(key.publicLine),
          forwarding: { local: true, remote: true, localPath: true, remotePath: true },
        });
        const to = `127.0.0.1:${target.port}`;
        const there = join(scratch.path, 'there');
        const [local, toPath] = [await freePort(), await freePort()];
        await using client = await startForwards(
          binaries,
          fixture,
          key.path,
          ...['-L', `127.0.0.1:${local}:${to}`, '-R', `0:${to}`],
          ...['-R', `${there}:${to}`, '-L', `127.0.0.1:${toPath}:${there}`],
        );
        const [, port] = await client.said(/Allocated port (\d+)/);
        await client.said(new RegExp(`remote forward success for: listen ${there}`));
        for (const where of [
          { host: '127.0.0.1', port: local },
          { host: '127.0.0.1', port: Number(port) },
          { path: there },
          // Through both: into the socket that the same client has there.
          { host: '127.0.0.1', port: toPath },
        ]) {
          const sent = randomBytes(300_000);
          const { received } = await talk(where, sent);
          assert.isTrue(received.equals(Buffer.concat([Buffer.from('got '), sent])), JSON.stringify(where));
        }
        assert.deepEqual(fixture.errors, []);
      } finally {
        scratch.remove();
      }
    });
  });
}
