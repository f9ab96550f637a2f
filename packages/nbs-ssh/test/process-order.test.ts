import { Multiplexer, type ReceivedSessionRequest, type RequestToken } from '@nbs-ssh/channels';
import { type Channel, ChannelTable } from '@nbs-ssh/session';
import { describe, expect, it } from 'vitest';
import { exec } from '../src/process/exec.ts';
import type { RemoteProcesses } from '../src/process/remote-process.ts';

type Server = (channel: Channel, request: ReceivedSessionRequest, token: RequestToken | undefined) => void;

/** Commands on a server that answers a session's requests as `serve` does, with nothing but channels between. */
function on(serve: Server): RemoteProcesses {
  const [ours, theirs] = [new Multiplexer({ role: 'client' }), new Multiplexer({ role: 'server' })];
  const pump = (): void => queueMicrotask(move);
  const [channels, sessions] = [new ChannelTable(ours, pump), new ChannelTable(theirs, pump)];
  function move(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const [from, to, table] of [
        [ours, theirs, channels],
        [theirs, ours, sessions],
      ] as const) {
        const output = from.poll(true);
        if (output === undefined) continue;
        moved = true;
        if (output.type === 'send') to.receive(output.payload);
        else if (output.type === 'send-data') to.receive(Buffer.concat([output.header, output.body]));
        else if (output.type === 'open-request') {
          const session: Channel = sessions.accept(output.channel, {
            onRequest: (request, token) => serve(session, request, token),
          });
        } else if ('channel' in output) table.handle(output);
      }
    }
  }
  const fail = (): never => {
    throw new Error('not expected');
  };
  return {
    open: (listener) => channels.open({ type: 'session' }, listener),
    forwardAgent: () => {},
    forwardX11: () => {},
    env: {},
    now: () => 0,
    unixNow: () => 0,
    after: () => () => {},
    emit: () => {},
    toPublic: fail,
    context: () => ({}),
    evidence: () => undefined as unknown as ReturnType<RemoteProcesses['evidence']>,
    register: () => {},
  };
}

describe('a command whose server', () => {
  it('tells how it ended, and closes, before it says that it was started, has run', async () => {
    const result = await exec(
      on((channel, request) => {
        if (request.type !== 'exec') return;
        void channel.write(new TextEncoder().encode('quick'));
        channel.notify({ type: 'exit-status', status: 7 });
        channel.close();
      }),
      'true',
      {},
      1000,
    );
    expect(result).toMatchObject({ stdout: 'quick', exitCode: 7, signal: null });
  });

  it('refuses it, or closes without a word, has not run it', async () => {
    const refusing: Server = (channel, _, token) => channel.reply(token, false);
    const closing: Server = (channel) => channel.close();
    for (const serve of [refusing, closing]) {
      await expect(exec(on(serve), 'true', {}, 1000)).rejects.toMatchObject({ code: 'CHANNEL_EXEC_REFUSED' });
    }
  });
});
