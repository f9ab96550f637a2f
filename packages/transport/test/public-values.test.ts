import assert from 'node:assert/strict';
import { concat, fromHex } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { KexEcdhInit, KexEcdhReply } from '../src/messages.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import { config, End, type Overrides, other, type Role } from './support/twins.ts';

/** A machine and a peer that replaces its own KEX_ECDH message. The peer's own failures are not of interest. */
function forged(role: Role, both: Overrides, change: (value: Uint8Array) => Uint8Array): End {
  const end = new End(config(role, both)).start();
  const peer = new RawPeer(config(other(role), both));
  peer.outgoing.forge = (payload) => {
    if (payload[0] === 30)
      return [KexEcdhInit.encode({ clientPublic: change(KexEcdhInit.decode(payload).clientPublic) })];
    if (payload[0] !== 31) return [payload];
    const reply = KexEcdhReply.decode(payload);
    return [KexEcdhReply.encode({ ...reply, serverPublic: change(reply.serverPublic) })];
  };
  peer.start();
  try {
    pumpRaw(end, peer);
  } catch {
    // The peer finds that the hash differs.
  }
  return end;
}

describe('public values of a peer', () => {
  const le = (hex: string): Uint8Array => fromHex(hex.padEnd(64, '0'));
  const X25519: readonly (readonly [string, Uint8Array])[] = [
    ['zero', le('')],
    ['one', le('01')],
    ['order 8', fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')],
    ['order 8, the other', fromHex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157')],
    ['p - 1', fromHex(`ec${'ff'.repeat(30)}7f`)],
    ['p', fromHex(`ed${'ff'.repeat(30)}7f`)],
    ['p + 1', fromHex(`ee${'ff'.repeat(30)}7f`)],
    ['31 bytes', new Uint8Array(31).fill(9)],
    ['33 bytes', new Uint8Array(33).fill(9)],
    ['no bytes', new Uint8Array(0)],
  ];
  const NIST: readonly (readonly [string, Uint8Array])[] = [
    ['not on the curve', concat(new Uint8Array([4]), new Uint8Array(64).fill(1))],
    ['infinity', new Uint8Array([0])],
    ['compressed', concat(new Uint8Array([2]), new Uint8Array(32).fill(1))],
    ['no bytes', new Uint8Array(0)],
  ];
  for (const role of ['client', 'server'] as const) {
    for (const [kex, values] of [
      ['curve25519-sha256', X25519],
      ['ecdh-sha2-nistp256', NIST],
    ] as const) {
      for (const [name, value] of values) {
        it(`${role}, ${kex}: ${name} ends the exchange [T055]`, () => {
          const end = forged(role, { algorithms: { kex: [kex] } }, () => value);
          assert.equal(end.code, 'CRYPTO_BAD_PUBLIC_VALUE');
          assert.equal(end.goodbye, 3);
          assert.equal(end.ready, false);
        });
      }
    }
    for (const kex of ['mlkem768x25519-sha256', 'sntrup761x25519-sha512']) {
      for (const [name, change] of [
        ['one byte short', (value: Uint8Array) => value.slice(1)],
        ['one byte long', (value: Uint8Array) => concat(value, new Uint8Array(1))],
        ['without the X25519 part', (value: Uint8Array) => value.slice(0, -32)],
        [
          'with an all-zero X25519 part',
          (value: Uint8Array) => concat(value.slice(0, -32), new Uint8Array(32)),
        ],
      ] as const) {
        it(`${role}, ${kex}: ${name} ends the exchange [T059]`, () => {
          const end = forged(role, { algorithms: { kex: [kex] } }, change);
          assert.equal(end.code, 'CRYPTO_BAD_PUBLIC_VALUE');
          assert.equal(end.goodbye, 3);
          assert.equal(end.ready, false);
        });
      }
    }
    for (const [kex, postQuantum] of [
      ['mlkem768nistp256-sha256', role === 'server' ? 1184 : 1088],
      ['mlkem1024nistp384-sha384', 1568],
    ] as const) {
      it(`${role}, ${kex}: a compressed point behind the post-quantum part ends the exchange [T059]`, () => {
        const compress = (value: Uint8Array): Uint8Array => {
          const changed = value.slice();
          changed[postQuantum] = 2;
          return changed;
        };
        const end = forged(role, { algorithms: { kex: [kex] } }, compress);
        assert.equal(end.code, 'CRYPTO_BAD_PUBLIC_VALUE');
        assert.equal(end.context['reason'], 'encoding');
        assert.equal(end.goodbye, 3);
      });
    }
  }
  for (const [kex, at] of [
    ['mlkem768x25519-sha256', 0],
    ['sntrup761x25519-sha512', 1155],
  ] as const) {
    it(`server, ${kex}: a key with a coefficient of q or more ends the exchange [T059]`, () => {
      const end = forged('server', { algorithms: { kex: [kex] } }, (value) => {
        const changed = value.slice();
        changed.set([0xff, 0xff, 0xff], at);
        return changed;
      });
      assert.equal(end.code, 'CRYPTO_BAD_PUBLIC_VALUE');
      assert.equal(end.goodbye, 3);
    });
    it(`client, ${kex}: a damaged ciphertext fails at the signature, like any other wrong secret [T059]`, () => {
      const end = forged('client', { algorithms: { kex: [kex] } }, (value) => {
        const changed = value.slice();
        changed[5] = (changed[5] as number) ^ 1;
        return changed;
      });
      assert.equal(end.code, 'TRANSPORT_HOST_KEY_SIGNATURE');
      assert.equal(end.goodbye, 9);
    });
  }
});
