import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { Debug, Disconnect, Ignore, KexInit, NewKeys, Ping, Pong, Unimplemented } from '../src/messages.ts';
import { pumpRaw, RawPeer } from './support/raw-peer.ts';
import { config, End, message, other, type Role } from './support/twins.ts';

/** What one message does. `checked` = taken as the exchange's next message, and its content found wrong. */
type Outcome =
  | 'quiet'
  | 'up'
  | 'pong'
  | 'unimplemented'
  | 'checked'
  | 'gone'
  | 'unexpected'
  | 'strict'
  | 'ext-info';

type Stage =
  | 'before KEXINIT'
  | 'first exchange, strict'
  | 'first exchange, not strict'
  | 'group awaited, strict'
  | 'group awaited, not strict'
  | 'in a group, strict'
  | 'in a group, not strict'
  | 'before NEWKEYS, strict'
  | 'before NEWKEYS, not strict'
  | 'open'
  | 'authenticated'
  | 'our KEXINIT sent'
  | 'later exchange'
  | 'before later NEWKEYS';

const strict =
  (next: (number: number) => boolean) =>
  (number: number): Outcome => {
    if (number === 1) return 'gone';
    if (next(number)) return number === 21 ? 'quiet' : 'checked';
    return number === 20 || number === 21 || (number >= 30 && number <= 49) ? 'unexpected' : 'strict';
  };

const relaxed =
  (next: (number: number) => boolean) =>
  (number: number): Outcome => {
    if (number === 1) return 'gone';
    if (number >= 2 && number <= 4) return 'quiet';
    if (next(number)) return number === 20 || number === 21 ? 'quiet' : 'checked';
    return 'unexpected';
  };

const open =
  (special: { readonly [number: number]: Outcome }, unknown: Outcome) =>
  (number: number): Outcome => {
    const own = special[number];
    if (own !== undefined) return own;
    if (number === 1) return 'gone';
    if ((number >= 2 && number <= 4) || number === 20 || number === 193) return 'quiet';
    if (number === 21 || (number >= 30 && number <= 49)) return 'unexpected';
    if (number === 5 || number === 6 || (number >= 50 && number <= 127)) return 'up';
    return unknown;
  };

/** The declared outcome of every message number in every stage, RFC 4253 §7 and §11, RFC 4250 §4.1.2. */
function declared(role: Role): { readonly [S in Stage]: (number: number) => Outcome } {
  const method = (number: number): boolean => number === (role === 'client' ? 31 : 30);
  const newKeys = (number: number): boolean => number === 21;
  // RFC 4419 §5.
  const group = (number: number): boolean => number === (role === 'client' ? 31 : 34);
  const inGroup = (number: number): boolean => number === (role === 'client' ? 33 : 32);
  return {
    'before KEXINIT': relaxed((number) => number === 20),
    'first exchange, strict': strict(method),
    'first exchange, not strict': relaxed(method),
    'group awaited, strict': strict(group),
    'group awaited, not strict': relaxed(group),
    'in a group, strict': strict(inGroup),
    'in a group, not strict': relaxed(inGroup),
    'before NEWKEYS, strict': strict(newKeys),
    'before NEWKEYS, not strict': relaxed(newKeys),
    open: open({ 7: 'quiet', 192: 'quiet' }, 'unimplemented'),
    authenticated: open({ 7: 'ext-info', 192: 'pong' }, 'unimplemented'),
    // Answers wait until the exchange is over.
    'our KEXINIT sent': open({ 7: 'ext-info', 192: 'quiet' }, 'quiet'),
    'later exchange': relaxed(method),
    'before later NEWKEYS': relaxed(newKeys),
  };
}

/** A well-formed message where this layer reads the number, recognisable bytes elsewhere. */
function probe(number: number, init: KexInit): Uint8Array {
  const none = new Uint8Array(0);
  switch (number) {
    case 1:
      return Disconnect.encode({ reason: 11, description: none, rest: none });
    case 2:
      return Ignore.encode({ data: none });
    case 3:
      return Unimplemented.encode({ sequence: 0 });
    case 4:
      return Debug.encode({ alwaysDisplay: true, message: none, language: none });
    case 7:
      return new Uint8Array([7, 0, 0, 0, 0]);
    case 20:
      return KexInit.encode(init);
    case 21:
      return NewKeys.encode({});
    case 192:
      return Ping.encode({ data: none });
    case 193:
      return Pong.encode({ data: none });
    default:
      return message(number, 12, 1);
  }
}

/** Brings a machine to a stage, sends it one message there, and says what happened. */
function outcome(role: Role, stage: Stage, number: number): Outcome {
  const notStrict = stage.endsWith('not strict');
  const inGroups = stage.includes('group');
  const algorithms = inGroups ? { kex: ['diffie-hellman-group-exchange-sha256'] } : {};
  const end = new End(config(role, { algorithms })).start();
  const peer = new RawPeer(config(other(role), { algorithms, ...(notStrict ? { strictKex: 'off' } : {}) }));
  // What the peer sends where the probe goes instead.
  const [ofGroup, ofValue] = role === 'client' ? [31, 33] : [34, 32];
  const later = ['authenticated', 'our KEXINIT sent', 'later exchange', 'before later NEWKEYS'].includes(
    stage,
  );
  const answered = (): number =>
    peer.numbers().filter((received) => received === 3 || received === 193).length;
  let init: KexInit | undefined;
  let sent = false;
  const inject = (): Uint8Array[] => {
    sent = true;
    // Around NEWKEYS the peer still has to take our new keys into use, to read what we answer.
    peer.answers = stage.includes('NEWKEYS');
    return [probe(number, init as KexInit)];
  };
  let inits = 0;
  let keys = 0;
  const turn = later ? 2 : 1;
  peer.outgoing.forge = (payload) => {
    if (sent) return [];
    if (payload[0] === 20) {
      init = KexInit.decode(payload);
      inits += 1;
      if (inits !== turn) return [payload];
      if (stage === 'before KEXINIT' || stage === 'our KEXINIT sent') return inject();
      if (stage.includes('exchange')) return [payload, ...inject()];
    }
    if (stage.startsWith('group') && payload[0] === ofGroup) return inject();
    if (stage.startsWith('in a group') && payload[0] === ofValue) return inject();
    if (payload[0] === 21) {
      keys += 1;
      if (keys === turn && stage.startsWith('before')) return inject();
    }
    return [payload];
  };
  peer.start();
  pumpRaw(end, peer);
  if (later) {
    end.machine.setAuthenticated();
    if (stage !== 'authenticated') end.machine.rekey();
    pumpRaw(end, peer);
  }
  if (!sent) peer.send(...inject());
  pumpRaw(end, peer);
  assert.ok(sent, 'the probe was not sent');
  const { code } = end;
  assert.equal(end.outputs.filter((output) => output.type === 'failed').length, code === undefined ? 0 : 1);
  switch (code) {
    case undefined:
      break;
    case 'TRANSPORT_DISCONNECTED':
      assert.equal(end.goodbye, undefined);
      return 'gone';
    case 'TRANSPORT_MESSAGE_UNEXPECTED':
      assert.equal(end.goodbye, 2);
      return 'unexpected';
    case 'TRANSPORT_STRICT_KEX':
      assert.equal(end.goodbye, 3);
      return 'strict';
    case 'TRANSPORT_EXT_INFO':
      assert.equal(end.goodbye, 2);
      return 'ext-info';
    default:
      assert.match(code, /^(WIRE|CRYPTO)_/);
      return 'checked';
  }
  if (end.messages.length > 0) return 'up';
  if (answered() === 0) return 'quiet';
  return peer.numbers().includes(193) ? 'pong' : 'unimplemented';
}

for (const role of ['client', 'server'] as const) {
  describe(`every message number in every stage, ${role} [T206]`, () => {
    const table = declared(role);
    for (const stage of Object.keys(table) as Stage[]) {
      it(`${stage}: each of 0 to 255 does what is declared`, () => {
        const wrong: string[] = [];
        for (let number = 0; number <= 255; number += 1) {
          const expected = table[stage](number);
          const actual = outcome(role, stage, number);
          if (actual !== expected) wrong.push(`${number}: declared ${expected}, is ${actual}`);
        }
        assert.deepEqual(wrong, []);
      });
    }
  });
}
