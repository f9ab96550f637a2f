import {
  CANCEL_TCPIP_FORWARD,
  type ChannelEvent,
  DIRECT_TCPIP,
  encodeForwardedStreamlocal,
  encodeForwardedTcpip,
  FORWARDED_STREAMLOCAL,
  FORWARDED_TCPIP,
  type GlobalEvent,
  type LocalChannelId,
  Multiplexer,
  OpenFailureReason,
  STREAMLOCAL_FORWARD,
  TCPIP_FORWARD,
} from '@nbs-ssh/channels';
import { ChannelTable } from '@nbs-ssh/session';
import { echoing, FakeClock, freePort, startTcpTarget, watchForLeaks } from '@nbs-ssh/testing';
import { isWireError, WireWriter } from '@nbs-ssh/transport/wire';
import { ConnectionLost, ForwardError, SSHError } from 'nbs-ssh';
import { afterEach, describe, expect, it } from 'vitest';
import { routeOpen } from '../../src/connection/channel-opens.ts';
import { GlobalQuestions } from '../../src/connection/global-questions.ts';
import { ForwardManager } from '../../src/forward/manager.ts';
import { Forwarding } from '../../src/forward/methods.ts';
import { rejection } from '../lab.ts';
import { ask, dial, endOf } from './client.ts';

const { ADMINISTRATIVELY_PROHIBITED, CONNECT_FAILED, RESOURCE_SHORTAGE } = OpenFailureReason;
const LOST = new ConnectionLost('gone', { code: 'GONE', fault: 'network', retryable: true, context: {} });

/** A client that forwards, and a server that says whatever a test wants: one multiplexer against the other. */
class Twins extends Forwarding {
  readonly clock = new FakeClock();
  readonly traced: string[] = [];
  readonly asked: string[] = [];
  readonly server = new Multiplexer({
    role: 'server',
    wantedChannelTypes: [DIRECT_TCPIP],
    wantedGlobalRequests: [TCPIP_FORWARD, CANCEL_TCPIP_FORWARD, STREAMLOCAL_FORWARD],
  });
  readonly events: ChannelEvent[] = [];
  readonly forwardManager: ForwardManager;
  readonly #client: Multiplexer;
  readonly #channels: ChannelTable;
  readonly #questions: GlobalQuestions;
  /** What SSH_MSG_REQUEST_SUCCESS carries; `undefined` refuses. */
  answer: Uint8Array | undefined = new Uint8Array(0);
  /** Whether it answers nothing at all. */
  silent = false;
  /** Called when the answer is on its way. */
  behindAnswer: () => void = () => {};

  constructor() {
    super();
    const toPublic = (error: unknown): SSHError => (error instanceof SSHError ? error : LOST);
    this.forwardManager = new ForwardManager({
      clock: {
        now: this.clock.now,
        unixNow: this.clock.now,
        after: (milliseconds, run) => this.clock.schedule(this.clock.now() + milliseconds, run),
      },
      emit: (name) => this.traced.push(name),
      context: () => ({ host: 'twin' }),
      toPublic,
      check: () => {},
      link: () => ({
        channels: this.#channels,
        context: { host: 'twin' },
        toPublic,
        ask: (name, data, onAnswer) => this.#questions.ask(name, data, onAnswer),
      }),
    });
    this.#client = new Multiplexer({
      role: 'client',
      wantedChannelTypes: this.forwardManager.handlers.map(([type]) => type),
    });
    this.#channels = new ChannelTable(this.#client, () => {});
    this.#questions = new GlobalQuestions(this.#client, () => {});
  }

  /** Carries messages until both are silent and `done` says so. */
  async until(done: () => boolean): Promise<void> {
    while (this.#carry(this.#client) || this.#carry(this.server) || !done()) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async during<Result>(work: Promise<Result>): Promise<Result> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    work.then(settle, settle);
    await this.until(() => settled);
    return work;
  }

  connect(listenPort: number, listenHost = 'localhost'): LocalChannelId {
    const origin = { originHost: '127.0.0.1', originPort: 1 };
    const typeSpecific = encodeForwardedTcpip({ listenHost, listenPort, ...origin });
    return this.server.openChannel({ type: FORWARDED_TCPIP, typeSpecific });
  }

  /** The reason of a refusal, `undefined` when the channel was opened. */
  async answerTo(channel: LocalChannelId): Promise<number | undefined> {
    const found = (): ChannelEvent | undefined =>
      this.events.find((event) => event.channel === channel && /^open/.test(event.type));
    await this.until(() => found() !== undefined);
    const event = found();
    return event?.type === 'open-failed' ? event.reason : undefined;
  }

  end(): void {
    this.#channels.endAll(LOST as never);
    this.forwardManager.end(LOST);
    this.#questions.end();
  }

  #carry(from: Multiplexer): boolean {
    const ours = from === this.#client;
    const to = ours ? this.server : this.#client;
    let moved = false;
    for (let output = from.poll(true); output !== undefined; output = from.poll(true)) {
      moved = true;
      if (output.type === 'send') to.receive(output.payload);
      else if (output.type === 'send-data') to.receive(Uint8Array.of(...output.header, ...output.body));
      else if (output.type === 'failed') throw output.error;
      else if (ours) this.#atClient(output);
      else this.#atServer(output);
    }
    return moved;
  }

  #atClient(event: ChannelEvent | GlobalEvent): void {
    if (event.type === 'global-reply') this.#questions.answered(event.request, event);
    else if (event.type === 'open-request') {
      routeOpen(new Map(this.forwardManager.handlers), event, this.#channels);
    } else if (event.type !== 'global-request') this.#channels.handle(event);
  }

  #atServer(event: ChannelEvent | GlobalEvent): void {
    if (event.type === 'global-request') {
      this.asked.push(event.name);
      if (event.token === undefined || this.silent) return;
      this.server.replyGlobal(event.token, this.answer !== undefined, this.answer);
      this.behindAnswer();
    } else if (event.type !== 'global-reply') this.events.push(event);
  }
}

describe('a server that is not to be trusted with forwards', () => {
  let twins = new Twins();
  afterEach(() => twins.end());

  it('T161 gets a ForwardError for a port that cannot be one, and no forward', async () => {
    for (const [reply, said] of [
      [new Uint8Array(0), 'no number'],
      [Uint8Array.of(0, 0, 80), 'no number'],
      [Uint8Array.of(0, 0, 0, 80, 0), 'no number'],
      [new WireWriter().u32(0).finish(), 'port 0'],
      [new WireWriter().u32(65_536).finish(), 'port 65536'],
      [new WireWriter().u32(0xffff_ffff).finish(), 'port 4294967295'],
    ] as const) {
      twins = new Twins();
      twins.answer = reply;
      const error = await rejection(twins.during(twins.forwardRemote(0, 'localhost', 22)));
      expect(error).toBeInstanceOf(ForwardError);
      expect(error).toMatchObject({ reason: 'bad_reply', fault: 'peer' });
      expect((error as ForwardError).message).toContain(said);
      expect(twins.forwardManager.intents).toEqual([]);
    }
  });

  it('T161 may say anything where a port was asked for by number: that one counts', async () => {
    twins = new Twins();
    twins.answer = Uint8Array.of(1, 2, 3);
    const handle = await twins.during(twins.forwardRemote(8080, 'localhost', 22));
    expect(handle.remotePort).toBe(8080);
  });

  it('is refused a connection to a port or a path that nobody asked for', async () => {
    twins = new Twins();
    expect(await twins.answerTo(twins.connect(8080))).toBe(ADMINISTRATIVELY_PROHIBITED);
    await twins.during(twins.forwardRemote(8080, 'localhost', 22));
    expect(await twins.answerTo(twins.connect(8081))).toBe(ADMINISTRATIVELY_PROHIBITED);
    const typeSpecific = encodeForwardedStreamlocal({ path: '/tmp/nobody' });
    const path = twins.server.openChannel({ type: FORWARDED_STREAMLOCAL, typeSpecific });
    expect(await twins.answerTo(path)).toBe(ADMINISTRATIVELY_PROHIBITED);
    expect(twins.traced.filter((name) => name === 'session.forward.unasked')).toHaveLength(3);
  });

  it('is refused a connection to a forward that it was never granted', async () => {
    twins = new Twins();
    twins.answer = undefined;
    const error = await rejection(twins.during(twins.forwardRemote(8080, 'localhost', 22)));
    expect(error).toMatchObject({ reason: 'refused' });
    expect(await twins.answerTo(twins.connect(8080))).toBe(ADMINISTRATIVELY_PROHIBITED);
  });

  it('may connect right behind its answer', async () => {
    await using target = await startTcpTarget(echoing);
    twins = new Twins();
    let early: LocalChannelId | undefined;
    twins.behindAnswer = () => {
      early ??= twins.connect(8080);
    };
    await twins.during(twins.forwardRemote(8080, '127.0.0.1', target.port));
    expect(await twins.answerTo(early as LocalChannelId)).toBeUndefined();
    twins.end();
  });

  it('ends the session when its channel does not say where the connection came in', async () => {
    twins = new Twins();
    await twins.during(twins.forwardRemote(8080, 'localhost', 22));
    const whole = encodeForwardedTcpip({
      listenHost: 'localhost',
      listenPort: 8080,
      originHost: 'a',
      originPort: 1,
    });
    for (const bad of [...whole.keys()]
      .map((cut) => whole.subarray(0, cut))
      .concat(Uint8Array.of(...whole, 0))) {
      twins.server.openChannel({ type: FORWARDED_TCPIP, typeSpecific: bad });
      expect(isWireError(await rejection(twins.until(() => false)))).toBe(true);
    }
  });

  it('T162 is refused new connections from the moment a forward is closed; one being made goes on', async () => {
    await using target = await startTcpTarget(echoing);
    twins = new Twins();
    const handle = await twins.during(twins.forwardRemote(8080, '127.0.0.1', target.port));
    const pending = twins.connect(8080);
    await twins.until(() => handle.stats.active === 1);
    const closed = handle.close();
    const late = twins.connect(8080);
    expect(await twins.answerTo(late)).toBe(ADMINISTRATIVELY_PROHIBITED);
    expect(await twins.answerTo(pending)).toBeUndefined();
    await twins.during(closed);
    expect(twins.asked).toEqual([TCPIP_FORWARD, CANCEL_TCPIP_FORWARD]);
    expect(handle.stats).toMatchObject({ active: 1, failed: 0 });
    twins.server.close(pending);
    expect(await twins.during(handle.closed)).toBeUndefined();
  });

  it('T162 may say nothing to the cancel: a forward that is closed waits 10 s for it and no longer', async () => {
    twins = new Twins();
    const handle = await twins.during(twins.forwardRemote(8080, 'localhost', 22));
    twins.silent = true;
    let closed = false;
    void handle.close().then(() => {
      closed = true;
    });
    await twins.until(() => twins.asked.length === 2);
    twins.clock.advance(9999);
    await twins.until(() => true);
    expect(closed).toBe(false);
    twins.clock.advance(1);
    await twins.until(() => closed);
    expect(await handle.closed).toBeUndefined();
  });

  it('gets no more connections than a forward may have at a time', async () => {
    await using target = await startTcpTarget(echoing);
    twins = new Twins();
    await twins.during(twins.forwardRemote(8080, '127.0.0.1', target.port, { maxConnections: 2 }));
    const channels = Array.from({ length: 3 }, () => twins.connect(8080));
    const answers: (number | undefined)[] = [];
    for (const channel of channels) answers.push(await twins.answerTo(channel));
    expect(answers).toEqual([undefined, undefined, RESOURCE_SHORTAGE]);
    twins.end();
  });

  it('T168 learns that the target refused, and that alone', async () => {
    const dead = await freePort();
    twins = new Twins();
    const told: ForwardError[] = [];
    const onConnectionError = (error: ForwardError): void => void told.push(error);
    await twins.during(twins.forwardRemote(8080, '127.0.0.1', dead, { onConnectionError }));
    const channel = twins.connect(8080);
    expect(await twins.answerTo(channel)).toBe(CONNECT_FAILED);
    expect(twins.events.at(-1)).toMatchObject({ description: 'the target cannot be reached' });
    expect(told[0]).toMatchObject({ reason: 'connect_failed', context: { localPort: dead } });
  });

  it('T168 is not blamed when a client was reset before it had answered; a late answer finds nobody', async () => {
    twins = new Twins();
    const told: ForwardError[] = [];
    const onConnectionError = (error: ForwardError): void => void told.push(error);
    const { localPort } = await twins.forwardLocal(0, 'silent', 80, { onConnectionError });
    const socket = await dial(localPort);
    await twins.until(() => twins.events.length > 0);
    const request = twins.events[0] as ChannelEvent;
    expect(request.type).toBe('open-request');
    socket.resetAndDestroy();
    await twins.until(() => told.length > 0);
    expect(told[0]).toMatchObject({ reason: 'broken', fault: 'network' });
    twins.server.accept(request.channel);
    await twins.until(() => twins.server.channelCount === 0);
  });

  it('says nothing, and the client is reset when the forward is closed with that wish', async () => {
    twins = new Twins();
    const told: ForwardError[] = [];
    const onConnectionError = (error: ForwardError): void => void told.push(error);
    const handle = await twins.forwardLocal(0, 'silent', 80, { onConnectionError });
    const ended = endOf(handle.localPort);
    await twins.until(() => twins.events.length > 0);
    expect(handle.stats).toMatchObject({ connections: 1, active: 1, failed: 0 });
    await handle.close({ connections: 'reset' });
    expect(await ended).toBe('ECONNRESET');
    expect(await handle.closed).toBeUndefined();
    expect(told[0]).toMatchObject({ reason: 'withdrawn', fault: 'caller' });
  });

  it('T168 gets what a client said before it answered, once it answers, and the end of it', async () => {
    twins = new Twins();
    const { localPort } = await twins.forwardLocal(0, 'slow', 80);
    const answer = ask(localPort, 'said early');
    await twins.until(() => twins.events.length > 0);
    const { channel } = twins.events[0] as ChannelEvent;
    twins.server.accept(channel);
    await twins.until(() => twins.events.some(({ type }) => type === 'eof'));
    const said = twins.events.flatMap((event) => (event.type === 'data' ? [...event.bytes] : []));
    expect(Buffer.from(said).toString()).toBe('said early');
    twins.server.write(channel, Buffer.from('answered late'));
    twins.server.close(channel);
    expect((await twins.during(answer)).toString()).toBe('answered late');
  });

  it('leaves nothing behind when it is gone before it has answered', async () => {
    await using target = await startTcpTarget(echoing);
    const leaks = watchForLeaks();
    twins = new Twins();
    const refused = rejection(twins.forwardRemote(8080, '127.0.0.1', target.port));
    const local = await twins.forwardLocal(0, 'anywhere', 80);
    twins.end();
    expect(await refused).toBe(LOST);
    expect(await local.closed).toBe(LOST);
    expect(twins.forwardManager.activeForwards).toEqual([]);
    await leaks.assertClean();
  });
});
