import { PassThrough } from 'node:stream';
import { utf8 } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import type { EscapeCommand } from '../../src/cli/escapes.ts';
import { feedKeys } from '../../src/cli/keyboard.ts';

const TILDE = 0x7e;

/** Types into a process that takes what `write` takes. */
function keyboard(write: () => Promise<void>): {
  readonly input: PassThrough;
  readonly sent: string[];
  readonly command: Promise<EscapeCommand>;
  readonly ended: Promise<void>;
  readonly stop: () => void;
} {
  // Each write is a chunk of its own.
  const input = new PassThrough({ objectMode: true });
  const sent: string[] = [];
  const command = withResolvers<EscapeCommand>();
  const ended = withResolvers<void>();
  const process = {
    write: (data: unknown) => {
      sent.push(Buffer.from(data as Uint8Array).toString());
      return write();
    },
    end: ended.resolve,
  };
  const stop = feedKeys(input, process, TILDE, command.resolve);
  return { input, sent, command: command.promise, ended: ended.promise, stop };
}

describe('the keyboard', () => {
  it('sees an escape although the server takes nothing of what was typed before', async () => {
    const { input, sent, command, stop } = keyboard(() => new Promise(() => {}));
    input.write(utf8('typed\r'));
    input.write(utf8('more\r~.'));
    expect(await command).toBe('leave');
    expect(sent).toEqual(['typed\r', 'more\r']);
    stop();
  });

  it('leaves what is pasted in the terminal while 1 MiB of it waits', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { input, sent, ended } = keyboard(() => held);
    const chunk = 'x'.repeat(65_536);
    for (let count = 0; count < 64; count += 1) input.write(utf8(chunk));
    input.end();
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    // One more than fits: it was taken before it was known to be too much.
    expect(sent).toHaveLength(17);
    release();
    await ended;
    expect(sent.join('')).toHaveLength(64 * 65_536);
  });

  it('ends the input when the terminal hangs up, with an escape character that waited', async () => {
    const { input, sent, ended } = keyboard(async () => {});
    input.end(utf8('ls\r~'));
    await ended;
    expect(sent).toEqual(['ls\r', '~']);
  });

  it('goes on when the process is over before its input', async () => {
    const { input, command, stop } = keyboard(() => Promise.reject(new Error('over')));
    input.write(utf8('a\r'));
    input.write(utf8('~?'));
    expect(await command).toBe('help');
    stop();
  });
});

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
