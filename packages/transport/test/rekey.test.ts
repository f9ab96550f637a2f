import assert from 'node:assert/strict';
import { randomInteger, seededRandom } from '@nbs-ssh/testing';
import { isTransportError } from '@nbs-ssh/transport';
import { concat } from '@nbs-ssh/transport/wire';
import { afterEach, describe, it, vi } from 'vitest';
import { Ping, Pong } from '../src/messages.ts';
import { KeyUsage } from '../src/rekey-policy.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import {
  authenticated,
  config,
  connected,
  End,
  message,
  other,
  pump,
  type Twins,
  twins,
} from './support/twins.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const causes = (end: End): unknown[] =>
  end.events
    .filter((event) => event.name === 'transport.rekey.started')
    .map((event) => event.fields['cause']);

describe('new keys', () => {
  it('are due after so many bytes in one direction, in whichever', () => {
    for (const sender of ['client', 'server'] as const) {
      const pair = authenticated({}, { rekey: { bytes: 100_000 } });
      for (let i = 0; i < 50; i += 1) {
        if (pair[sender].machine.canSend) pair[sender].machine.send(message(94, 5000));
        pump(pair);
      }
      assert.deepEqual(causes(pair.client), ['bytes', 'bytes']);
      assert.equal(pair[other(sender)].messages.length, 50);
    }
  });
  it('are due after so many packets in one direction', () => {
    const pair = authenticated({}, { rekey: { packets: 40 } });
    for (let i = 0; i < 100; i += 1) {
      pair.server.machine.send(message(94, 10));
      pump(pair);
    }
    assert.deepEqual(causes(pair.client), ['packets', 'packets']);
    assert.deepEqual(causes(pair.server), ['peer', 'peer']);
  });
  it('are due after so much time, to the millisecond', () => {
    const pair = authenticated({}, { rekey: { milliseconds: 1000 } });
    assert.equal(pair.client.machine.deadline(), 1000);
    pair.client.tick(999);
    assert.equal(pair.client.machine.canSend, true);
    pair.client.tick(1000);
    assert.equal(pair.client.machine.canSend, false);
    pump(pair);
    assert.deepEqual(causes(pair.client), ['time']);
    assert.equal(pair.client.machine.deadline(), 2000);
  });
  it('are made when asked for, and when the peer asks', () => {
    const pair = authenticated();
    pair.client.machine.rekey();
    pair.client.machine.rekey();
    pump(pair);
    assert.deepEqual([causes(pair.client), causes(pair.server)], [['asked'], ['peer']]);
    assert.deepEqual(
      [pair.client, pair.server].map((end) => end.outputs.filter((output) => output.type === 'rekeyed')),
      [[{ type: 'rekeyed', number: 2 }], [{ type: 'rekeyed', number: 2 }]],
    );
  });
  it('are not begun by the clock while the layer above holds the machine', () => {
    const pair = authenticated({}, { rekey: { milliseconds: 1000 } });
    pair.client.machine.hold(true);
    assert.equal(pair.client.machine.deadline(), undefined);
    pair.client.tick(50_000);
    assert.deepEqual(causes(pair.client), []);
    pair.client.machine.hold(false);
    pair.client.tick(50_001);
    pump(pair);
    assert.equal(pair.client.event('transport.kex.done')?.['number'], 2);
  });
  it('have no deadline while the layer above holds the machine; then the peer has all its time', () => {
    const pair = authenticated({}, { limits: { kexMilliseconds: 1000 } });
    pair.client.machine.rekey();
    pair.client.machine.hold(true);
    assert.equal(pair.client.machine.deadline(), undefined);
    pair.client.tick(50_000);
    assert.equal(pair.client.error, undefined);
    pair.client.machine.hold(false);
    assert.equal(pair.client.machine.deadline(), 51_000);
    pair.client.tick(50_999);
    assert.equal(pair.client.error, undefined);
    pair.client.machine.hold(false);
    pair.client.tick(51_000);
    assert.equal(pair.client.code, 'TRANSPORT_KEX_TIMEOUT');
  });
  it('are also made before authentication: RFC 4253 §9 lets either side ask at any time [T074]', () => {
    const pair = connected();
    pair.server.machine.rekey();
    pump(pair);
    assert.equal(pair.client.event('transport.kex.done')?.['number'], 2);
    assert.equal(pair.client.error, undefined);
  });
});

describe('between our KEXINIT and our NEWKEYS', () => {
  it('nothing but messages of the exchange is on the wire, whatever the layers above want', () => {
    for (const role of ['client', 'server'] as const) {
      const pair = authenticated();
      const end = pair[role];
      end.machine.send(message(94, 100));
      end.machine.rekey();
      assert.equal(end.machine.canSend, false);
      assert.throws(
        () => end.machine.send(message(94, 100)),
        (error) => isTransportError(error) && error.code === 'TRANSPORT_MISUSE' && error.fault === 'caller',
      );
      // The peer has not seen it yet and goes on asking for answers.
      const peer = pair[other(role)];
      peer.machine.send(Ping.encode({ data: new Uint8Array([1]) }));
      peer.machine.send(message(150, 9));
      peer.machine.send(message(94, 100));
      pump(pair);
      assert.equal(end.messages.length, 1);
      const numbers = end.packets('sent').map(([number]) => number);
      const begin = numbers.lastIndexOf(20);
      const done = numbers.lastIndexOf(21);
      assert.deepEqual(numbers.slice(begin, done + 1), role === 'client' ? [20, 30, 21] : [20, 31, 21]);
      // The answers come right behind, in the order of the questions.
      assert.deepEqual(numbers.slice(done + 1), [193, 3]);
    }
  });
  it('answers that wait are bounded in bytes', () => {
    const pair = authenticated({}, {}, {});
    pair.client.machine.rekey();
    const ping = Ping.encode({ data: new Uint8Array(100_000) });
    for (let i = 0; i < 3; i += 1) pair.server.machine.send(ping);
    pair.client.receive(pair.server.take());
    assert.equal(pair.client.code, 'TRANSPORT_FLOOD');
    assert.equal(pair.client.goodbye, 2);
  });
  it('one large answer is allowed to wait', () => {
    const pair = authenticated();
    for (let n = 0; n < 3; n += 1) {
      pair.client.machine.rekey();
      pair.server.machine.send(Ping.encode({ data: new Uint8Array(200_000) }));
      pump(pair);
    }
    assert.equal(pair.client.error, undefined);
    assert.equal(pair.server.packets('received').filter(([number]) => number === 193).length, 3);
  });
});

describe('both ends ask for new keys at once', () => {
  it('1000 times under load: every byte arrives, in order [T072]', () => {
    const pair = authenticated();
    const random = seededRandom('load');
    const expected = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
    const push = (end: End): void => {
      for (let n = randomInteger(random, 3); n > 0 && end.machine.canSend; n -= 1) {
        const payload = concat(new Uint8Array([94]), random(1 + randomInteger(random, 600)));
        end.machine.send(payload);
        expected[other(end.role)].push(payload);
      }
    };
    /** Carries a part of what waits, so that both are in the middle of things when they meet. */
    const carry = ({ client, server }: Twins): void => {
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const bytes = from.take();
        for (let at = 0; at < bytes.length; ) {
          const size = 1 + randomInteger(random, 2000);
          to.receive(bytes.subarray(at, at + size));
          at += size;
        }
        push(to);
      }
    };
    for (let round = 0; round < 1000; round += 1) {
      push(pair.client);
      push(pair.server);
      pair.client.machine.rekey();
      pair.server.machine.rekey();
      for (let n = 0; n < 4; n += 1) carry(pair);
    }
    pump(pair);
    for (const end of [pair.client, pair.server]) {
      assert.equal(end.error, undefined);
      assert.ok(end.count('transport.kex.done') >= 1000);
      assert.equal(end.messages.length, expected[end.role].length);
      assert.deepEqual(concat(...end.messages), concat(...expected[end.role]));
    }
  }, 240_000);
});

describe('a peer that falls silent [T069]', () => {
  for (const role of ['client', 'server'] as const) {
    for (const later of [false, true]) {
      for (const last of [0, 20, role === 'client' ? 31 : 30]) {
        const after =
          last === 0 ? 'before its KEXINIT' : last === 20 ? 'after its KEXINIT' : 'before its NEWKEYS';
        it(`${role}, ${later ? 'later' : 'first'} exchange, ${after}: ends at the deadline, not before`, () => {
          const end = new End(config(role, { limits: { kexMilliseconds: 5000 } }));
          end.now = 100;
          end.start();
          const peer = new RawPeer(config(other(role)));
          let silent = last === 0 && !later;
          let inits = 0;
          peer.outgoing.forge = (payload) => {
            if (silent) return [];
            if (payload[0] === 20) inits += 1;
            const turn = inits === (later ? 2 : 1);
            if (turn && last === 0) {
              silent = true;
              return [];
            }
            if (turn && payload[0] === last) silent = true;
            return [payload];
          };
          peer.start();
          pumpRaw(end, peer);
          const began = later ? 777 : 100;
          if (later) {
            assert.equal(end.ready, true);
            end.tick(began);
            end.machine.rekey();
            pumpRaw(end, peer);
          }
          const { phase } = end.machine;
          assert.equal(end.machine.deadline(), began + 5000);
          end.tick(began + 4999);
          assert.equal(end.code, undefined);
          end.tick(began + 5000);
          assert.equal(end.code, 'TRANSPORT_KEX_TIMEOUT');
          assert.equal(end.context['phase'], phase);
          assert.equal(end.machine.deadline(), undefined);
        });
      }
    }
  }
  it('from the first moment ends at the deadline too [T001]', () => {
    const end = new End(config('client', { limits: { kexMilliseconds: 5000 } })).start();
    assert.equal(end.machine.deadline(), 5000);
    end.tick(5000);
    assert.equal(end.code, 'TRANSPORT_KEX_TIMEOUT');
    assert.equal(end.context['phase'], 'identification');
  });
});

describe('sequence numbers that would repeat [T026]', () => {
  it('end the session instead: sending', () => {
    const pair = authenticated();
    vi.spyOn(KeyUsage.prototype, 'exhausted', 'get').mockReturnValue(true);
    assert.throws(() => pair.client.machine.send(message(94, 5)), { code: 'TRANSPORT_SEQUENCE_WRAP' });
    pair.client.machine.fail(new Error('x'));
    pair.client.settle();
    assert.equal(pair.client.code, 'TRANSPORT_INTERNAL');
    assert.equal(pair.client.take().length, 0);
  });
  it('end the session instead: receiving', () => {
    const pair = authenticated();
    pair.server.machine.send(message(94, 5));
    const bytes = pair.server.take();
    vi.spyOn(KeyUsage.prototype, 'exhausted', 'get').mockReturnValue(true);
    pair.client.receive(bytes);
    assert.equal(pair.client.code, 'TRANSPORT_SEQUENCE_WRAP');
    assert.equal(pair.client.messages.length, 0);
  });
  it('are far away when new keys are due', () => {
    const usage = new KeyUsage();
    for (let i = 0; i < 10; i += 1) usage.count(1);
    assert.equal(usage.due({ bytes: 1e9, packets: 10, milliseconds: 1 }), 'packets');
    assert.equal(usage.exhausted, false);
  });
});

it('a rekey that is asked for before the first exchange has finished changes nothing', () => {
  const pair = twins();
  pair.client.start();
  pair.server.start();
  pair.client.machine.rekey();
  pump(pair);
  pair.client.machine.setAuthenticated();
  assert.equal(pair.client.count('transport.kex.done'), 1);
  assert.ok(Pong.number === 193);
});
