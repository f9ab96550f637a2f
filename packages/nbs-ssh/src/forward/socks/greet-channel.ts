import { socksError } from '@nbs-ssh/channels';
import type { Channel, ChannelListener } from '@nbs-ssh/session';
import type { StartChannel } from '../open-channel.ts';
import { type SocksAsked, SocksHandshake } from './handshake.ts';
import type { SocksLobby } from './lobby.ts';

/** A channel whose client has said what it wants. */
export interface GreetedChannel {
  readonly asked: SocksAsked;
  readonly channel: Channel;
  /** Gives the channel to whoever uses it from now on, with what came meanwhile. Once. */
  readonly start: StartChannel;
}

/**
 * Accepts a channel and reads what the client behind it wants. What comes behind the request is not credited to the
 * peer before somebody takes it, so that the window bounds it.
 *
 * One that is refused is told so as its protocol can, and its channel is closed.
 *
 * @param accept - @throws as it does.
 * @throws {SocksError} what the client did wrong; what ended the session; `signal.reason`. When the channel is gone.
 */
export function greetChannel(
  accept: StartChannel,
  lobby: SocksLobby,
  signal?: AbortSignal,
): Promise<GreetedChannel> {
  return new Promise((resolve, reject) => {
    let phase: 'asking' | 'asked' | 'refused' = 'asking';
    let failure: unknown;
    let user: ChannelListener | undefined;
    const held: ((listener: ChannelListener) => void)[] = [];
    const tell = (event: (listener: ChannelListener) => void): void => {
      if (user === undefined) held.push(event);
      else event(user);
    };
    const handshake = new SocksHandshake({
      write: (bytes) => void channel.write(bytes),
      asked: (asked) => {
        phase = 'asked';
        leave();
        resolve({ asked, channel, start });
      },
      refused: (error) => {
        phase = 'refused';
        failure ??= error;
        channel.close();
      },
    });
    const start = (listener: ChannelListener): Channel => {
      user = listener;
      for (const event of held.splice(0)) event(listener);
      return channel;
    };
    const channel = accept({
      onData: (stream, bytes) => {
        if (phase === 'asked') {
          tell((listener) => listener.onData?.(stream, bytes));
          return;
        }
        // Closing has given back everything already.
        if (phase === 'refused') return;
        channel.consumed(bytes.length);
        if (stream === 'stdout') handshake.receive(bytes);
      },
      onEof: () => {
        if (phase === 'asked') tell((listener) => listener.onEof?.());
        else handshake.receiveEnd();
      },
      onClosed: (error) => {
        if (phase === 'asked') {
          tell((listener) => listener.onClosed?.(error));
          return;
        }
        leave();
        reject(failure ?? error ?? socksError('SOCKS_CLOSED', { received: handshake.received }));
      },
    });
    const drop = (reason: unknown): void => {
      failure ??= reason;
      channel.abandon();
    };
    const leaveLobby = lobby.enter(drop);
    const abort = (): void => drop(signal?.reason);
    const leave = (): void => {
      leaveLobby();
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
  });
}
