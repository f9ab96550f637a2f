import { concat, message, SshError, string, u32 } from '@nbs-ssh/transport/wire';
import { assert } from 'vitest';
import { type LocalChannelId, Multiplexer, type MultiplexerOptions, type MuxOutput } from '../src/index.ts';
import { ChannelOpen, ChannelOpenConfirmation, ChannelRequest, encodeBare } from '../src/messages.ts';

export type Event = Exclude<MuxOutput, { type: 'send' } | { type: 'send-data' }>;
export type EventOf<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

/** One message as it would go on the wire. */
export function wire(output: MuxOutput): Uint8Array | undefined {
  if (output.type === 'send') return output.payload;
  return output.type === 'send-data' ? concat(output.header, output.body) : undefined;
}

/** Polls until nothing is left. */
export function drain(mux: Multiplexer, canSendData = true): { sent: Uint8Array[]; events: Event[] } {
  const sent: Uint8Array[] = [];
  const events: Event[] = [];
  for (let output = mux.poll(canSendData); output !== undefined; output = mux.poll(canSendData)) {
    if (output.type === 'send' || output.type === 'send-data') sent.push(wire(output) as Uint8Array);
    else events.push(output);
  }
  return { sent, events };
}

export function ofType<Type extends Event['type']>(events: readonly Event[], type: Type): EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => event.type === type);
}

/** Two multiplexers that talk to each other in memory. */
export class Twin {
  readonly client: Multiplexer;
  readonly server: Multiplexer;
  readonly clientEvents: Event[] = [];
  readonly serverEvents: Event[] = [];

  constructor(client: Partial<MultiplexerOptions> = {}, server: Partial<MultiplexerOptions> = {}) {
    this.client = new Multiplexer({ role: 'client', ...client });
    this.server = new Multiplexer({ role: 'server', ...server });
  }

  /** Moves messages both ways until both are silent. Returns how many moved. */
  pump(canSendData = true): number {
    let moved = 0;
    for (;;) {
      const c = drain(this.client, canSendData);
      const s = drain(this.server, canSendData);
      this.clientEvents.push(...c.events);
      this.serverEvents.push(...s.events);
      for (const payload of c.sent) this.server.receive(payload);
      for (const payload of s.sent) this.client.receive(payload);
      const now = c.sent.length + s.sent.length;
      if (now === 0 && c.events.length + s.events.length === 0) return moved;
      moved += now;
    }
  }

  /** An open session, as both sides number it. */
  session(sizes: { window?: number; maxPacket?: number } = {}): [LocalChannelId, LocalChannelId] {
    const mine = this.client.openChannel({ type: 'session', ...sizes });
    this.pump();
    const theirs = ofType(this.serverEvents, 'open-request').at(-1)?.channel as LocalChannelId;
    this.server.accept(theirs);
    this.pump();
    return [mine, theirs];
  }
}

/** One multiplexer with a session that its peer, the test, calls 77. */
export const PEER = 77;
export function lone(
  role: 'client' | 'server',
  options: Partial<MultiplexerOptions> & { peerWindow?: number; peerMaxPacket?: number } = {},
): { mux: Multiplexer; id: LocalChannelId } {
  const { peerWindow: window = 100_000, peerMaxPacket: maxPacket = 32_768, ...rest } = options;
  const mux = new Multiplexer({ role, ...rest });
  const typeSpecific = new Uint8Array(0);
  if (role === 'client') {
    const id = mux.openChannel({ type: 'session' });
    mux.receive(
      ChannelOpenConfirmation.encode({ recipient: id, sender: PEER, window, maxPacket, typeSpecific }),
    );
    drain(mux);
    return { mux, id };
  }
  mux.receive(ChannelOpen.encode({ channelType: 'session', sender: PEER, window, maxPacket, typeSpecific }));
  const [request] = ofType(drain(mux).events, 'open-request');
  const id = request?.channel as LocalChannelId;
  mux.accept(id);
  drain(mux);
  return { mux, id };
}

/** The failure a multiplexer came to, after everything else was polled. */
export function failure(mux: Multiplexer): EventOf<'failed'>['error'] | undefined {
  return ofType(drain(mux).events, 'failed')[0]?.error;
}

// What a peer may send, built apart from the encoders of the hot path.
const Data = message<{ recipient: number; data: Uint8Array }>('data', 94, { recipient: u32, data: string });
const Extended = message<{ recipient: number; code: number; data: Uint8Array }>('extended', 95, {
  recipient: u32,
  code: u32,
  data: string,
});
const Adjust = message<{ recipient: number; added: number }>('adjust', 93, { recipient: u32, added: u32 });

export const data = (recipient: number, bytes: Uint8Array): Uint8Array =>
  Data.encode({ recipient, data: bytes });
export const extended = (recipient: number, code: number, bytes: Uint8Array): Uint8Array =>
  Extended.encode({ recipient, code, data: bytes });
export const adjust = (recipient: number, added: number): Uint8Array => Adjust.encode({ recipient, added });
export const bare = (number: number, recipient: number): Uint8Array => encodeBare(number, recipient as never);
export const request = (
  recipient: number,
  name: string,
  wantReply: boolean,
  body: Uint8Array = new Uint8Array(0),
): Uint8Array => ChannelRequest.encode({ recipient, name, wantReply, data: body });

/** Bytes that tell their place, so that loss, doubling and reordering show. */
export function pattern(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + (i >> 8) * 7 + seed) & 0xff;
  return bytes;
}

/** Asserts that a command throws the caller's mistake `code`. */
export function throwsCode(command: () => unknown, code: string): void {
  try {
    command();
  } catch (error) {
    assert.instanceOf(error, SshError);
    assert.deepEqual([(error as SshError).code, (error as SshError).fault], [code, 'caller']);
    return;
  }
  assert.fail(`nothing was thrown instead of ${code}`);
}
