import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { seededRandom } from '@nbs-ssh/testing';
import { MARKERS, transportError } from '@nbs-ssh/transport';
import type { KexSuite } from '@nbs-ssh/transport/crypto';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { concat, fromHex, toHex } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { encodeSharedSecret } from '../src/kex/exchange-hash.ts';
import { deriveKey } from '../src/key-derivation.ts';
import { KexEcdhReply } from '../src/messages.ts';
import { connected, hostKey, pump, twins } from './support/twins.ts';

describe('what the host key signs', () => {
  it('any bit of the reply changed: the host key is never shown as proven [T062]', () => {
    const { length } = replyOf(twins());
    for (let at = 0; at < length; at += 1) {
      const pair = twins();
      pair.client.trusts = false;
      const reply = replyOf(pair);
      reply[at] = (reply[at] as number) ^ (1 << (at & 7));
      deliver(pair, reply);
      assert.notEqual(pair.client.code, undefined, `byte ${at}`);
      assert.equal(
        pair.client.outputs.some((output) => output.type === 'effect'),
        false,
        `byte ${at}`,
      );
      assert.ok([2, 3, 9].includes(pair.client.goodbye as number), `byte ${at}: ${pair.client.code}`);
    }
  });
  it('a signature of another exchange is refused [T062]', () => {
    const earlier = KexEcdhReply.decode(replyOf(twins({}, {}, {}, 'earlier')));
    const pair = twins();
    const now = KexEcdhReply.decode(replyOf(pair));
    deliver(pair, KexEcdhReply.encode({ ...now, signature: earlier.signature }));
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_SIGNATURE');
    assert.equal(pair.client.goodbye, 9);
  });
  it('a signature under another algorithm name, or cut, is refused [T062]', () => {
    const pair = () => {
      const made = twins({}, {}, { hostKeys: [hostKey('ssh-rsa')] });
      return { made, reply: KexEcdhReply.decode(replyOf(made)) };
    };
    const sha1 = concat(new Uint8Array([0, 0, 0, 7]), new TextEncoder().encode('ssh-rsa'));
    for (const spoil of [
      (signature: Uint8Array) => concat(sha1, signature.subarray(4 + 12)),
      (signature: Uint8Array) => signature.slice(0, -1),
      () => new Uint8Array(0),
    ]) {
      const { made, reply } = pair();
      deliver(made, KexEcdhReply.encode({ ...reply, signature: spoil(reply.signature) }));
      assert.equal(made.client.goodbye, 9, made.client.code);
      assert.equal(made.client.ready, false);
    }
  });
  it('a host key of another type than was agreed is refused [T062]', () => {
    const pair = twins();
    const reply = KexEcdhReply.decode(replyOf(pair));
    deliver(pair, KexEcdhReply.encode({ ...reply, hostKey: hostKey('ecdsa-sha2-nistp256').publicKey.blob }));
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_MALFORMED');
    assert.equal(pair.client.goodbye, 9);
  });

  it('covers every byte of both identification lines and both KEXINITs [T054]', () => {
    const probeRun = twins();
    probeRun.client.start();
    probeRun.server.start();
    const first = { client: probeRun.client.take(), server: probeRun.server.take() };
    for (const side of ['client', 'server'] as const) {
      const line = first[side].indexOf(0x0a) + 1;
      const packet = first[side].subarray(line);
      const payloadEnd = line + 4 + new DataView(packet.slice().buffer).getUint32(0) - (packet[4] as number);
      for (let at = 0; at < payloadEnd; at += 1) {
        // The end of the line and the packet's own header are not hashed; they cannot change and still be read.
        if (at >= line - 2 && at < line + 5) continue;
        const pair = twins();
        pair.client.start();
        pair.server.start();
        let passed = 0;
        pump(pair, (from, bytes) => {
          const index = at - passed;
          if (from !== side || index < 0) return [bytes];
          passed += bytes.length;
          if (index >= bytes.length) return [bytes];
          const changed = bytes.slice();
          changed[index] = (changed[index] as number) ^ 1;
          return [changed];
        });
        assert.equal(pair.client.ready, false, `${side} byte ${at}`);
      }
    }
  }, 240_000);

  it("covers the server's strict marker: taking it away fails at the signature [T045]", () => {
    const pair = twins();
    pair.client.start();
    pair.server.start();
    let first = true;
    pump(pair, (from, bytes) => {
      if (from === 'client' || !first) return [bytes];
      first = false;
      const text = Buffer.from(bytes).toString('latin1');
      const other = MARKERS.strictServer.replace('kex', 'kox');
      return [Uint8Array.from(text.replace(MARKERS.strictServer, other), (c) => c.charCodeAt(0))];
    });
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_SIGNATURE');
    assert.equal(pair.client.goodbye, 9);
    assert.equal(pair.client.ready, false);
  });
});

/** Runs until the server has answered. @returns its KEX_ECDH_REPLY; nothing of it has been delivered. */
function replyOf(pair: ReturnType<typeof twins>): Uint8Array {
  pair.client.start();
  pair.server.start();
  pair.client.receive(pair.server.take());
  pair.server.receive(pair.client.take());
  const bytes = pair.server.take();
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return bytes.slice(5, 4 + length - (bytes[4] as number));
}

/** Gives the client a payload as the server's next unprotected packet. */
function deliver({ client }: ReturnType<typeof twins>, payload: Uint8Array): void {
  const least = 5 + payload.length + 4;
  const padded = new Uint8Array(least + (8 - (least % 8)));
  new DataView(padded.buffer).setUint32(0, padded.length - 4);
  padded[4] = padded.length - 5 - payload.length;
  padded.set(payload, 5);
  client.receive(padded);
}

describe('shared secret and keys', () => {
  const suite = (sharedSecretEncoding: 'mpint' | 'string'): KexSuite =>
    ({ sharedSecretEncoding }) as unknown as KexSuite;

  for (const [secret, mpint, string] of [
    ['7f01', '000000027f01', '000000027f01'],
    ['8001', '00000003008001', '000000028001'],
    ['000102', '000000020102', '00000003000102'],
    ['000080', '000000020080', '00000003000080'],
    ['0000', '00000000', '000000020000'],
  ] as const) {
    it(`${secret} enters the hash as an mpint in classic exchanges and as a string in hybrids [T061]`, () => {
      assert.equal(toHex(encodeSharedSecret(suite('mpint'), fromHex(secret))), mpint);
      assert.equal(toHex(encodeSharedSecret(suite('string'), fromHex(secret))), string);
    });
  }
  it('both ends agree in 200 exchanges, among them secrets that begin with a zero byte [T061]', () => {
    for (const kex of ['curve25519-sha256', 'ecdh-sha2-nistp256']) {
      for (let seed = 0; seed < 100; seed += 1) connected({ algorithms: { kex: [kex] } }, {}, {}, seed);
    }
  });
  it('keys are as long as asked: HASH(K ‖ H ‖ letter ‖ id), then HASH(K ‖ H ‖ all so far), RFC 4253 §7.2', () => {
    const random = seededRandom('keys');
    const source = {
      crypto: nodeProvider,
      hash: 'sha256' as const,
      sharedSecret: random(36),
      exchangeHash: random(32),
      sessionId: random(32),
    };
    const sha = (...parts: Uint8Array[]): Buffer =>
      createHash('sha256').update(Buffer.concat(parts)).digest();
    const { sharedSecret: k, exchangeHash: h, sessionId: id } = source;
    for (const [direction, purpose, letter] of [
      ['clientToServer', 'iv', 'A'],
      ['serverToClient', 'iv', 'B'],
      ['clientToServer', 'key', 'C'],
      ['serverToClient', 'key', 'D'],
      ['clientToServer', 'mac', 'E'],
      ['serverToClient', 'mac', 'F'],
    ] as const) {
      const k1 = sha(k, h, Buffer.from(letter), id);
      const k2 = sha(k, h, k1);
      const k3 = sha(k, h, k1, k2);
      const all = Buffer.concat([k1, k2, k3]);
      for (const length of [0, 12, 16, 32, 33, 64, 65, 96]) {
        assert.equal(
          toHex(deriveKey(source, direction, purpose, length)),
          all.subarray(0, length).toString('hex'),
        );
      }
    }
  });
  it('the session id is the first exchange hash for good, also when a later hash is longer [T079]', () => {
    const kex = ['curve25519-sha256'];
    const pair = connected({ algorithms: { kex } });
    const id = toHex(pair.client.machine.sessionId ?? new Uint8Array(0));
    assert.equal(id.length, 64);
    for (const next of ['ecdh-sha2-nistp521', 'ecdh-sha2-nistp384']) {
      kex[0] = next;
      pair.server.machine.rekey();
      pump(pair);
      assert.equal(pair.client.machine.algorithms?.kex, next);
      for (const end of [pair.client, pair.server]) {
        assert.equal(end.error, undefined);
        assert.equal(toHex(end.machine.sessionId ?? new Uint8Array(0)), id);
      }
    }
  });
});

describe('host key over rekeys', () => {
  it('another key in a rekey ends the session, whether known or not [T068]', () => {
    const hostKeys = [hostKey()];
    const pair = connected({}, {}, { hostKeys });
    hostKeys[0] = hostKey('ssh-ed25519', 'b');
    pair.client.machine.rekey();
    pump(pair);
    assert.equal(pair.client.code, 'TRANSPORT_HOST_KEY_CHANGED_IN_REKEY');
    assert.equal(pair.client.goodbye, 9);
    assert.match(String(pair.client.context['before']), /^SHA256:/);
    assert.notEqual(pair.client.context['before'], pair.client.context['now']);
  });
  it('the same key is not asked about again', () => {
    const pair = connected();
    for (let n = 0; n < 3; n += 1) {
      pair.client.machine.rekey();
      pump(pair);
    }
    assert.equal(pair.client.outputs.filter((output) => output.type === 'effect').length, 1);
    assert.equal(pair.client.outputs.filter((output) => output.type === 'rekeyed').length, 3);
  });
});

describe('the question whether a host key is trusted', () => {
  const asking = () => {
    const pair = twins();
    pair.client.trusts = false;
    pair.client.start();
    pair.server.start();
    pump(pair);
    assert.equal(pair.client.machine.phase, 'host-key');
    return pair;
  };
  it('lets nothing be decoded and nothing be sent until it is answered', () => {
    const pair = asking();
    assert.equal(pair.client.machine.canSend, false);
    assert.equal(pair.client.packets('received').filter(([number]) => number === 21).length, 0);
    assert.equal(pair.client.machine.deadline(), undefined);
    pair.client.machine.resolveHostKey(undefined);
    pump(pair);
    assert.equal(pair.client.ready, true);
    pair.client.machine.resolveHostKey(undefined);
  });
  it('takes its time from nobody: the peer has its full time after the answer', () => {
    const pair = twins();
    pair.client.trusts = false;
    // The reply arrives, and the server's NEWKEYS does not.
    deliver(pair, replyOf(pair));
    pair.client.tick(60_000);
    pair.client.machine.resolveHostKey(undefined);
    assert.equal(pair.client.machine.deadline(), 90_000);
    pair.client.tick(89_999);
    assert.equal(pair.client.code, undefined);
    pair.client.tick(90_000);
    assert.equal(pair.client.code, 'TRANSPORT_KEX_TIMEOUT');
  });
  it('ends the session with the given reason when it is answered with no', () => {
    const pair = asking();
    const error = transportError('TRANSPORT_HOST_KEY_REJECTED', { fingerprint: 'x' });
    pair.client.machine.resolveHostKey(error);
    pump(pair);
    assert.equal(pair.client.error, error);
    assert.equal(pair.client.goodbye, 9);
    assert.equal(pair.server.code, 'TRANSPORT_DISCONNECTED');
    assert.equal(
      pair.client.packets('sent').some(([number]) => number === 21),
      false,
    );
  });
  it('is over when the peer closes, without waiting for the answer', () => {
    const pair = asking();
    pair.client.receive(undefined);
    assert.equal(pair.client.code, 'TRANSPORT_CLOSED');
    assert.equal(pair.client.context['phase'], 'host-key');
    pair.client.machine.resolveHostKey(undefined);
    pair.client.settle();
    assert.equal(pair.client.ready, false);
  });
  it('holds a bounded number of bytes while it is open', () => {
    const pair = asking();
    for (let i = 0; i < 17 && pair.client.error === undefined; i += 1)
      pair.client.receive(new Uint8Array(65_536));
    assert.equal(pair.client.code, 'TRANSPORT_INPUT_OVERFLOW');
    assert.equal(pair.client.goodbye, 2);
  });
});
