import type { Channel } from '@nbs-ssh/session';
import { Secret, utf8 } from '@nbs-ssh/transport/wire';

export type ExecInput = string | Uint8Array | Secret | AsyncIterable<string | Uint8Array>;

/**
 * Gives a command its input, then end of file. Nobody waits for this: an input that never ends must not keep a
 * command from ending.
 *
 * @param register - Told a secret before it is sent.
 * @param failed - Told what the caller's own input threw while the command was running.
 */
export function feed(
  channel: Channel,
  stdin: ExecInput | undefined,
  register: (secret: Secret) => void,
  failed: (reason: unknown) => void,
): void {
  if (typeof stdin === 'object' && Symbol.asyncIterator in stdin) {
    void feedFrom(channel, stdin[Symbol.asyncIterator](), failed);
    return;
  }
  const bytes = stdin === undefined ? new Uint8Array(0) : inputBytes(stdin, register);
  if (bytes.length > 0) void channel.write(bytes);
  channel.end();
}

/** One piece of input as bytes. */
export function inputBytes(
  input: string | Uint8Array | Secret,
  register: (secret: Secret) => void,
): Uint8Array {
  if (input instanceof Secret) register(input);
  if (input instanceof Secret) return input.revealBytes();
  return typeof input === 'string' ? utf8(input) : input;
}

async function feedFrom(
  channel: Channel,
  iterator: AsyncIterator<string | Uint8Array>,
  failed: (reason: unknown) => void,
): Promise<void> {
  try {
    // The command is over: whoever makes the input may stop too. A generator that waits for something hears of it
    // only when it goes on, which is why nobody waits for it.
    void channel.closed.then(() => iterator.return?.()).catch(() => {});
    for (;;) {
      const { done, value } = await iterator.next();
      if (channel.isClosed) return;
      if (channel.isUnread) {
        void Promise.resolve(iterator.return?.()).catch(() => {});
        break;
      }
      if (done === true) break;
      await channel.write(typeof value === 'string' ? utf8(value) : value);
    }
    if (!channel.isClosed) channel.end();
  } catch (reason) {
    if (!channel.isClosed) failed(reason);
  }
}
