import assert from 'node:assert/strict';
import { assertLinear } from '@nbs-ssh/testing';
import { type AlgorithmSlot, MARKERS } from '@nbs-ssh/transport';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { describe, it } from 'vitest';
import { stepKex } from '../src/kex/exchange.ts';
import type { KexContext, KexState, Step } from '../src/kex/state.ts';
import { KexEcdhInit, KexInit } from '../src/messages.ts';
import { negotiate } from '../src/negotiate.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import { config, connected, End, hostKey, message, other, pump } from './support/twins.ts';

const SLOTS: readonly (AlgorithmSlot & keyof KexInit)[] = [
  'kex',
  'hostKey',
  'cipherClientToServer',
  'cipherServerToClient',
  'macClientToServer',
  'macServerToClient',
  'compressionClientToServer',
  'compressionServerToClient',
];

const offer = (lists: Partial<KexInit> = {}): KexInit => ({
  cookie: new Uint8Array(16),
  kex: ['k1', 'k2'],
  hostKey: ['h1', 'h2'],
  cipherClientToServer: ['c1', 'c2', 'aead'],
  cipherServerToClient: ['c1', 'c2', 'aead'],
  macClientToServer: ['m1', 'm2'],
  macServerToClient: ['m1', 'm2'],
  compressionClientToServer: ['none'],
  compressionServerToClient: ['none'],
  languageClientToServer: [],
  languageServerToClient: [],
  firstKexPacketFollows: false,
  reserved: 0,
  ...lists,
});
const isAead = (name: string): boolean => name === 'aead';

describe('negotiation, RFC 4253 §7.1', () => {
  it("takes the client's first choice that the server has, in each slot by itself", () => {
    const server = offer({
      kex: ['k2', 'k1'],
      hostKey: ['h2'],
      cipherServerToClient: ['c2'],
      macClientToServer: ['m2'],
    });
    assert.deepEqual(negotiate(offer(), server, isAead), {
      kex: 'k1',
      hostKey: 'h2',
      cipherClientToServer: 'c1',
      cipherServerToClient: 'c2',
      macClientToServer: 'm2',
      macServerToClient: 'm1',
      compressionClientToServer: 'none',
      compressionServerToClient: 'none',
    });
  });
  for (const slot of SLOTS) {
    for (const side of ['client', 'server'] as const) {
      it(`names the slot and both lists when ${slot} of the ${side} is empty or foreign [T050]`, () => {
        for (const list of [[], ['x'], ['']]) {
          const odd = offer({ [slot]: list });
          const run = () =>
            side === 'client' ? negotiate(odd, offer(), isAead) : negotiate(offer(), odd, isAead);
          assert.throws(run, {
            code: 'TRANSPORT_NO_COMMON_ALGORITHM',
            disconnect: 3,
            context: {
              slot,
              client: side === 'client' ? list : offer()[slot],
              server: side === 'server' ? list : offer()[slot],
            },
          });
        }
      });
    }
  }
  it('ignores the MAC lists of a direction whose cipher authenticates by itself', () => {
    const client = offer({ cipherClientToServer: ['aead'], macClientToServer: [] });
    const chosen = negotiate(client, offer(), isAead);
    assert.deepEqual([chosen.macClientToServer, chosen.macServerToClient], [null, 'm1']);
  });
  it('never chooses a marker, even when both sides list it first', () => {
    for (const marker of Object.values(MARKERS)) {
      const both = offer({ kex: [marker, 'k1'] });
      assert.equal(negotiate(both, both, isAead).kex, 'k1');
    }
  });
  it('never takes `none` for a cipher or MAC: it is nobody’s to offer [T028]', () => {
    for (const role of ['client', 'server'] as const) {
      for (const algorithms of [{ ciphers: ['none'] }, { ciphers: ['aes128-ctr'], macs: ['none'] }]) {
        const end = new End(config(role, { algorithms: { ciphers: ['aes128-ctr'] } })).start();
        const peer = new RawPeer(config(other(role), { algorithms }));
        peer.answers = false;
        peer.start();
        pumpRaw(end, peer);
        assert.equal(end.code, 'TRANSPORT_NO_COMMON_ALGORITHM');
        assert.equal(end.goodbye, 3);
        assert.ok(Array.isArray(end.context['client']) && Array.isArray(end.context['server']));
      }
    }
  });
  it('has a message of bounded length however much was offered', () => {
    const many = offer({ kex: Array.from({ length: 1000 }, (_, i) => `name-${i}`) });
    assert.throws(
      () => negotiate(many, offer({ kex: ['x'.repeat(9000)] }), isAead),
      (error: Error) => error.message.length < 4000 && error.message.includes('968 more'),
    );
  });
  it('matches up to 1024 names of 16 KiB in time in proportion to their number [T051]', () => {
    assertLinear(128, (length) => {
      const many = Array.from({ length }, (_, i) => `name-${i}`.padEnd(15, 'x'));
      const client = offer({ kex: [...many, 'k1'] });
      const server = offer({ kex: [...many.map((name) => `${name}y`), 'k1'] });
      assert.equal(negotiate(client, server, isAead).kex, 'k1');
    });
  });
  for (const role of ['client', 'server'] as const) {
    it(`a ${role} refuses a KEXINIT with 1025 names, with 16,385 bytes, with a foreign letter [T051]`, () => {
      for (const kex of [Array.from({ length: 1025 }, (_, i) => `n${i}`), ['x'.repeat(16_385)], ['é']]) {
        const end = new End(config(role)).start();
        const peer = new RawPeer(config(other(role), { algorithms: { kex } }));
        peer.answers = false;
        peer.start();
        pumpRaw(end, peer);
        assert.match(end.code ?? '', /^WIRE_(LIMIT|NAME_LIST)$/);
        assert.equal(end.goodbye, 2);
      }
    });
    it(`a ${role} does not mind duplicates, empty names and names of 65 bytes [T051]`, () => {
      const end = new End(config(role)).start();
      const kex = ['x'.repeat(65), 'a', '', 'a', 'curve25519-sha256', 'curve25519-sha256', ''];
      const peer = new RawPeer(config(other(role), { algorithms: { kex } }));
      peer.start();
      pumpRaw(end, peer);
      assert.equal(end.ready, true);
    });
  }
});

describe('guessed packets and the reserved field, RFC 4253 §7', () => {
  const server: KexContext = {
    config: config('server'),
    clientLine: new Uint8Array(1),
    serverLine: new Uint8Array(1),
    sessionId: undefined,
    hostKey: undefined,
  };
  const client: KexContext = { ...server, config: config('client') };
  const inputs = (step: Step, number: number): Uint8Array[] =>
    step.outputs.flatMap((output) =>
      output.type === 'send' && output.payload[0] === number ? [output.payload] : [],
    );

  /** A client whose KEXINIT says what a polite one never says. */
  function exchange(lists: Partial<KexInit>): { clientStep: Step; serverState: KexState } {
    const asked = stepKex(server, { phase: 'idle' }, { type: 'start' });
    const theirInit = inputs(asked, 20)[0] as Uint8Array;
    const plain = stepKex(client, { phase: 'idle' }, { type: 'start' });
    if (plain.state.phase !== 'init-sent') throw new Error(plain.state.phase);
    const ours = { ...plain.state.ours, ...lists };
    const ourPayload = KexInit.encode(ours);
    const clientStep = stepKex(
      client,
      { phase: 'init-sent', ours, ourPayload },
      { type: 'message', payload: theirInit },
    );
    const answered = stepKex(server, asked.state, { type: 'message', payload: ourPayload });
    return { clientStep, serverState: answered.state };
  }

  it('a right guess is used', () => {
    // Right when the first host key algorithms are the same, too: the server has no certificate to begin with.
    const hostKey = ['ssh-ed25519'];
    const { clientStep, serverState } = exchange({ firstKexPacketFollows: true, hostKey });
    const init = inputs(clientStep, 30)[0] as Uint8Array;
    const done = stepKex(server, serverState, { type: 'message', payload: init });
    assert.equal(done.state.phase, 'new-keys-awaited');
    const trusted = stepKex(client, clientStep.state, {
      type: 'message',
      payload: inputs(done, 31)[0] as Uint8Array,
    });
    assert.equal(trusted.state.phase, 'trust-awaited');
  });
  for (const lists of [
    { kex: ['mlkem768x25519-sha256', 'curve25519-sha256'] },
    { hostKey: ['rsa-sha2-512', 'ssh-ed25519'] },
  ]) {
    it(`after a wrong guess of ${Object.keys(lists)[0]} exactly one packet is thrown away [T052]`, () => {
      const { clientStep, serverState } = exchange({ ...lists, firstKexPacketFollows: true });
      const guess = KexEcdhInit.encode({ clientPublic: new Uint8Array(7) });
      const skipped = stepKex(server, serverState, { type: 'message', payload: guess });
      assert.deepEqual(skipped.outputs, []);
      const init = inputs(clientStep, 30)[0] as Uint8Array;
      const done = stepKex(server, skipped.state, { type: 'message', payload: init });
      assert.equal(done.state.phase, 'new-keys-awaited');
      // A second wrong one is not forgiven.
      assert.throws(() => stepKex(server, skipped.state, { type: 'message', payload: guess }), {
        code: 'CRYPTO_BAD_PUBLIC_VALUE',
      });
    });
  }
  it('a wrong guess that nobody announced is not thrown away', () => {
    const { serverState } = exchange({ kex: ['mlkem768x25519-sha256', 'curve25519-sha256'] });
    const guess = KexEcdhInit.encode({ clientPublic: new Uint8Array(7) });
    assert.throws(() => stepKex(server, serverState, { type: 'message', payload: guess }), {
      code: 'CRYPTO_BAD_PUBLIC_VALUE',
    });
  });
  it('a reserved field that is not 0 is hashed like any other byte', () => {
    const { clientStep, serverState } = exchange({ reserved: 0xdead_beef });
    const done = stepKex(server, serverState, {
      type: 'message',
      payload: inputs(clientStep, 30)[0] as Uint8Array,
    });
    const trusted = stepKex(client, clientStep.state, {
      type: 'message',
      payload: inputs(done, 31)[0] as Uint8Array,
    });
    assert.equal(trusted.state.phase, 'trust-awaited');
  });
});

describe('every algorithm, both ends', () => {
  for (const crypto of [nobleProvider, nodeProvider]) {
    for (const kex of crypto.kex) {
      it(`${crypto.name}: exchanges keys by ${kex.name}`, () => {
        const pair = connected({ crypto, algorithms: { kex: [kex.name] } });
        assert.equal(pair.client.machine.algorithms?.kex, kex.name);
        assert.deepEqual(pair.client.machine.sessionId, pair.server.machine.sessionId);
      });
    }
    for (const cipher of crypto.ciphers) {
      const macs = cipher.kind === 'aead' ? [null] : crypto.macs.map((mac) => mac.name);
      for (const mac of macs) {
        it(`${crypto.name}: carries messages both ways under ${cipher.name}${mac === null ? '' : ` ${mac}`}, over a rekey`, () => {
          const algorithms = { ciphers: [cipher.name], ...(mac === null ? {} : { macs: [mac] }) };
          const pair = connected({ crypto, algorithms });
          const sizes = [1, 5, 16, 200, 33_000];
          for (let round = 0; round < 2; round += 1) {
            for (const end of [pair.client, pair.server]) {
              for (const size of sizes) end.machine.send(message(94, size));
            }
            pump(pair);
            pair.client.machine.rekey();
            pump(pair);
          }
          for (const end of [pair.client, pair.server]) {
            assert.equal(end.error, undefined);
            assert.deepEqual(
              end.messages,
              [...sizes, ...sizes].map((size) => message(94, size)),
            );
            assert.equal(end.count('transport.kex.done'), 3);
          }
        });
      }
    }
    for (const keyType of [
      'ssh-ed25519',
      'ssh-rsa',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
    ]) {
      it(`${crypto.name}: a server proves itself with ${keyType}`, () => {
        const pair = connected({ crypto }, {}, { hostKeys: [hostKey(keyType)] });
        const effect = pair.client.outputs.find((output) => output.type === 'effect');
        assert.equal(effect?.type === 'effect' && effect.effect.hostKey.keyType, keyType);
      });
    }
  }
});
