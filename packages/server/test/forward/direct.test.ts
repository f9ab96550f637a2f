import { randomBytes } from 'node:crypto';
import {
  freePort,
  type KeyFile,
  makeKey,
  type OpensshBinaries,
  scratchDir,
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
} from '../support.ts';
import { answerAtEnd, startForwards, talk } from './forward-client.ts';

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
    // SOCKS 4: version, connect, port, address, no user.
    const socks = Buffer.from([4, 1, target.port >> 8, target.port & 0xff, 127, 0, 0, 1, 0, 0x68, 0x69]);
    const answer = await talk({ host: '127.0.0.1', port: dynamic }, socks);
    assert.equal(answer.received.subarray(8).toString(), 'got hi');
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
});
