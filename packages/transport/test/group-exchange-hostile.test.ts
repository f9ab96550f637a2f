import assert from 'node:assert/strict';
import { bigintToMpint, concat, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { modpGroup } from '../src/crypto/dh/groups.ts';
import {
  KexEcdhInit,
  KexEcdhReply,
  KexGexGroup,
  KexGexInit,
  KexGexReply,
  KexGexRequest,
} from '../src/messages.ts';
import { forged, GEX, gex, giving, numbers, wellKnown } from './support/gex.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import { config, End, pump, type Role, twins } from './support/twins.ts';

describe('a group that is none', () => {
  const { p } = modpGroup(2048);
  for (const [what, group, reason] of [
    ['1024 bits', modpGroup(1024), 'size'],
    ['8193 bits', { p: (1n << 8192n) + 1n, g: 2n }, 'size'],
    ['0', { p: 0n, g: 2n }, 'size'],
    ['an even prime', { p: p - 1n, g: 2n }, 'not-safe'],
    ['a composite', { p: p - 4n, g: 2n }, 'not-safe'],
    ['generator 0', { p, g: 0n }, 'generator'],
    ['generator 1', { p, g: 1n }, 'generator'],
    ['generator p − 1', { p, g: p - 1n }, 'generator'],
    ['generator p', { p, g: p }, 'generator'],
  ] as const) {
    it(`ends the exchange with reason 3: ${what} [T057]`, () => {
      const pair = twins({ ...gex, crypto: giving(group) });
      pair.client.start();
      pair.server.start();
      pump(pair);
      assert.equal(pair.client.code, 'CRYPTO_BAD_GROUP');
      assert.equal(pair.client.context['reason'], reason);
      assert.equal(pair.client.goodbye, 3);
      assert.equal(numbers(pair.client, 'sent').includes(32), false);
    });
  }

  it('ends it with reason 2 when its numbers are negative, too long or not in shortest form', () => {
    const bodies = [bigintToMpint(p), Uint8Array.of(2)];
    for (const [at, body] of [
      [0, Uint8Array.of(0xff)],
      [1, Uint8Array.of(0xfe)],
      [0, concat(Uint8Array.of(0), bigintToMpint(p))],
      [1, Uint8Array.of(0, 2)],
      [0, new Uint8Array(2050).fill(1)],
      [1, new Uint8Array(2050).fill(1)],
    ] as const) {
      const writer = new WireWriter().u8(31);
      bodies.forEach((good, i) => {
        writer.string(i === at ? body : good);
      });
      const end = forged('client', 31, () => writer.finish());
      assert.match(end.code ?? '', /^WIRE_(MPINT|LIMIT)$/);
      assert.equal(end.goodbye, 2);
    }
  });

  it('nor is a message that is cut, or has bytes behind it', () => {
    const good = KexGexGroup.encode(modpGroup(2048));
    for (let cut = 1; cut < good.length; cut += 13) {
      assert.equal(forged('client', 31, () => good.slice(0, cut)).goodbye, 2);
    }
    assert.equal(forged('client', 31, () => concat(good, Uint8Array.of(0))).code, 'WIRE_TRAILING_BYTES');
    const asked = KexGexRequest.encode({ min: 2048, preferred: 3072, max: 8192 });
    for (let cut = 1; cut < asked.length; cut += 1) {
      assert.equal(forged('server', 34, () => asked.slice(0, cut)).goodbye, 2);
    }
    assert.equal(forged('server', 34, () => concat(asked, Uint8Array.of(0))).code, 'WIRE_TRAILING_BYTES');
  });
});

describe('sizes that a server cannot give', () => {
  for (const sizes of [
    { min: 3072, preferred: 2048, max: 8192 },
    { min: 2048, preferred: 8192, max: 4096 },
    { min: 1024, preferred: 1024, max: 1024 },
    { min: 8193, preferred: 8193, max: 0xffff_ffff },
    { min: 0xffff_ffff, preferred: 0xffff_ffff, max: 0xffff_ffff },
    { min: 0, preferred: 0, max: 0 },
  ]) {
    it(`${sizes.min} to ${sizes.max}, preferably ${sizes.preferred}: reason 3`, () => {
      const end = forged('server', 34, () => KexGexRequest.encode(sizes));
      assert.equal(end.code, 'TRANSPORT_KEX_GROUP');
      assert.deepEqual(end.context, sizes);
      assert.equal(end.goodbye, 3);
    });
  }
});

describe('T057: e and f in every method', () => {
  for (const role of ['client', 'server'] as const) {
    for (const [name, number] of [
      [GEX, role === 'client' ? 33 : 32],
      ['diffie-hellman-group14-sha256', role === 'client' ? 31 : 30],
      ['diffie-hellman-group16-sha512', role === 'client' ? 31 : 30],
    ] as const) {
      const { p } = modpGroup(name === GEX ? 3072 : name.includes('14') ? 2048 : 4096);
      for (const [what, value] of [
        ['0', bigintToMpint(0n)],
        ['1', bigintToMpint(1n)],
        ['p − 1', bigintToMpint(p - 1n)],
        ['p', bigintToMpint(p)],
        ['p + 1', bigintToMpint(p + 1n)],
        ['−1', Uint8Array.of(0xff)],
        ['a long negative number', new Uint8Array(256).fill(0x80)],
        ['leading zeros', concat(new Uint8Array(2), Uint8Array.of(5))],
        ['64 KiB', new Uint8Array(65_536).fill(1)],
      ] as const) {
        it(`${role}, ${name}: ${what} ends the exchange`, () => {
          const change = (payload: Uint8Array): Uint8Array => {
            if (number === 30) return KexEcdhInit.encode({ clientPublic: value });
            if (number === 32) return KexGexInit.encode({ clientPublic: value });
            const codec = number === 31 ? KexEcdhReply : KexGexReply;
            return codec.encode({ ...codec.decode(payload), serverPublic: value });
          };
          const end = forged(role, number, change, { algorithms: { kex: [name] } });
          assert.equal(end.code, 'CRYPTO_BAD_PUBLIC_VALUE');
          assert.equal(end.goodbye, 3);
          assert.equal(end.ready, false);
        });
      }
    }
  }
});

describe('a group exchange that somebody edits [T054]', () => {
  const spoiled = (number: number, from: Role, change: (payload: Uint8Array) => Uint8Array): End => {
    // What is changed on the way is seen by the client as a signature over something else.
    if (from === 'server') return forged('client', number, change);
    const client = new End(config('client', gex)).start();
    const peer = new RawPeer(config('server', gex));
    const receive = peer.exchanges.receive.bind(peer.exchanges);
    peer.exchanges.receive = (payload) => receive(payload[0] === number ? change(payload) : payload);
    peer.start();
    pumpRaw(client, peer);
    return client;
  };

  it('another good group in place of the server’s does not pass the signature', () => {
    const ffdhe = wellKnown.find(({ name }) => name === 'ffdhe3072');
    const other = { p: BigInt(`0x${ffdhe?.p}`), g: 2n };
    assert.equal(spoiled(31, 'server', () => KexGexGroup.encode(other)).code, 'TRANSPORT_HOST_KEY_SIGNATURE');
    const { p } = modpGroup(3072);
    const end = spoiled(31, 'server', () => KexGexGroup.encode({ p, g: 4n }));
    assert.deepEqual([end.code, end.goodbye], ['TRANSPORT_HOST_KEY_SIGNATURE', 9]);
  });

  it('nor do other sizes, even where the server gives the same group for them', () => {
    for (const sizes of [
      { min: 2047, preferred: 3072, max: 8192 },
      { min: 2048, preferred: 3071, max: 8192 },
      { min: 2048, preferred: 3072, max: 8191 },
    ]) {
      const end = spoiled(34, 'client', () => KexGexRequest.encode(sizes));
      assert.deepEqual([end.code, end.goodbye], ['TRANSPORT_HOST_KEY_SIGNATURE', 9]);
    }
  });
});

describe('a peer that falls silent in a group exchange [T069]', () => {
  for (const role of ['client', 'server'] as const) {
    for (const last of role === 'client' ? [31, 33] : [34, 32]) {
      it(`${role}, without message ${last}: ends at the deadline`, () => {
        const end = forged(role, last, () => undefined, { ...gex, limits: { kexMilliseconds: 5000 } });
        assert.equal(end.machine.deadline(), 5000);
        end.tick(4999);
        assert.equal(end.code, undefined);
        end.tick(5000);
        assert.equal(end.code, 'TRANSPORT_KEX_TIMEOUT');
      });
    }
  }
});
