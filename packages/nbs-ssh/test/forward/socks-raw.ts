// A client of SOCKS that can be as rude as a test wants.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawClient {
  readonly socket: Socket;
  /** Waits until so many bytes are there, and takes them, in hex. Fewer when it ends before. */
  read(length: number): Promise<string>;
  /** Everything until the end, in hex. */
  rest(): Promise<string>;
  /** Resolves when the socket is gone: `reset`, or `closed` in good order. */
  readonly gone: Promise<'closed' | 'reset'>;
}

/** @param first - In hex: written at once. */
export async function rawClient(port: number, first = '', host = '127.0.0.1'): Promise<RawClient> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const gone = new Promise<'closed' | 'reset'>((resolve) => {
    socket.on('error', () => resolve('reset'));
    socket.on('close', () => resolve('closed'));
  });
  await once(socket, 'connect');
  let received = '';
  let ended = false;
  let changed = (): void => {};
  socket.on('data', (chunk) => {
    received += chunk.toString('hex');
    changed();
  });
  const end = (): void => {
    ended = true;
    changed();
  };
  socket.on('end', end).on('close', end);
  const read = async (length: number): Promise<string> => {
    while (received.length < 2 * length && !ended) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
    const taken = received.slice(0, 2 * length);
    received = received.slice(taken.length);
    return taken;
  };
  if (first !== '') socket.write(Buffer.from(first, 'hex'));
  return { socket, read, rest: () => read(Number.POSITIVE_INFINITY), gone };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
export const socks4To = (port: number): string => `0401${hex(port, 4)}7f00000100`;
export const socks5To = (port: number): string => `05010005010001${'7f000001'}${hex(port, 4)}`;
export const GRANTED4 = '005a000000000000';
export const GRANTED5 = '050005000001000000000000';
