import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** What a client of a forward saw. */
export interface Heard {
  readonly bytes: Buffer;
  /** `undefined` when it ended with FIN. */
  readonly error: NodeJS.ErrnoException | undefined;
}

/** A half-open socket to a forward; errors are swallowed, {@link heardBy} tells them. */
export async function dial(at: NetConnectOpts | number): Promise<Socket> {
  const socket = connect({
    allowHalfOpen: true,
    noDelay: true,
    ...(typeof at === 'number' ? { port: at, host: '127.0.0.1' } : at),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', () => {});
  return socket;
}

/** Reads until the other end has ended or the socket broke. */
export function heardBy(socket: Socket): Promise<Heard> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = (error?: NodeJS.ErrnoException): void => resolve({ bytes: Buffer.concat(chunks), error });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => done());
    socket.once('error', done);
    if (socket.errored !== null) done(socket.errored);
  });
}

/** Says something, ends, and gives the whole answer. */
export async function ask(at: NetConnectOpts | number, question: Uint8Array | string): Promise<Buffer> {
  const socket = await dial(at);
  const answer = heardBy(socket);
  socket.end(question);
  const { bytes, error } = await answer;
  if (error !== undefined) throw error;
  return bytes;
}

/** Connects, says nothing and tells how that ended: a reset may come before the connection is known to be there. */
export async function endOf(at: NetConnectOpts | number): Promise<string | undefined> {
  try {
    const { error } = await heardBy(await dial(at));
    return error?.code;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/**
 * Writes 64 MiB as fast as the other end lets it, and ends.
 *
 * @param stalled - Told how much went out once there was no room for a while although everything else was idle.
 */
export function flood(socket: Socket, stalled: (bytes: number) => void): void {
  const chunk = Buffer.alloc(65_536, 7);
  let written = 0;
  let timer: NodeJS.Timeout | undefined;
  socket.once('close', () => clearTimeout(timer));
  const push = (): void => {
    if (written >= FLOOD) return void socket.end();
    written += chunk.length;
    if (socket.write(chunk)) setImmediate(push);
    else {
      timer = setTimeout(() => stalled(written), 500);
      socket.once('drain', () => {
        clearTimeout(timer);
        push();
      });
    }
  };
  push();
}

export const FLOOD: number = 64 * 1_048_576;
