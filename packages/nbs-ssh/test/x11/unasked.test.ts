import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type LocalChannelId, OpenFailureReason } from '@nbs-ssh/channels';
import { FakeClock, scratchDir } from '@nbs-ssh/testing';
import { isWireError, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import type { X11Options } from 'nbs-ssh';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { X11Forwarding } from '../../src/x11/forwarding.ts';
import { Twins } from '../twins.ts';

const { ADMINISTRATIVELY_PROHIBITED: PROHIBITED, RESOURCE_SHORTAGE } = OpenFailureReason;
const FAKE = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
const ORIGIN = new WireWriter().text('192.0.2.1').u32(1234).finish();

/** What a program sends first: little-endian, X11.0, the authorization that sessions give out. */
const setup = (cookie: Uint8Array): Uint8Array =>
  Uint8Array.of(0x6c, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0, 0, ...utf8('MIT-MAGIC-COOKIE-1'), 0, 0, ...cookie);

class X11Twins extends Twins {
  readonly clock = new FakeClock(1000);
  readonly forwarding: X11Forwarding;
  readonly reasons: unknown[] = [];

  constructor() {
    super('x11');
    this.forwarding = new X11Forwarding({
      clock: {
        now: this.clock.now,
        unixNow: this.clock.now,
        after: (milliseconds, run) => this.clock.schedule(this.clock.now() + milliseconds, run),
      },
      random: () => FAKE.slice(),
      emit: (name, fields) => {
        this.traced.push(name);
        if (name === 'x11.refused') this.reasons.push(fields['reason']);
      },
    });
    this.handler = this.forwarding;
  }

  /** A channel whose program sends these bytes. */
  program(bytes: Uint8Array): LocalChannelId {
    const [id] = this.open(1, ORIGIN) as [LocalChannelId];
    this.server.write(id, bytes);
    return id;
  }
}

describe('channels of X11 programs that a server opens', () => {
  let twins: X11Twins;
  let display: Server;
  let options: X11Options;
  /** What reached the display, by connection. */
  let shown: Buffer[];
  const scratch = scratchDir('x11');
  beforeEach(async () => {
    twins = new X11Twins();
    shown = [];
    // Stands for a display: what arrives there has to be seen.
    display = createServer((socket) => {
      const at = shown.push(Buffer.alloc(0)) - 1;
      socket.on('data', (bytes) => {
        shown[at] = Buffer.concat([shown[at] as Buffer, bytes]);
      });
      socket.on('error', () => {});
    });
    const path = join(scratch.path, `${process.hrtime.bigint()}:0`);
    await new Promise<void>((resolve) => display.listen(path, resolve));
    options = { display: path, xauthority: '/nonexistent', trusted: true };
  });
  afterEach(async () => {
    twins.forwarding.close();
    await twins.settle();
    await new Promise((resolve) => display.close(resolve));
  });

  it('T155 are prohibited before X11 was asked for, once the session is over, and where the server refused it', async () => {
    twins.open(1, ORIGIN);
    await twins.settle();
    const session = twins.session();
    twins.forwarding.request(session, options);
    await twins.settle();
    twins.open(1, ORIGIN);
    await twins.settle();
    expect(twins.answers).toEqual([PROHIBITED, undefined]);
    session.abandon();
    await twins.settle();
    twins.open(1, ORIGIN);
    await twins.settle();
    twins.grants = false;
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    twins.open(1, ORIGIN);
    await twins.settle();
    expect(twins.answers).toEqual([PROHIBITED, undefined, PROHIBITED, PROHIBITED]);
    expect(twins.reasons).toEqual(['not_requested', 'not_requested', 'not_requested']);
  });

  it('are at most 128 at a time, and a closed one makes room', async () => {
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    const [first] = twins.open(130, ORIGIN) as [LocalChannelId];
    await twins.settle();
    expect(twins.answers.filter((answer) => answer === undefined)).toHaveLength(128);
    expect(twins.answers.slice(-2)).toEqual([RESOURCE_SHORTAGE, RESOURCE_SHORTAGE]);
    twins.server.close(first);
    await twins.settle();
    twins.open(1, ORIGIN);
    await twins.settle();
    expect(twins.answers.at(-1)).toBeUndefined();
  });

  it('end the session when they are malformed', async () => {
    for (const bytes of [new Uint8Array(0), ORIGIN.subarray(1), Uint8Array.of(...ORIGIN, 0)]) {
      const wicked = new X11Twins();
      wicked.open(1, bytes);
      await expect(wicked.settle()).rejects.toSatisfy(isWireError);
    }
  });

  it('get to the display with the cookie of a session, and nothing of that cookie does', async () => {
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    twins.program(Uint8Array.of(...setup(FAKE), 1, 2, 3));
    await twins.until(() => shown[0] !== undefined && shown[0].length >= 15);
    // No Xauthority file: the display is asked without a cookie. What follows goes on as it is.
    expect([...(shown[0] as Buffer)]).toEqual([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    expect(twins.traced).toEqual(['x11.answered', 'x11.opened']);
  });

  it('are closed with any cookie that differs in one bit, and the display never hears of them', async () => {
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    for (let bit = 0; bit < 128; bit += 1) {
      const cookie = FAKE.slice();
      cookie[bit >> 3] = (cookie[bit >> 3] as number) ^ (1 << (bit & 7));
      twins.program(setup(cookie));
    }
    await twins.until(() => twins.closed.length === 128);
    expect(twins.reasons).toEqual(Array(128).fill('wrong_cookie'));
    expect(shown).toEqual([]);
  });

  it('are closed when what they send is cut at any byte, is garbage, or has no authorization', async () => {
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    const whole = setup(FAKE);
    for (let length = 0; length < whole.length; length += 1) {
      const id = twins.open(1, ORIGIN)[0] as LocalChannelId;
      if (length > 0) twins.server.write(id, whole.slice(0, length));
      twins.server.sendEof(id);
    }
    await twins.until(() => twins.closed.length === whole.length);
    expect(twins.reasons.splice(0)).toEqual(Array(whole.length).fill('ended'));
    twins.program(utf8('GET / HTTP/1.1\r\n\r\n'));
    twins.program(new Uint8Array(100_000).fill(0xff));
    twins.program(Uint8Array.of(0x42, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0));
    twins.program(Uint8Array.of(0x42, 0, 0, 11, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0));
    await twins.until(() => twins.closed.length === whole.length + 4);
    expect(twins.reasons).toEqual(['malformed', 'malformed', 'no_authorization', 'other_authorization']);
    expect(shown).toEqual([]);
  });

  it('are closed when they say nothing for ten seconds', async () => {
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    twins.program(Uint8Array.of(0x6c));
    await twins.settle();
    twins.clock.advance(9_999);
    await twins.settle();
    expect(twins.closed).toEqual([]);
    twins.clock.advance(1);
    await twins.until(() => twins.closed.length === 1);
    expect(twins.reasons).toEqual(['timeout']);
    expect(twins.clock.pending).toBe(0);
  });

  it('are closed with a cookie for untrusted programs that is too old; one for trusted ones does not age', async () => {
    for (const [trusted, cookieTimeoutSec, expected] of [
      [false, 60, 'expired'],
      [false, 0, 'no_untrusted_cookie'],
      [true, 60, undefined],
    ] as const) {
      twins = new X11Twins();
      const xauthProgram = '/nonexistent/xauth';
      twins.forwarding.request(twins.session(), { ...options, trusted, cookieTimeoutSec, xauthProgram });
      await twins.settle();
      twins.clock.advance(60_000);
      twins.program(setup(FAKE));
      await twins.until(() => twins.traced.length === 2);
      expect(twins.reasons).toEqual(expected === undefined ? [] : [expected]);
      twins.forwarding.close();
      await twins.settle();
    }
  });

  it('are one where only one was asked for, also when the server says otherwise', async () => {
    twins.forwarding.request(twins.session(), { ...options, singleConnection: true });
    await twins.settle();
    twins.program(setup(FAKE));
    await twins.until(() => twins.traced.includes('x11.opened'));
    twins.program(setup(FAKE));
    await twins.settle();
    expect(twins.answers).toEqual([undefined, PROHIBITED]);
  });

  it('leave the display when the session of all of them is over', async () => {
    twins.forwarding.request(twins.session(), options);
    await twins.settle();
    twins.program(setup(FAKE));
    twins.program(Uint8Array.of(0x6c));
    await twins.until(() => twins.traced.includes('x11.opened'));
    twins.forwarding.close();
    await twins.until(() => twins.closed.length === 2 && twins.traced.includes('x11.closed'));
    expect(twins.traced.slice(-2).sort()).toEqual(['x11.closed', 'x11.refused']);
    expect(twins.reasons).toEqual(['closed']);
  });
});
