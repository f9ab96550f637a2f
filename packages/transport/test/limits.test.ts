import assert from 'node:assert/strict';
import type { TransportOutput } from '@nbs-ssh/transport';
import { concat, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { Debug, Disconnect, ExtInfo, Ignore, Ping, Unimplemented } from '../src/messages.ts';
import { authenticated, connected, message, other, pump } from './support/twins.ts';

const NONE = new Uint8Array(0);
const noise: readonly (readonly [string, Uint8Array])[] = [
  ['IGNORE', Ignore.encode({ data: NONE })],
  ['DEBUG', Debug.encode({ alwaysDisplay: true, message: utf8('\x1b[2J'), language: NONE })],
  ['UNIMPLEMENTED', Unimplemented.encode({ sequence: 9 })],
  ['PING', Ping.encode({ data: utf8('x') })],
  ['unknown', message(199, 4)],
];

describe('messages that carry nothing', () => {
  for (const role of ['client', 'server'] as const) {
    for (const [name, payload] of noise) {
      it(`${role}: 100 of ${name} before authentication and not one more; no PONG [T078, T036]`, () => {
        const pair = connected();
        const peer = pair[other(role)];
        for (let i = 0; i < 100; i += 1) peer.machine.send(payload);
        pump(pair);
        assert.equal(pair[role].error, undefined);
        assert.equal(
          pair[role].packets('sent').some(([number]) => number === 193),
          false,
        );
        peer.machine.send(payload);
        pump(pair);
        assert.equal(pair[role].code, 'TRANSPORT_FLOOD');
        assert.equal(pair[role].goodbye, 2);
      });
      it(`${role}: 1000 of ${name} in a minute after authentication and not one more [T032, T036]`, () => {
        const pair = authenticated({ limits: { noisePerMinute: 1000 } }, {}, {});
        const peer = pair[other(role)];
        for (const [now, code] of [
          [60_000, undefined],
          [120_000, undefined],
          [179_999, 'TRANSPORT_FLOOD'],
        ] as const) {
          pair[role].tick(now);
          // The other end would count our answers in the same way.
          for (let i = 0; i < 1000; i += 1) peer.machine.send(payload);
          pair[role].receive(peer.take());
          pair[role].take();
          assert.equal(pair[role].code, code, `at ${now}`);
        }
      });
    }
  }
  it('an UNIMPLEMENTED is told with its number after authentication only, and is no noise once excused', () => {
    const sequences = (outputs: readonly TransportOutput[]): readonly number[] =>
      outputs.flatMap((output) => (output.type === 'unimplemented' ? [output.sequence] : []));
    const stranger = connected();
    stranger.server.machine.send(Unimplemented.encode({ sequence: 4 }));
    pump(stranger);
    assert.deepEqual(sequences(stranger.client.outputs), []);
    const { client, server } = authenticated({ limits: { noisePerMinute: 10 } }, {}, {});
    const sent = client.machine.send(message(80, 40));
    assert.equal(sent, client.packets('sent').at(-1)?.[1]);
    for (let i = 0; i < 100; i += 1) {
      server.machine.send(Unimplemented.encode({ sequence: sent }));
      client.receive(server.take());
      client.machine.excuse();
    }
    assert.deepEqual(sequences(client.outputs), Array(100).fill(sent));
    for (let i = 0; i < 11; i += 1) server.machine.send(Unimplemented.encode({ sequence: 0xffff_ffff }));
    client.receive(server.take());
    assert.equal(client.code, 'TRANSPORT_FLOOD');
  });
  it('an UNIMPLEMENTED that is cut or longer than its number ends the connection', () => {
    const whole = Unimplemented.encode({ sequence: 4 });
    for (const payload of [
      ...[1, 2, 3, 4].map((length) => whole.slice(0, length)),
      concat(whole, Uint8Array.of(0)),
    ]) {
      const { client, server } = authenticated();
      server.machine.send(payload);
      client.receive(server.take());
      assert.match(String(client.code), /^WIRE_/);
    }
  });
  it('an IGNORE in front of each message is no flood, however many there are', () => {
    const pair = authenticated({ limits: { noisePerMinute: 10 } }, {}, {});
    for (let i = 0; i < 1000; i += 1) {
      pair.server.machine.send(Ignore.encode({ data: NONE }));
      pair.server.machine.send(message(94, 5));
    }
    pair.client.receive(pair.server.take());
    assert.equal(pair.client.error, undefined);
    // What was made up for is not saved up.
    for (let i = 0; i < 11; i += 1) pair.server.machine.send(Ignore.encode({ data: NONE }));
    pair.client.receive(pair.server.take());
    assert.equal(pair.client.code, 'TRANSPORT_FLOOD');
  });
  it('an unknown message is answered with its own sequence number, RFC 4253 §11.4 [T032]', () => {
    const pair = authenticated();
    pair.server.machine.send(message(94, 5));
    pair.server.machine.send(message(200, 5));
    pair.server.machine.send(message(94, 5));
    const sequence = pair.server.packets('sent').find(([number]) => number === 200)?.[1];
    pair.client.receive(pair.server.take());
    const answer = pair.client.packets('sent').filter(([number]) => number === 3);
    assert.equal(answer.length, 1);
    assert.equal(pair.client.packets('received').find(([number]) => number === 200)?.[1], sequence);
    assert.ok((sequence ?? 0) > 0);
    pump(pair);
    assert.equal(pair.server.error, undefined);
  });
  it('a ping comes back with its bytes after authentication, OpenSSH PROTOCOL §1.8', () => {
    const pair = authenticated();
    pair.client.machine.send(Ping.encode({ data: new Uint8Array(70).fill(5) }));
    pump(pair);
    const pong = pair.client.events.findLast((event) => event.fields['number'] === 193);
    assert.deepEqual([pong?.fields['direction'], pong?.fields['length']], ['received', 75]);
  });
});

describe('a stranger', () => {
  it('may send 1 MiB before authentication and no more [T074]', () => {
    const pair = connected();
    for (let i = 0; i < 33 && pair.server.error === undefined; i += 1) {
      pair.client.machine.send(message(50, 32_768));
      pair.server.receive(pair.client.take());
    }
    assert.equal(pair.server.code, 'TRANSPORT_PREAUTH_BUDGET');
    assert.deepEqual(pair.server.context, { limit: 1_048_576, unit: 'bytes' });
    assert.equal(pair.server.goodbye, 2);
    assert.ok(pair.server.messages.length < 32);
  });
  it('may send 1024 packets before authentication and no more [T074]', () => {
    const pair = connected();
    for (let i = 0; i < 1024 && pair.server.error === undefined; i += 1) {
      pair.client.machine.send(message(50, 2));
      pair.server.receive(pair.client.take());
    }
    assert.deepEqual(pair.server.context, { limit: 1024, unit: 'packets' });
  });
  it('may have 8 key exchanges before authentication and no more, whoever asks for them [T204]', () => {
    const pair = connected();
    for (let number = 2; number <= 8; number += 1) {
      pair.client.machine.rekey();
      pump(pair);
      assert.equal(pair.server.event('transport.kex.done')?.['number'], number);
    }
    pair.client.machine.rekey();
    pump(pair);
    assert.equal(pair.server.code, 'TRANSPORT_FLOOD');
    assert.equal(pair.server.goodbye, 2);
    assert.equal(pair.server.context['limit'], 8);
  });
  it('has no such limits once it is known', () => {
    const pair = authenticated();
    for (let i = 0; i < 3000; i += 1) pair.client.machine.send(message(94, 1000));
    pump(pair);
    assert.equal(pair.server.messages.length, 3000);
    for (let i = 0; i < 10; i += 1) {
      pair.client.machine.rekey();
      pump(pair);
    }
    assert.equal(pair.server.event('transport.kex.done')?.['number'], 11);
  });
});

describe('SSH_MSG_DISCONNECT, RFC 4253 §11.1', () => {
  for (const [name, reason, description, shown] of [
    ['an ordinary one', 11, utf8('bye'), 'bye'],
    ['code 0', 0, NONE, ''],
    ['code 0xdeadbeef', 0xdead_beef, utf8('x'), 'x'],
    ['escapes', 2, utf8('\x1b]0;owned\x07'), '\\x1b]0;owned\\x07'],
    ['invalid UTF-8', 2, new Uint8Array([0xff, 0x61]), '\ufffda'],
    ['a very long text', 2, utf8('y'.repeat(200_000)), `${'y'.repeat(256)}…`],
  ] as const) {
    it(`ends the session with its code and an escaped, bounded text: ${name} [T034]`, () => {
      const pair = authenticated();
      pair.server.machine.send(Disconnect.encode({ reason, description, rest: NONE }));
      pair.server.machine.send(message(94, 5));
      pump(pair);
      assert.equal(pair.client.code, 'TRANSPORT_DISCONNECTED');
      assert.equal(pair.client.context['reason'], reason);
      assert.equal(pair.client.context['description'], shown);
      // Nothing is answered, and nothing behind it is read [T035].
      assert.equal(pair.client.goodbye, undefined);
      assert.equal(pair.client.messages.length, 0);
    });
  }
  it('is what we send when we leave, and the last thing', () => {
    const pair = authenticated();
    pair.client.machine.disconnect(11, 'done');
    pair.client.machine.disconnect(11, 'again');
    assert.equal(pair.client.machine.closed, true);
    assert.throws(() => pair.client.machine.send(message(94, 5)), { code: 'TRANSPORT_MISUSE' });
    pump(pair);
    assert.deepEqual(pair.server.context, { reason: 11, name: 'BY_APPLICATION', description: 'done' });
    assert.equal(pair.client.count('transport.disconnect.sent'), 1);
    assert.equal(pair.client.error, undefined);
  });
  it('that the machine was sent while held is still the reason when the peer then closes', () => {
    const pair = authenticated();
    pair.client.machine.hold(true);
    pair.server.machine.send(message(94, 5));
    pair.server.machine.disconnect(12, 'too many');
    pair.client.receive(pair.server.take());
    assert.equal(pair.client.error, undefined);
    pair.client.receive(undefined);
    assert.equal(pair.client.code, 'TRANSPORT_DISCONNECTED');
    assert.equal(pair.client.messages.length, 0);
  });
});

describe('a machine that has failed', () => {
  it('says so once, and takes nothing more', () => {
    const pair = authenticated();
    const bytes = new Uint8Array(64).fill(0xff);
    pair.client.receive(bytes);
    const failed = pair.client.outputs.length;
    pair.client.take();
    for (let i = 0; i < 3; i += 1) {
      pair.client.receive(bytes);
      pair.client.receive(undefined);
      pair.client.machine.fail(new Error('again'));
      pair.client.machine.rekey();
      pair.client.machine.resolveHostKey(undefined);
      pair.client.machine.disconnect(11, 'bye');
      pair.client.tick(1e9 * (i + 1));
      assert.equal(pair.client.machine.poll(), undefined);
      assert.equal(pair.client.machine.takeBytes(), undefined);
    }
    assert.equal(pair.client.outputs.length, failed);
    assert.equal(pair.client.machine.phase, 'closed');
    assert.equal(pair.client.machine.bufferedInput, 0);
  });
  it('turns an exception that nobody foresaw into a typed error, and throws nothing', () => {
    const pair = authenticated();
    const cause = new TypeError('secret detail');
    pair.client.machine.fail(cause);
    pump(pair);
    assert.equal(pair.client.code, 'TRANSPORT_INTERNAL');
    assert.equal(pair.client.error?.cause, cause);
    assert.equal(pair.server.context['description'], 'TRANSPORT_INTERNAL');
  });
});

describe('SSH_MSG_EXT_INFO, RFC 8308', () => {
  const info = (pairs: readonly (readonly [string, string])[], count = pairs.length): Uint8Array => {
    const writer = new WireWriter();
    for (const [name, value] of pairs) writer.text(name).text(value);
    return ExtInfo.encode({ count, pairs: writer.finish() });
  };
  const sent = (...payloads: Uint8Array[]) => {
    const pair = connected();
    for (const payload of payloads) pair.server.machine.send(payload);
    pump(pair);
    return pair.client;
  };
  const algorithms = (client: ReturnType<typeof sent>): unknown =>
    client.outputs.flatMap((output) => (output.type === 'ext-info' ? [output.serverSigAlgs] : []));

  it('of a server names its signature algorithms', () => {
    const pair = connected({}, {}, { serverSigAlgs: ['ssh-ed25519', 'rsa-sha2-256'] });
    assert.deepEqual(algorithms(pair.client), [['ssh-ed25519', 'rsa-sha2-256']]);
    assert.deepEqual(pair.client.event('transport.ext-info.received')?.['names'], [
      'server-sig-algs',
      'ping@openssh.com',
    ]);
    assert.deepEqual(algorithms(pair.server), []);
  });
  it('unknown extensions are no matter, and an empty one is one', () => {
    const client = sent(info([['x@y', '\0\xff']]), info([['server-sig-algs', '']]));
    assert.equal(client.error, undefined);
    assert.deepEqual((algorithms(client) as unknown[]).slice(-1), [[]]);
  });
  for (const [name, payload, code] of [
    ['a count of 2^32 - 1', info([], 0xffff_ffff), 'TRANSPORT_EXT_INFO'],
    ['a count with nothing behind it', info([], 1), 'TRANSPORT_EXT_INFO'],
    [
      '65 extensions',
      info(Array.from({ length: 65 }, (_, i) => [`e${i}`, ''] as const)),
      'TRANSPORT_EXT_INFO',
    ],
    ['64 KiB', info([['x', 'y'.repeat(65_536)]]), 'TRANSPORT_EXT_INFO'],
    [
      'an extension twice',
      info([
        ['a', ''],
        ['a', ''],
      ]),
      'TRANSPORT_EXT_INFO',
    ],
    [
      'algorithms that are not UTF-8',
      concat(info([['server-sig-algs', 'a']]).slice(0, -1), new Uint8Array([0xff])),
      'TRANSPORT_EXT_INFO',
    ],
    [
      'a pair cut short',
      concat(
        info([
          ['ab', 'cd'],
          ['x', 'y'],
        ]).slice(0, -1),
      ),
      'WIRE_SHORT_READ',
    ],
    ['bytes behind the last pair', concat(info([['a', 'b']]), new Uint8Array(1)), 'WIRE_TRAILING_BYTES'],
  ] as const) {
    it(`is refused with ${name} [T076]`, () => {
      const client = sent(payload);
      assert.equal(client.code, code);
      assert.equal(client.goodbye, 2);
    });
  }
  it('may come three times before authentication, not four times, and not afterwards [T076]', () => {
    const one = info([['x', 'y']]);
    assert.equal(sent(one, one).error, undefined);
    assert.equal(sent(one, one, one).code, 'TRANSPORT_EXT_INFO');
    const pair = authenticated();
    pair.server.machine.send(one);
    pump(pair);
    assert.equal(pair.client.code, 'TRANSPORT_EXT_INFO');
  });
});
