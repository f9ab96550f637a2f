import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type ChannelEvent, type LocalChannelId, Multiplexer } from '@nbs-ssh/channels';
import { ChannelTable } from '@nbs-ssh/session';
import { Splice } from '@nbs-ssh/session/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A socket and its other end, and a channel and its other end: what a splice joins, and what can be seen of it. */
class Bench {
  readonly near = new Multiplexer({ role: 'client' });
  readonly far = new Multiplexer({ role: 'server' });
  readonly table = new ChannelTable(this.near, () => {});
  readonly events: ChannelEvent[] = [];
  readonly socket: Socket;
  readonly program: Socket;

  private constructor(socket: Socket, program: Socket) {
    this.socket = socket;
    this.program = program;
    program.on('error', () => {});
    socket.on('error', () => {});
  }

  static async make(): Promise<Bench> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const program = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const [socket] = (await once(server, 'connection')) as [Socket];
    server.close();
    return new Bench(socket, program);
  }

  splice(head?: Uint8Array): Splice {
    const traffic = { sent: 0, received: 0 };
    return new Splice(
      this.socket,
      (listener) => this.table.open({ type: 'session' }, listener),
      traffic,
      head,
    );
  }

  /** The channel that the near side asked for. */
  get channel(): LocalChannelId {
    const asked = this.events.find(({ type }) => type === 'open-request');
    if (asked === undefined) throw new Error('nobody asked for a channel');
    return asked.channel;
  }

  get said(): string {
    return this.events
      .flatMap((event) => (event.type === 'data' ? [Buffer.from(event.bytes).toString()] : []))
      .join('');
  }

  async until(done: () => boolean): Promise<void> {
    while (this.#carry(this.near, this.far) || this.#carry(this.far, this.near) || !done()) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #carry(from: Multiplexer, to: Multiplexer): boolean {
    let moved = false;
    for (let output = from.poll(true); output !== undefined; output = from.poll(true)) {
      moved = true;
      if (output.type === 'send') to.receive(output.payload);
      else if (output.type === 'send-data') to.receive(Uint8Array.of(...output.header, ...output.body));
      else if (output.type === 'failed') throw output.error;
      else if (output.type === 'global-request' || output.type === 'global-reply') continue;
      else if (from === this.near) this.table.handle(output);
      else this.events.push(output);
    }
    return moved;
  }
}

describe('a socket and a channel that are spliced', () => {
  let bench: Bench;
  let heard = '';
  beforeEach(async () => {
    bench = await Bench.make();
    heard = '';
    bench.program.on('data', (chunk) => {
      heard += chunk;
    });
  });
  afterEach(() => {
    bench.socket.destroy();
    bench.program.destroy();
  });

  it('write nothing to the socket before they may, and then first what is given', async () => {
    const splice = bench.splice(Buffer.from('head '));
    bench.program.end('and tail');
    await bench.until(() => bench.events.length > 0);
    bench.far.accept(bench.channel);
    bench.far.write(bench.channel, Buffer.from('answer'));
    await bench.until(() => bench.events.some(({ type }) => type === 'eof'));
    expect(bench.said).toBe('head and tail');
    expect(heard).toBe('');
    expect(bench.socket.bytesWritten).toBe(0);
    splice.go(Buffer.from('granted; '));
    bench.far.close(bench.channel);
    await bench.until(() => bench.program.readableEnded);
    expect(heard).toBe('granted; answer');
    expect(await splice.done).toEqual({ by: 'end' });
  });

  it('leave out what is not the one stream of a connection, and give it back to the peer', async () => {
    const splice = bench.splice();
    await bench.until(() => bench.events.length > 0);
    bench.far.accept(bench.channel);
    splice.go();
    bench.far.write(bench.channel, Buffer.from('noise'), 'stderr');
    bench.far.write(bench.channel, Buffer.from('signal'));
    bench.far.close(bench.channel);
    await bench.until(() => bench.program.readableEnded);
    expect(heard).toBe('signal');
    expect(await splice.done).toEqual({ by: 'end' });
  });

  it('take no more than a first request from a socket while the channel is not open', async () => {
    bench.splice();
    bench.program.write(Buffer.alloc(4_194_304));
    await bench.until(() => bench.socket.isPaused());
    await bench.until(() => bench.events.length > 0);
    bench.far.accept(bench.channel);
    await bench.until(() => bench.events.length > 1);
    const sent = bench.events.reduce(
      (sum, event) => sum + (event.type === 'data' ? event.bytes.length : 0),
      0,
    );
    expect(sent).toBeGreaterThanOrEqual(65_536);
    expect(sent).toBeLessThanOrEqual(2 * 65_536);
  });

  it('are over at once where the socket was gone before', async () => {
    bench.socket.destroy();
    await once(bench.socket, 'close');
    const splice = bench.splice();
    expect(await splice.done).toMatchObject({ by: 'socket' });
    expect(splice.channel.isClosed).toBe(true);
  });

  it('close the channel when the program resets its socket', async () => {
    const splice = bench.splice();
    await bench.until(() => bench.events.length > 0);
    bench.far.accept(bench.channel);
    splice.go();
    await bench.until(() => true);
    bench.program.resetAndDestroy();
    let outcome: unknown;
    void splice.done.then((how) => {
      outcome = how;
    });
    await bench.until(() => outcome !== undefined);
    expect(outcome).toMatchObject({ by: 'socket', error: { code: 'ECONNRESET' } });
    await bench.until(() => bench.far.channelCount === 0);
  });
});
