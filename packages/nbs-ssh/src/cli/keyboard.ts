import type { Readable } from 'node:stream';
import type { ProcessStream } from '../process/process-stream.ts';
import { type EscapeCommand, EscapeMachine } from './escapes.ts';

/** Bytes typed or pasted that may wait for the server. More is left in the terminal. */
const MAX_WAITING = 1_048_576;

/**
 * Gives what is typed to `process`, and what is an escape to `act`. A server that takes nothing does not keep escapes
 * from being seen, which are the way out of such a connection.
 *
 * @returns a function that stops it.
 */
export function feedKeys(
  input: Readable,
  process: Pick<ProcessStream, 'write' | 'end'>,
  escapeChar: number | undefined,
  act: (command: EscapeCommand) => void,
): () => void {
  const machine = new EscapeMachine(escapeChar);
  let stopped = false;
  let waiting = 0;
  const send = async (bytes: Uint8Array): Promise<void> => {
    waiting += bytes.length;
    // One that ends meanwhile takes nothing: its own end tells why.
    await process.write(bytes).catch(() => {});
    waiting -= bytes.length;
  };
  const run = async (): Promise<void> => {
    try {
      for await (const chunk of input) {
        let sent: Promise<void> | undefined;
        for (const typed of machine.take(chunk as Uint8Array)) {
          if (stopped) return;
          if (typed.type === 'command') act(typed.command);
          else sent = send(typed.bytes);
        }
        if (waiting > MAX_WAITING) await sent;
      }
      for (const typed of machine.end()) if (typed.type === 'keys') void send(typed.bytes);
    } catch {
      // A terminal that hangs up: there is nobody at the keyboard any more.
    }
    if (!stopped) process.end();
  };
  void run();
  return () => {
    stopped = true;
    input.destroy();
  };
}
