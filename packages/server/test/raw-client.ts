import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import type { FakeClock } from '@nbs-ssh/testing';
import { allAlgorithms, DEFAULT_LIMITS, DEFAULT_REKEY, TransportMachine } from '@nbs-ssh/transport';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { type SshError, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { assert } from 'vitest';

/** Two ends of a byte pipe in memory. */
export function pipe(): readonly [ByteDuplex, ByteDuplex] {
  const forth = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return [
    { readable: back.readable, writable: forth.writable },
    { readable: forth.readable, writable: back.writable },
  ];
}

export const clockOf = (clock: FakeClock): Clock => ({
  now: clock.now,
  unixNow: () => 1_700_000_000_000 + clock.now(),
  after: (milliseconds, run) => clock.schedule(clock.now() + milliseconds, run),
});

/** One turn of the event loop: whatever can settle in memory has. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A client that speaks the transport correctly and says above it whatever a test wants. */
export class RawClient {
  readonly received: Uint8Array[] = [];
  /** Numbers of all messages, also those that the transport keeps for itself. */
  readonly packets: number[] = [];
  readonly #machine: TransportMachine;
  readonly #writer: ReturnType<ByteDuplex['writable']['getWriter']>;
  readonly #reader: ReturnType<ByteDuplex['readable']['getReader']>;
  readonly #queue: Uint8Array[] = [];
  #ready = false;
  error: SshError | undefined;

  constructor(duplex: ByteDuplex) {
    this.#machine = new TransportMachine({
      role: 'client',
      crypto: nodeProvider,
      algorithms: allAlgorithms(nodeProvider),
      hostKeys: [],
      software: 'raw',
      strictKex: 'offer',
      serverSigAlgs: [],
      rekey: DEFAULT_REKEY,
      limits: DEFAULT_LIMITS,
      trace: ({ name, fields }) => {
        if (name === 'transport.packet' && fields['direction'] === 'received') {
          this.packets.push(fields['number'] as number);
        }
      },
      tracePackets: true,
    });
    this.#writer = duplex.writable.getWriter();
    this.#reader = duplex.readable.getReader();
    this.#machine.start(0);
    this.#flush();
    void this.#read();
  }

  get sessionId(): Uint8Array {
    return this.#machine.sessionId as Uint8Array;
  }

  /** The reason of the SSH_MSG_DISCONNECT that ended it. */
  get reason(): number | undefined {
    return (this.error?.context as { readonly reason?: number } | undefined)?.reason;
  }

  async ready(): Promise<this> {
    await this.#until(() => this.#ready);
    return this;
  }

  /** Sends messages, all in one segment. */
  send(...payloads: readonly Uint8Array[]): void {
    this.#queue.push(...payloads);
    this.#flush();
  }

  /** The next message with one of these numbers; others before it are dropped. */
  async next(...numbers: readonly number[]): Promise<Uint8Array> {
    for (;;) {
      await this.#until(() => this.received.length > 0);
      const payload = this.received.shift() as Uint8Array;
      if (numbers.length === 0 || numbers.includes(payload[0] as number)) return payload;
    }
  }

  async ended(): Promise<void> {
    await this.#until(() => this.error !== undefined, true);
  }

  /** Service request and password; resolves with the number of the answer. */
  async login(username: string, password: string): Promise<number> {
    await this.ready();
    this.send(serviceRequest('ssh-userauth'));
    await this.next(6);
    this.send(passwordRequest(username, password));
    return (await this.next(51, 52))[0] as number;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#reader.cancel(), this.#writer.abort()]);
  }

  async #until(condition: () => boolean, orEnd = false): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!condition()) {
      if (this.error !== undefined && !orEnd) throw this.error;
      assert.isBelow(performance.now(), deadline, 'waited too long');
      await turn();
    }
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        this.#machine.receive(done ? undefined : value);
        this.#flush();
        if (done) return;
      }
    } catch {
      this.#machine.receive(undefined);
      this.#flush();
    }
  }

  #flush(): void {
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) {
      if (output.type === 'message') this.received.push(output.payload.slice());
      else if (output.type === 'effect') this.#machine.resolveHostKey(undefined);
      else if (output.type === 'ready') this.#ready = true;
      else if (output.type === 'failed') this.error = output.error;
    }
    // Nothing else may go out during a key exchange.
    while (this.#ready && this.#machine.canSend) {
      const payload = this.#queue.shift();
      if (payload === undefined) break;
      this.#machine.send(payload);
    }
    for (let bytes = this.#machine.takeBytes(); bytes !== undefined; bytes = this.#machine.takeBytes()) {
      this.#writer.write(bytes).catch(() => {});
    }
  }
}

export const serviceRequest = (name: string): Uint8Array => new WireWriter().u8(5).text(name).finish();

export const passwordRequest = (username: string, password: string, service = 'ssh-connection'): Uint8Array =>
  new WireWriter().u8(50).text(username).text(service).text('password').bool(false).text(password).finish();

export const openSession = (id: number, type = 'session'): Uint8Array =>
  new WireWriter().u8(90).text(type).u32(id).u32(1_000_000).u32(32_768).finish();

export function channelRequest(
  channel: number,
  name: string,
  ...strings: readonly (string | Uint8Array)[]
): Uint8Array {
  const writer = new WireWriter().u8(98).u32(channel).text(name).bool(true);
  for (const value of strings) {
    if (typeof value === 'string') writer.text(value);
    else writer.string(value);
  }
  return writer.finish();
}

export const globalRequest = (name: string): Uint8Array =>
  new WireWriter().u8(80).text(name).bool(true).finish();

/** Second uint32 of CHANNEL_OPEN_CONFIRMATION: the server's number for the channel. */
export function serverChannel(confirmation: Uint8Array): number {
  const reader = new WireReader(confirmation);
  assert.equal(reader.u8('number'), 91);
  reader.u32('recipient');
  return reader.u32('sender');
}
