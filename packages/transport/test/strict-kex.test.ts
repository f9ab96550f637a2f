import assert from 'node:assert/strict';
import { MARKERS } from '@nbs-ssh/transport';
import { describe, it } from 'vitest';
import { Debug, Ignore, KexInit, NewKeys, Ping, Unimplemented } from '../src/messages.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import {
  authenticated,
  config,
  connected,
  End,
  message,
  type Overrides,
  other,
  pump,
  type Role,
  twins,
} from './support/twins.ts';

const IGNORE = Ignore.encode({ data: new Uint8Array(3) });
const NOISE: readonly (readonly [string, Uint8Array])[] = [
  ['IGNORE', IGNORE],
  ['DEBUG', Debug.encode({ alwaysDisplay: false, message: new Uint8Array(0), language: new Uint8Array(0) })],
  ['UNIMPLEMENTED', Unimplemented.encode({ sequence: 0 })],
  ['an unknown message', message(199, 5)],
  ['PING', Ping.encode({ data: new Uint8Array(0) })],
  ['EXT_INFO', new Uint8Array([7, 0, 0, 0, 0])],
  ['CHANNEL_OPEN', message(90, 30)],
  ['USERAUTH_REQUEST', message(50, 30)],
];

const facing = (role: Role, mine: Overrides = {}, theirs: Overrides = {}) => ({
  end: new End(config(role, mine)).start(),
  peer: new RawPeer(config(other(role), theirs)),
});

describe('strict key exchange, OpenSSH PROTOCOL §1.9', () => {
  for (const role of ['client', 'server'] as const) {
    it(`${role}: IGNORE as the very first packet ends the exchange once the marker is seen [T037]`, () => {
      const { end, peer } = facing(role);
      peer.identify();
      peer.send(IGNORE);
      peer.exchanges.start();
      pumpRaw(end, peer);
      assert.equal(end.code, 'TRANSPORT_STRICT_KEX');
      assert.equal(end.goodbye, 3);
      assert.equal(end.ready, false);
    });

    for (const [name, payload] of NOISE) {
      it(`${role}: ${name} between KEXINIT and the method's messages ends the exchange [T038, T040]`, () => {
        const { end, peer } = facing(role);
        peer.start().send(payload);
        pumpRaw(end, peer);
        assert.equal(end.code, 'TRANSPORT_STRICT_KEX');
        assert.equal(end.goodbye, 3);
        assert.equal(end.messages.length, 0);
      });

      it(`${role}: ${name} right before NEWKEYS ends the exchange [T038, T040]`, () => {
        const { end, peer } = facing(role);
        peer.outgoing.forge = (sent) => (sent[0] === NewKeys.number ? [payload, sent] : [sent]);
        peer.start();
        pumpRaw(end, peer);
        assert.equal(end.code, 'TRANSPORT_STRICT_KEX');
        assert.equal(end.goodbye, 3);
        assert.equal(end.messages.length, 0);
      });
    }

    it(`${role}: a peer without the marker is served, and said to be without it [T046]`, () => {
      const pair = connected(
        {},
        role === 'client' ? {} : { strictKex: 'off' },
        role === 'client' ? { strictKex: 'off' } : {},
      );
      assert.equal(pair[role].machine.strictKex, false);
      assert.equal(pair[role].event('transport.kex.negotiated')?.['strict_kex'], false);
    });
    it(`${role}: a peer without the marker is refused by policy [T046]`, () => {
      const { end, peer } = facing(role, { strictKex: 'require' }, { strictKex: 'off' });
      peer.start();
      pumpRaw(end, peer);
      assert.equal(end.code, 'TRANSPORT_STRICT_KEX_REQUIRED');
      assert.equal(end.goodbye, 3);
    });
    it(`${role}: not strict, IGNORE and DEBUG are taken while the exchange runs, and nothing else`, () => {
      for (const [name, payload] of NOISE) {
        const { end, peer } = facing(role, {}, { strictKex: 'off' });
        peer.start().send(payload);
        pumpRaw(end, peer);
        const allowed = ['IGNORE', 'DEBUG', 'UNIMPLEMENTED'].includes(name);
        assert.equal(end.code, allowed ? undefined : 'TRANSPORT_MESSAGE_UNEXPECTED', name);
        assert.equal(end.ready, allowed);
      }
    });
    it(`${role}: the other role's marker does not count`, () => {
      const wrong = role === 'client' ? MARKERS.strictClient : MARKERS.strictServer;
      const kex = ['curve25519-sha256', wrong];
      const { end, peer } = facing(role, {}, { strictKex: 'off', algorithms: { kex } });
      peer.start();
      pumpRaw(end, peer);
      assert.equal(end.ready, true);
      assert.equal(end.machine.strictKex, false);
    });
    for (const policy of ['offer', 'off'] as const) {
      it(`${role}: markers in a later KEXINIT change nothing, policy ${policy} [T047]`, () => {
        const kex = ['curve25519-sha256'];
        const { end, peer } = facing(role, {}, { strictKex: policy, algorithms: { kex } });
        peer.start();
        pumpRaw(end, peer);
        const strict = end.machine.strictKex;
        assert.equal(strict, policy === 'offer');
        // Absent first, which is what everybody sends, then present.
        for (let n = 0; n < 2; n += 1) {
          end.machine.rekey();
          pumpRaw(end, peer);
          kex.push(MARKERS.strictClient, MARKERS.strictServer);
        }
        assert.equal(end.error, undefined);
        assert.equal(end.count('transport.newkeys.received'), 3);
        assert.equal(end.machine.strictKex, strict);
        const numbers = end.packets('received');
        const afterLast = numbers.findLastIndex(([number]) => number === 21) + 1;
        peer.send(message(94, 9));
        pumpRaw(end, peer);
        const sequence = end.packets('received')[afterLast]?.[1];
        assert.equal(sequence === 0, strict);
      });
    }
    it(`${role}: sends its markers in the first KEXINIT only`, () => {
      const { end, peer } = facing(role);
      peer.start();
      pumpRaw(end, peer);
      end.machine.rekey();
      pumpRaw(end, peer);
      const lists = peer.received
        .filter((payload) => payload[0] === 20)
        .map((payload) => KexInit.decode(payload).kex);
      const marker = role === 'client' ? MARKERS.strictClient : MARKERS.strictServer;
      assert.deepEqual(
        lists.map((kex) => kex.includes(marker)),
        [true, false],
      );
      assert.deepEqual(
        lists.map((kex) => kex.some((name) => name.startsWith('ext-info'))),
        [true, false],
      );
    });
  }

  it('sequence numbers begin again at every NEWKEYS, each direction by itself [T048]', () => {
    const pair = authenticated();
    for (let n = 0; n < 20; n += 1) {
      pair.client.machine.send(message(94, 40));
      pair.server.machine.send(message(94, 40));
      (n % 2 === 0 ? pair.client : pair.server).machine.rekey();
      pump(pair);
    }
    for (const end of [pair.client, pair.server]) {
      assert.equal(end.error, undefined);
      assert.equal(end.messages.length, 20);
      for (const direction of ['sent', 'received'] as const) {
        const packets = end.packets(direction);
        assert.equal(packets.filter(([number]) => number === 21).length, 21);
        packets.forEach(([, sequence], index) => {
          const previous = packets[index - 1];
          const expected = previous === undefined || previous[0] === 21 ? 0 : previous[1] + 1;
          assert.equal(sequence, expected, `${end.role} ${direction} packet ${index}`);
        });
      }
    }
  });

  it('sequence numbers run on over NEWKEYS when the exchange is not strict', () => {
    const pair = authenticated({ strictKex: 'off' });
    for (let n = 0; n < 5; n += 1) {
      pair.client.machine.send(message(94, 40));
      pair.server.machine.rekey();
      pump(pair);
    }
    for (const end of [pair.client, pair.server]) {
      assert.equal(end.error, undefined);
      for (const direction of ['sent', 'received'] as const) {
        const sequences = end.packets(direction).map(([, sequence]) => sequence);
        assert.deepEqual(sequences, [...sequences.keys()]);
      }
    }
  });
});

describe('Terrapin (CVE-2023-48795): a proxy adds an IGNORE before NEWKEYS and takes EXT_INFO away behind it', () => {
  /** One unprotected packet, as anybody on the path can make it. */
  const plainIgnore = (): Uint8Array => {
    const packet = new Uint8Array(16);
    packet.set([0, 0, 0, 12, 6, 2, 0, 0, 0, 0]);
    return packet;
  };

  function attack(strictKex: 'off' | 'offer'): ReturnType<typeof twins> {
    const pair = twins({ strictKex, algorithms: { ciphers: ['chacha20-poly1305@openssh.com'] } });
    pair.client.start();
    pair.server.start();
    let phase: 'kexinit' | 'reply' | 'over' = 'kexinit';
    pump(pair, (from, bytes) => {
      if (from === 'client' || phase === 'over') return [bytes];
      if (phase === 'kexinit') {
        phase = 'reply';
        return [bytes, plainIgnore()];
      }
      // Reply and NEWKEYS are in clear; one sealed packet follows, which is EXT_INFO.
      phase = 'over';
      let end = 0;
      for (let n = 0; n < 2; n += 1) end += 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(end);
      assert.ok(end < bytes.length, 'the server sends EXT_INFO with its reply');
      return [bytes.subarray(0, end)];
    });
    if (pair.client.error === undefined && pair.client.ready) {
      pair.server.machine.send(message(6, 20));
      pump(pair);
    }
    return pair;
  }

  it('goes unnoticed without strict key exchange: the attack works here [T043, control]', () => {
    const { client, server } = attack('off');
    assert.equal(client.error, undefined);
    assert.equal(server.error, undefined);
    assert.equal(client.messages.length, 1);
    assert.equal(client.count('transport.ext-info.received'), 0);
  });
  it('fails with it [T043]', () => {
    const { client } = attack('offer');
    assert.equal(client.code, 'TRANSPORT_STRICT_KEX');
    assert.equal(client.goodbye, 3);
    assert.equal(client.ready, false);
  });
  it('fails with it also when only the EXT_INFO is taken away', () => {
    const pair = twins({ algorithms: { ciphers: ['chacha20-poly1305@openssh.com'] } });
    pair.client.start();
    pair.server.start();
    pump(pair, (from, bytes) => {
      if (from === 'client' || !pair.server.ready) return [bytes];
      let end = 0;
      for (let n = 0; n < 2; n += 1) end += 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(end);
      return [bytes.subarray(0, end)];
    });
    pair.server.machine.send(message(6, 20));
    pump(pair);
    // The length is decrypted with the wrong sequence number too, so it may be what is refused.
    assert.match(pair.client.code ?? '', /^TRANSPORT_(BAD_TAG|PACKET_LENGTH)$/);
    assert.equal(pair.client.messages.length, 0);
  });
});
