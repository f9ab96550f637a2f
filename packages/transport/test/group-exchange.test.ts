import assert from 'node:assert/strict';
import { type CryptoProvider, withInsecure } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { toHex, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { stepKex } from '../src/kex/exchange.ts';
import type { KexContext, Step } from '../src/kex/state.ts';
import {
  KexEcdhInit,
  KexGexGroup,
  KexGexInit,
  KexGexReply,
  KexGexRequest,
  KexInit,
} from '../src/messages.ts';
import { examining, GEX, gex, giving, numbers, unknown } from './support/gex.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import { authenticated, config, connected, End, oneByOne, pump, type Role, twins } from './support/twins.ts';

describe('classic Diffie-Hellman, both ends', () => {
  const all = (provider: CryptoProvider): CryptoProvider =>
    withInsecure(provider, ['diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1']);
  for (const [client, server] of [
    [nobleProvider, nodeProvider],
    [nodeProvider, nobleProvider],
  ] as const) {
    for (const { name } of all(client).kex.filter((suite) => suite.name.startsWith('diffie-hellman-'))) {
      it(`${name}, ${client.name} to ${server.name}: first exchange, and a rekey by either end`, () => {
        const both = { algorithms: { kex: [name] } };
        const pair = authenticated(both, { crypto: all(client) }, { crypto: all(server) });
        const id = toHex(pair.client.machine.sessionId ?? new Uint8Array());
        for (const end of [pair.client, pair.server]) {
          end.machine.rekey();
          pump(pair);
        }
        for (const end of [pair.client, pair.server]) {
          assert.equal(end.error, undefined);
          assert.equal(end.count('transport.kex.done'), 3);
          assert.equal(toHex(end.machine.sessionId ?? new Uint8Array()), id);
          assert.equal(end.machine.algorithms?.kex, name);
        }
      });
    }
  }
});

describe('group exchange, RFC 4419', () => {
  it('has messages 34, 31, 32 and 33, and says in the trace which group was taken', () => {
    const pair = connected(gex);
    assert.deepEqual(numbers(pair.client, 'sent'), [20, 34, 32, 21]);
    assert.deepEqual(numbers(pair.server, 'sent'), [20, 31, 33, 21]);
    const names = pair.client.events
      .filter(({ name }) => name === 'transport.packet')
      .map(({ fields }) => fields['name']);
    assert.ok(names.includes('KEX_DH_GEX_GROUP') && !names.includes('KEX_ECDH_REPLY'), names.join());
    for (const end of [pair.client, pair.server]) {
      assert.deepEqual(end.event('transport.kex.group'), { bits: 3072, well_known: true, number: 1 });
    }
  });

  it('works when every byte comes alone', () => {
    const pair = twins(gex);
    pair.client.start();
    pair.server.start();
    pump(pair, oneByOne);
    assert.equal(pair.client.ready && pair.server.ready, true);
  });

  it('follows another method, and another follows it, in one connection', () => {
    const kex = ['curve25519-sha256'];
    const pair = authenticated({ algorithms: { kex } });
    for (const next of [GEX, 'diffie-hellman-group14-sha256', GEX, 'ecdh-sha2-nistp256']) {
      kex[0] = next;
      pair.server.machine.rekey();
      pump(pair);
      for (const end of [pair.client, pair.server]) {
        assert.equal(end.error, undefined);
        assert.equal(end.machine.algorithms?.kex, next);
      }
    }
  });

  it('hashes the sizes, the group and the values in this order: K_S ‖ min ‖ n ‖ max ‖ p ‖ g ‖ e ‖ f ‖ K', () => {
    const seen: Uint8Array[] = [];
    const hash: CryptoProvider['hash'] = (name, ...parts) => {
      if (parts.length === 1) seen.push(parts[0] as Uint8Array);
      return nodeProvider.hash(name, ...parts);
    };
    const payloads = new Map<number, Uint8Array>();
    const client = new End(config('client', { ...gex, crypto: { ...nodeProvider, hash } })).start();
    const peer = new RawPeer(config('server', gex));
    peer.outgoing.forge = (payload) => {
      payloads.set(payload[0] as number, payload.slice());
      return [payload];
    };
    peer.start();
    pumpRaw(client, peer);
    for (const received of peer.received) payloads.set(received[0] as number, received);
    const { clientPublic } = KexGexInit.decode(payloads.get(32) as Uint8Array);
    const { hostKey, serverPublic } = KexGexReply.decode(payloads.get(33) as Uint8Array);
    const { p, g } = KexGexGroup.decode(payloads.get(31) as Uint8Array);
    const values = new WireWriter()
      .string(hostKey)
      .u32(2048)
      .u32(3072)
      .u32(8192)
      .mpint(p)
      .mpint(g)
      .string(clientPublic)
      .string(serverPublic)
      .finish();
    assert.deepEqual(KexGexRequest.decode(payloads.get(34) as Uint8Array), {
      min: 2048,
      preferred: 3072,
      max: 8192,
    });
    assert.ok(seen.some((bytes) => toHex(bytes).includes(toHex(values))));
  });
});

describe('a group that nobody knows', () => {
  const group = unknown(2048);

  it('is examined between other work, while nothing is decoded, and the exchange then goes on', () => {
    const { client, server } = examining({ ...gex, crypto: giving(group) });
    const { machine } = client;
    assert.deepEqual(numbers(client, 'sent'), [20, 34]);
    let turns = 0;
    for (let now = 1; machine.deadline() === now - 1; now += 1) {
      machine.tick(now);
      assert.equal(machine.poll(), undefined);
      turns += 1;
    }
    assert.ok(turns >= 10, `${turns} turns`);
    assert.deepEqual(numbers(client, 'sent'), [20, 34, 32]);
    client.now = turns;
    pump({ client, server });
    assert.equal(client.ready && server.ready, true);
    assert.deepEqual(client.event('transport.kex.group'), { bits: 2048, well_known: false, number: 1 });
  });

  it('is remembered: the next exchange, or another connection, goes on at once', () => {
    const crypto = giving(group);
    connected({ ...gex, crypto });
    const pair = twins({ ...gex, crypto });
    pair.client.now = -1;
    pair.client.machine.start(0);
    pair.server.start();
    pump(pair);
    assert.equal(pair.client.ready, true);
  });

  it('does not let the peer be late for the time that we took', () => {
    const limits = { kexMilliseconds: 100 };
    const { machine } = examining({ ...gex, crypto: giving(group), limits }).client;
    let now = 0;
    while (machine.deadline() === now) {
      now += 50;
      machine.tick(now);
    }
    assert.ok(now >= 500);
    assert.equal(machine.closed, false);
    assert.equal(machine.deadline(), now + 100);
  });

  it('does not hide that the peer has gone, or sends without end', () => {
    for (const [send, code] of [
      [undefined, 'TRANSPORT_CLOSED'],
      [new Uint8Array(70_000), 'TRANSPORT_INPUT_OVERFLOW'],
    ] as const) {
      const limits = { heldInput: 65_536 };
      const { client } = examining({ ...gex, crypto: giving(group), limits });
      client.receive(send);
      assert.equal(client.code, code);
      assert.equal(client.machine.deadline(), undefined);
    }
  });
});

describe('T052: guesses and group exchange, RFC 4253 §7', () => {
  const context = (role: Role, kex: readonly string[]): KexContext => ({
    config: config(role, { algorithms: { kex, hostKey: ['ssh-ed25519'] } }),
    clientLine: new Uint8Array(1),
    serverLine: new Uint8Array(1),
    sessionId: undefined,
    hostKey: undefined,
  });
  const sent = (step: Step, number: number): Uint8Array => {
    const found = step.outputs.find((output) => output.type === 'send' && output.payload[0] === number);
    assert(found?.type === 'send', `nothing with number ${number}`);
    return found.payload;
  };

  /** The server after a KEXINIT that announces a guess of `guessed`. */
  function afterGuess(
    guessed: string,
    server: readonly string[],
  ): { serverAt: KexContext; step: Step; request: Uint8Array } {
    const clientAt = context('client', [guessed, GEX]);
    const serverAt = context('server', server);
    const started = stepKex(clientAt, { phase: 'idle' }, { type: 'start' });
    assert(started.state.phase === 'init-sent');
    const ours = { ...started.state.ours, firstKexPacketFollows: true };
    const ourPayload = KexInit.encode(ours);
    const waiting = stepKex(serverAt, { phase: 'idle' }, { type: 'start' });
    const step = stepKex(serverAt, waiting.state, { type: 'message', payload: ourPayload });
    const payload = sent(waiting, 20);
    const client = stepKex(clientAt, { phase: 'init-sent', ours, ourPayload }, { type: 'message', payload });
    return { serverAt, step, request: sent(client, 34) };
  }

  it('a wrong guess of another method is thrown away once, and the request then counts', () => {
    const { serverAt, step, request } = afterGuess('curve25519-sha256', [GEX]);
    const guess = KexEcdhInit.encode({ clientPublic: new Uint8Array(32) });
    const skipped = stepKex(serverAt, step.state, { type: 'message', payload: guess });
    assert.deepEqual(skipped.outputs, []);
    assert.throws(() => stepKex(serverAt, skipped.state, { type: 'message', payload: guess }), {
      code: 'TRANSPORT_MESSAGE_UNEXPECTED',
    });
    const given = stepKex(serverAt, skipped.state, { type: 'message', payload: request });
    assert.equal(given.state.phase, 'group-init-awaited');
  });

  it('a wrong guess of a group exchange is thrown away too: any number from 30 to 49 is', () => {
    for (let number = 30; number <= 49; number += 1) {
      const clientAt = context('client', [GEX, 'curve25519-sha256']);
      const serverAt = context('server', ['curve25519-sha256']);
      const started = stepKex(clientAt, { phase: 'idle' }, { type: 'start' });
      assert(started.state.phase === 'init-sent');
      const payload = KexInit.encode({ ...started.state.ours, firstKexPacketFollows: true });
      const waiting = stepKex(serverAt, { phase: 'idle' }, { type: 'start' });
      const agreed = stepKex(serverAt, waiting.state, { type: 'message', payload });
      const guess = Uint8Array.of(number, 1, 2, 3);
      const skipped = stepKex(serverAt, agreed.state, { type: 'message', payload: guess });
      assert.deepEqual([skipped.state.phase, skipped.outputs], ['init-awaited', []]);
    }
  });

  it('a right guess of a group exchange is its request', () => {
    const { serverAt, step, request } = afterGuess(GEX, [GEX]);
    const given = stepKex(serverAt, step.state, { type: 'message', payload: request });
    assert.equal(given.state.phase, 'group-init-awaited');
    assert.equal(sent(given, 31)[0], 31);
  });
});
