import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { EventCollector } from '@nbs-ssh/evidence';
import { startSilentPort, startTcpTarget, type TcpTarget } from '@nbs-ssh/testing';
import { WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import { forwardingRules } from '../../src/forward/rules.ts';
import type { ConnectTarget, ForwardingClient, ForwardingOptions } from '../../src/index.ts';
import { loggedIn, type Pair } from '../pair.ts';
import { openSession, turn } from '../raw-client.ts';

const PROHIBITED = 'forwarding to this target is not permitted';

let nextId = 0;
const openDirect = (host: string, port: number, id = nextId++): Uint8Array =>
  new WireWriter()
    .u8(90)
    .text('direct-tcpip')
    .u32(id)
    .u32(1_000_000)
    .u32(32_768)
    .text(host)
    .u32(port)
    .text('192.0.2.7')
    .u32(4711)
    .finish();

/** `open`, or reason and description of the refusal. */
function answerOf(message: Uint8Array): string {
  const reader = new WireReader(message);
  if (reader.u8('number') === 91) return 'open';
  reader.u32('recipient');
  return `${reader.u32('reason')} ${reader.text('description')}`;
}

async function ask(pair: Pair, host: string, port: number): Promise<string> {
  pair.client.send(openDirect(host, port));
  return answerOf(await pair.client.next(91, 92));
}

describe('what a policy permits', () => {
  let target: TcpTarget;
  beforeAll(async () => {
    target = await startTcpTarget((socket) => socket.end('x'));
  });
  afterAll(() => target[Symbol.asyncDispose]());

  const withPolicy = (forwarding?: ForwardingOptions): Promise<Pair> =>
    loggedIn(forwarding === undefined ? {} : { forwarding });

  it('T166 is nothing when there is none, whatever the host and the port', async () => {
    await using pair = await withPolicy();
    for (const host of ['127.0.0.1', 'localhost', '0', '::ffff:127.0.0.1', '2130706433', '', 'a b']) {
      for (const port of [target.port, 0, 65_536, 0xffff_ffff]) {
        assert.equal(await ask(pair, host, port), `1 ${PROHIBITED}`);
      }
    }
    assert.equal(target.connections, 0);
  });

  it('T166 is not widened by another spelling, and not narrowed by it', async () => {
    await using pair = await withPolicy({ local: [`127.0.0.1:${target.port}`] });
    for (const host of [
      '127.1',
      '0x7f.1',
      '2130706433',
      '::ffff:127.0.0.1',
      '127.0.0.1.',
      '0',
      'localhost',
    ]) {
      assert.equal(await ask(pair, host, target.port), 'open', host);
    }
    for (const host of ['127.0.0.2', '169.254.169.254', '0xa9fea9fe', '::1', '::', 'example.org', '10.1']) {
      assert.equal(await ask(pair, host, target.port), `1 ${PROHIBITED}`, host);
    }
    assert.equal(await ask(pair, '127.0.0.1', target.port + 1), `1 ${PROHIBITED}`);
    assert.equal(await ask(pair, '127.0.0.1', target.port + 65_536), '1 no such port');
    assert.equal(await ask(pair, '127.0.0.1', 0), '1 no such port');
    assert.equal(await ask(pair, '256.0.0.1', target.port), '1 no such host');
  });

  it('T166 metadata services and loopback are out of reach of a list of names', async () => {
    await using pair = await withPolicy({ local: ['db.example.org:5432'] });
    for (const host of [
      '169.254.169.254',
      '[::1]',
      'localhost',
      'db.example.org.evil.example',
      'xdb.example.org',
    ]) {
      assert.match(await ask(pair, host, 5432), /^1 /, host);
    }
  });

  it('is asked about each address that a name has, and no other is dialled', async () => {
    const seen: (ConnectTarget & ForwardingClient)[] = [];
    await using pair = await withPolicy({
      local: (asked, client) => {
        seen.push({ ...client, ...asked });
        return asked.address === '127.0.0.1';
      },
    });
    assert.equal(await ask(pair, 'LOCALHOST.', target.port), 'open');
    assert.deepEqual(
      seen.map(({ host, address, username }) => [host, address, username]),
      [
        ['localhost', '127.0.0.1', 'u'],
        ['localhost', '::1', 'u'],
      ],
    );
    assert.equal(await ask(pair, '0', target.port), 'open');
    assert.deepInclude(seen[2], { host: '127.0.0.1', address: '127.0.0.1', port: target.port });
  });

  it('T166 an address that is not permitted is not dialled, also when another one of the name is', async (context) => {
    const six = await startTcpTarget((socket) => socket.end('x'), { port: 0, host: '::1' }).catch(
      () => undefined,
    );
    if (six === undefined) context.skip('this machine has no ::1');
    else {
      await using pair = await withPolicy({ local: ({ address }) => address === '127.0.0.1' });
      assert.equal(await ask(pair, 'localhost', six.port), '2 Connection refused');
      assert.equal(six.connections, 0);
      await six.stop();
    }
  });

  it('T166 a name is looked up, and only what the policy permits of its addresses is dialled', async () => {
    const name = hostname();
    const known = await lookup(name, { all: true }).catch(() => []);
    if (known.length === 0) {
      console.warn('a test is skipped: this machine does not know its own name');
      return;
    }
    const seen: string[] = [];
    await using pair = await withPolicy({
      local: ({ host, address }) => {
        seen.push(`${host} ${address}`);
        return false;
      },
    });
    assert.equal(await ask(pair, name.toUpperCase(), target.port), `1 ${PROHIBITED}`);
    assert.deepEqual(new Set(seen), new Set(known.map(({ address }) => `${name.toLowerCase()} ${address}`)));
    await using listed = await withPolicy({ local: [`${name}:${target.port}`] });
    assert.match(await ask(listed, name, target.port), /^(?:open|2 )/);
    assert.equal(await ask(listed, name, target.port + 1), `1 ${PROHIBITED}`);
  });

  it('T166 is nothing when the policy throws, says something else than true, or says nothing in time', async () => {
    const eventCollector = new EventCollector();
    let answer: () => unknown = () => 'true';
    await using pair = await loggedIn({
      eventCollector,
      forwarding: { local: () => answer() as boolean },
    });
    assert.equal(await ask(pair, '127.0.0.1', target.port), `1 ${PROHIBITED}`);
    answer = () => {
      throw new Error('no idea');
    };
    assert.equal(await ask(pair, '127.0.0.1', target.port), `1 ${PROHIBITED}`);
    answer = () => new Promise(() => {});
    pair.client.send(openDirect('127.0.0.1', target.port));
    for (let i = 0; i < 20; i += 1) await turn();
    await pair.clock.advanceAsync(10_000);
    assert.equal(answerOf(await pair.client.next(91, 92)), `1 ${PROHIBITED}`);
    assert.deepEqual(
      pair.errors.map(({ code }) => code),
      ['SERVER_HANDLER_FAILED', 'SERVER_HANDLER_TIMEOUT'],
    );
    assert.match(pair.errors[0]?.message ?? '', /forwarding\.local/);
  });

  it('T168 a target that is silent is given up in bounded time', async () => {
    await using silent = await startSilentPort();
    await using pair = await loggedIn({ forwarding: { local: true }, limits: { forwardSec: 3 } });
    pair.client.send(openDirect('127.0.0.1', silent.port));
    for (let i = 0; i < 20; i += 1) await turn();
    assert.isFalse(pair.client.received.some(([number]) => number === 91 || number === 92));
    await pair.clock.advanceAsync(3000);
    assert.equal(answerOf(await pair.client.next(91, 92)), '2 the target does not answer: timed out');
  });

  it('T155 a request that is malformed ends the connection of whoever may ask', async () => {
    for (const bad of [openSession(0, 'direct-tcpip'), new Uint8Array([...openDirect('a', 1), 0])]) {
      await using pair = await withPolicy({ local: true });
      pair.client.send(bad);
      await pair.client.ended();
      assert.equal(pair.client.reason, 2);
    }
  });

  it('bounds how many connections there are, and how many are being made', async () => {
    await using pair = await loggedIn({
      forwarding: { local: () => new Promise(() => {}) },
      limits: { maxPendingForwards: 3 },
    });
    pair.client.send(...[0, 1, 2, 3].map((id) => openDirect('127.0.0.1', target.port, id)));
    assert.match(
      answerOf(await pair.client.next(91, 92)),
      /^4 too many forwarded connections are being made/,
    );
    await using other = await loggedIn({
      forwarding: { local: true },
      limits: { maxForwardedConnections: 2 },
    });
    await using silent = await startTcpTarget(() => {});
    assert.equal(await ask(other, '127.0.0.1', silent.port), 'open');
    assert.equal(await ask(other, '127.0.0.1', silent.port), 'open');
    assert.equal(await ask(other, '127.0.0.1', silent.port), '4 too many forwarded connections');
  });

  it('is refused at start when it is no policy', () => {
    for (const forwarding of [
      { local: ['127.0.0.1'] },
      { local: ['127.0.0.1:0'] },
      { local: ['127.0.0.1:65536'] },
      { local: ['*.example.org:80'] },
      { local: ['a b:80'] },
      { local: ['::1:80'] },
      { local: 'all' as never },
      { local: [1 as never] },
      { local: false as never },
      { remote: ['a:b'] },
      { remotePath: ['tmp/x'] },
    ] satisfies ForwardingOptions[]) {
      assert.throws(() => forwardingRules(forwarding), RangeError);
    }
  });
});
