import type { ExecStream, SSHConnection } from 'nbs-ssh';
import { type Load, sha256 } from './load.ts';

/** Runs a command, moves the load both ways, calls `between`, and moves it again. @throws {Error} that says what came. */
export type Transfer = (connection: SSHConnection, load: Load, between: () => Promise<void>) => Promise<void>;

/** For peers that run any number of commands on a connection, and those where one is all. */
export const TRANSFERS: Readonly<Record<'one' | 'many', Transfer>> = {
  many: commands,
  one: oneCommand,
};

/** Long enough for the slowest cipher on a busy machine; a hang must still end. */
const COMMAND_LIMIT_SEC = 120;
/** Until whoever reads NEWKEYS has surely read what came right behind it. */
const NUDGE_MS = 100;
const GREETING = 'here';
const EXIT_CODE = 7;

async function commands(connection: SSHConnection, load: Load, between: () => Promise<void>): Promise<void> {
  const limit = { timeoutSec: COMMAND_LIMIT_SEC };
  const { stdout, exitCode } = await connection.exec(`printf ${GREETING}; exit ${EXIT_CODE}`, limit);
  if (stdout !== GREETING || exitCode !== EXIT_CODE) {
    throw new Error(`the command gave ${JSON.stringify(stdout)} and exit ${exitCode}`);
  }
  const move = async (): Promise<void> => {
    const down = await connection.exec(`cat ${load.path}`, { encoding: 'bytes', ...limit });
    if (down.exitCode !== 0 || sha256(down.stdout) !== load.sha256) {
      throw new Error(`${down.stdout.length} of ${load.bytes.length} bytes came, exit ${down.exitCode}`);
    }
    const up = await connection.exec(receive(load), { stdin: load.bytes, ...limit });
    if (up.exitCode !== 0 || up.stdout !== received(load)) {
      throw new Error(`something else than the ${load.bytes.length} bytes arrived, exit ${up.exitCode}`);
    }
  };
  await move();
  await between();
  await move();
}

/** The same in one command, which waits for input while `between` runs. */
async function oneCommand(
  connection: SSHConnection,
  load: Load,
  between: () => Promise<void>,
): Promise<void> {
  const round = `${receive(load)}; cat ${load.path}`;
  const stream = connection.streamExec(`printf ${GREETING}; ${round}; ${round}; exit ${EXIT_CODE}`, {
    encoding: 'bytes',
    signal: AbortSignal.timeout(COMMAND_LIMIT_SEC * 1000),
  });
  const output = new Output(stream);
  const head = GREETING.length;
  const answer = received(load).length + load.bytes.length;
  await stream.write(load.bytes);
  await output.reach(head + answer);
  await between();
  // tinyssh looks at what it read together with NEWKEYS only when more comes: so more comes.
  await stream.write(load.bytes.subarray(0, 1));
  await new Promise((resolve) => setTimeout(resolve, NUDGE_MS));
  await stream.write(load.bytes.subarray(1));
  await output.end();
  const { exitCode } = await stream.done;
  const bytes = output.bytes();
  const text = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  const good = [head, head + answer].every(
    (at) =>
      text(at, at + received(load).length) === received(load) &&
      sha256(bytes.subarray(at + received(load).length, at + answer)) === load.sha256,
  );
  if (!good || text(0, head) !== GREETING || bytes.length !== head + 2 * answer || exitCode !== EXIT_CODE) {
    throw new Error(`${bytes.length} of ${head + 2 * answer} bytes came, exit ${exitCode}`);
  }
}

/** Counted, not until end of file: not every peer can pass one on. */
const receive = ({ bytes }: Load): string => `head -c ${bytes.length} | sha256sum`;
const received = (load: Load): string => `${load.sha256}  -\n`;

/** What a command writes, collected while somebody else writes to it. */
class Output {
  readonly #chunks: Uint8Array[] = [];
  readonly #read: Promise<void>;
  #length = 0;
  #waiting: { readonly length: number; readonly resolve: () => void } | undefined;

  constructor(stream: ExecStream<'bytes'>) {
    this.#read = this.#collect(stream);
    // Reported by `reach` or `end`, whichever is waiting.
    this.#read.catch(() => {});
  }

  /** Resolves when this many bytes have come in all. */
  async reach(length: number): Promise<void> {
    if (this.#length >= length) return;
    const reached = new Promise<void>((resolve) => {
      this.#waiting = { length, resolve };
    });
    const ended = this.#read.then(() => {
      throw new Error(`${this.#length} of ${length} bytes came`);
    });
    await Promise.race([reached, ended]);
  }

  end(): Promise<void> {
    return this.#read;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }

  async #collect(stream: ExecStream<'bytes'>): Promise<void> {
    for await (const { stream: name, data } of stream) {
      if (name !== 'stdout') continue;
      this.#chunks.push(data);
      this.#length += data.length;
      if (this.#waiting !== undefined && this.#length >= this.#waiting.length) this.#waiting.resolve();
    }
  }
}
