import { agentPrograms, type Sshd, sshdAvailable, startSshd, watchForLeaks } from '@nbs-ssh/testing';
import {
  ChannelError,
  ConnectionClosed,
  ConnectionLost,
  createAgent,
  generateKey,
  type ShellStream,
  SSHConnection,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from './lab.ts';
import { options, ourServer } from './own-server.ts';

describe.skipIf(!sshdAvailable())('shell on a real OpenSSH server', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let leaks: ReturnType<typeof watchForLeaks>;
  beforeAll(async () => {
    // With passwords on, the login is an ordinary user's: OpenSSH delivers signals only where it separates privileges.
    sshd = await startSshd({ password: true });
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    leaks = watchForLeaks();
    connection = await connectTo(sshd);
  });
  afterEach(async () => {
    await connection.close();
    await leaks.assertClean();
  });

  it('has a terminal, shows what is typed, and tells the exit status', async () => {
    const shell = connection.shell({ pty: { term: 'vt220', columns: 101, rows: 37 } });
    await shell.write('tty; echo "term=$TERM"; stty size; exit 7\n');
    const { text, exitCode } = await readAll(shell);
    expect(text).toContain('stty size; exit 7');
    expect(text).toMatch(/^\/dev\/pts\/\d+\r$/m);
    expect(text).toContain('term=vt220\r\n');
    expect(text).toContain('\n37 101\r\n');
    expect(exitCode).toBe(7);
    expect(await shell.done).toMatchObject({ exitCode: 7, signal: null });
  });

  it('without a terminal reads commands from its input and keeps stderr apart', async () => {
    const shell = connection.shell({ pty: false });
    await shell.write('tty; echo out; echo err >&2\n');
    shell.end();
    const seen: Record<string, string> = {};
    for await (const { stream, data } of shell) seen[stream] = (seen[stream] ?? '') + data;
    expect(seen).toEqual({ stdout: 'not a tty\nout\n', stderr: 'err\n', exit: '' });
    expect((await shell.done).exitCode).toBe(0);
  });

  it('gives bytes on request', async () => {
    const shell = connection.shell({ pty: false, encoding: 'bytes' });
    await shell.write("printf '\\377\\000'; exit\n");
    const bytes: number[] = [];
    for await (const { data } of shell) bytes.push(...data);
    expect(bytes).toEqual([255, 0]);
  });

  it('sets the environment that the server accepts', async () => {
    const shell = connection.shell({ pty: false, env: { NBS_ONE: 'ä b', OTHER: 'refused' } });
    await shell.write('echo "[$NBS_ONE][$OTHER]"; exit\n');
    expect((await readAll(shell)).text).toBe('[ä b][]\n');
  });

  it('tells the new size of the terminal', async () => {
    const shell = connection.shell();
    const reader = new Reader(shell);
    const script = `trap "echo size \\$(stty size); exit" WINCH; echo rea""dy; while :; do sleep 0.05; done`;
    await shell.write(`exec sh -c '${script}'\n`);
    await reader.until('ready');
    shell.resize(132, 50, { widthPixels: 1320, heightPixels: 1000 });
    await reader.until('size 50 132');
    await shell.close();
  });

  it('brings Ctrl-C to the program in front, and the shell goes on', async () => {
    const shell = connection.shell();
    const reader = new Reader(shell);
    await shell.write("(trap 'echo caught; exit' INT; echo rea''dy; while :; do sleep 0.05; done)\n");
    await reader.until('ready');
    await shell.write('\x03');
    await reader.until('caught');
    await shell.write("echo still he''re; exit 3\n");
    await reader.until('still here');
    expect((await reader.rest()).exitCode).toBe(3);
  });

  it('asks for the modes of the terminal by name', async () => {
    const modes = {
      ECHO: false,
      IXON: false,
      VINTR: 0x07,
      VERASE: 0x08,
      TTY_OP_ISPEED: 9600,
      TTY_OP_OSPEED: 9600,
    };
    const command = connection.streamExec('stty -a', { pty: { modes } });
    const { text } = await readAll(command);
    expect(text).toContain('speed 9600 baud');
    for (const word of ['-echo', '-ixon', 'iutf8']) expect(text.split(/[\s;]+/)).toContain(word);
    expect(text).toContain('intr = ^G;');
    expect(text).toContain('erase = ^H;');
  });

  it('leaves out IUTF8 where that is said, and all other modes to the server', async () => {
    const { stdout } = await connection.exec('stty -a', { pty: { modes: { IUTF8: false } } });
    const words = stdout.split(/[\s;]+/);
    for (const word of ['-iutf8', 'echo', 'icanon', 'isig']) expect(words).toContain(word);
  });

  it('delivers signals by name', async () => {
    for (const name of ['INT', 'USR1', 'HUP'] as const) {
      const script = `trap "echo got ${name}; exit" ${name}; echo ready; while :; do sleep 0.05; done`;
      const command = connection.streamExec(script);
      const reader = new Reader(command);
      await reader.until('ready');
      command.sendSignal(name);
      await reader.until(`got ${name}`);
      await reader.rest();
    }
    const killed = connection.streamExec('echo ready; exec sleep 60');
    const reader = new Reader(killed);
    await reader.until('ready');
    killed.sendSignal('KILL');
    await reader.rest();
    expect(await killed.done).toMatchObject({ exitCode: null, signal: 'KILL' });
  });

  it('asks for a break, and says whether the server did it', async () => {
    const shell = connection.shell();
    expect(await shell.sendBreak()).toBe(true);
    const plain = connection.shell({ pty: false });
    // OpenSSH has nothing to break without a terminal, and says so.
    expect(await plain.sendBreak(500)).toBe(false);
    await Promise.all([shell.close(), plain.close()]);
    expect(await shell.sendBreak()).toBe(false);
  });

  it('refuses what is no signal, size, break or mode before anything is sent', async () => {
    const shell = connection.shell();
    for (const name of ['SIGINT', 'int', '', 'A\nB', 'X'.repeat(20), 'USR1@']) {
      expect(() => shell.sendSignal(name as 'INT')).toThrow(TypeError);
    }
    for (const size of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => shell.resize(size, 24)).toThrow(RangeError);
      expect(() => connection.shell({ pty: { columns: size } })).toThrow(RangeError);
      expect(await rejection(shell.sendBreak(size))).toBeInstanceOf(RangeError);
    }
    const modes = { ECCO: true };
    expect(() => connection.shell({ pty: { modes: modes as object } })).toThrow('no terminal mode ECCO');
    for (const value of [-1, 0.5, 2 ** 32, '3', null, '^C']) {
      expect(() => connection.shell({ pty: { modes: { VINTR: value as number } } })).toThrow(TypeError);
    }
    for (const pty of ['xterm', 5]) expect(() => connection.shell({ pty: pty as never })).toThrow(TypeError);
    shell.end();
    const late = await rejection(shell.write('too late'));
    expect(late).toBeInstanceOf(ChannelError);
    expect(late).toMatchObject({ code: 'CHANNELS_NOT_OPEN', fault: 'caller' });
    await shell.close();
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('ends a shell that ignores TERM when it is cancelled, closed, left or aborted', async () => {
    const abort = new AbortController();
    const shells = [0, 1, 2, 3].map(() => connection.shell({ signal: abort.signal }));
    const readers = shells.map((shell) => new Reader(shell));
    const [cancelled, closed, left, aborted] = shells as [ShellStream, ShellStream, ShellStream, ShellStream];
    const pids: string[] = [];
    for (const [index, shell] of shells.entries()) {
      await shell.write('echo pid=$$\n');
      const text = await (readers[index] as Reader).until(/pid=\d+/);
      pids.push(/pid=(\d+)/.exec(text)?.[1] ?? '');
    }
    await cancelled.cancel();
    await closed.close();
    await (readers[2] as Reader).leave();
    expect(await left.done).toMatchObject({ exitCode: null });
    abort.abort(new Error('enough'));
    expect(await rejection(aborted.done)).toBe(abort.signal.reason);
    const gone = `for p in ${pids.join(' ')}; do while kill -0 $p 2>/dev/null; do sleep 0.05; done; done; echo gone`;
    expect((await connection.exec(gone, { timeoutSec: 20 })).stdout).toBe('gone\n');
  });

  it('rejects when the link breaks, after all that had arrived', async () => {
    await using mortal = await startSshd();
    const victim = await connectTo(mortal);
    const shell = victim.shell();
    const reader = new Reader(shell);
    await shell.write("echo begu''n\n");
    await reader.until('begun');
    mortal.kill('SIGKILL');
    const error = await rejection(reader.rest());
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(await rejection(shell.done)).toBe(error);
    expect(() => victim.shell()).toThrow(ConnectionLost);
  });

  it('records the shell as SHELL events', async () => {
    const shell = connection.shell();
    await shell.write('exit 5\n');
    await readAll(shell);
    await shell.done;
    const events = connection.getEvidenceBundle().events.filter(({ eventType }) => eventType === 'SHELL');
    expect(events.map(({ data }) => data)).toMatchObject([
      { status: 'started', pty: true },
      { status: 'ended', pty: true, exit_code: 5, signal: null, cancelled: false },
    ]);
  });

  it.skipIf(agentPrograms() === undefined)('hands an agent on into a shell', async () => {
    const agent = createAgent([{ key: await generateKey('ed25519'), comment: 'in the shell' }]);
    const other = await connectTo(sshd, { agentForward: agent });
    const shell = other.shell({ pty: false });
    await shell.write('ssh-add -l; exit\n');
    expect((await readAll(shell)).text).toContain(agent.keys[0]?.fingerprint ?? '');
    await other.close();
    await agent.close();
  });

  it('keeps a promise of no more sessions, which a running shell does not mind', async () => {
    const shell = connection.shell({ pty: false });
    await shell.write('echo on; read line; exit 4\n');
    const reader = new Reader(shell);
    await reader.until('on');
    expect(connection.noMoreSessions()).toBe(true);
    expect(connection.noMoreSessions()).toBe(true);
    const refused = await rejection(connection.exec('true'));
    expect(refused).toBeInstanceOf(ChannelError);
    expect(refused).toMatchObject({ code: 'CHANNELS_NO_MORE_SESSIONS', fault: 'caller' });
    expect(() => connection.shell()).toThrow(ChannelError);
    expect(await rejection(connection.subsystem('sftp'))).toBeInstanceOf(ChannelError);
    expect(await sshd.waitForLog(/no-more-sessions@openssh\.com/)).toBeDefined();
    await shell.write('\n');
    expect((await reader.rest()).exitCode).toBe(4);
    expect(await connection.ping()).toBeGreaterThan(0);
  });

  it('says what a closed connection cannot do', async () => {
    await connection.close();
    expect(() => connection.shell()).toThrow(ConnectionClosed);
  });
});

describe('shell on a server of ours', () => {
  it('says that a shell, or a terminal, was refused', async () => {
    await using server = await ourServer({ exec: () => 0 });
    const connection = await SSHConnection.connect(options(server.address.port));
    const noShell = await rejection(connection.shell({ pty: false }).done);
    expect(noShell).toBeInstanceOf(ChannelError);
    expect(noShell).toMatchObject({ code: 'CHANNEL_SHELL_REFUSED' });
    expect(await rejection(connection.shell().done)).toMatchObject({ code: 'CHANNEL_PTY_REFUSED' });
    // Other servers do not know the promise, so none is made.
    expect(connection.noMoreSessions()).toBe(false);
    expect((await connection.exec('x')).exitCode).toBe(0);
    await connection.close();
  });
});

interface Ending {
  readonly text: string;
  readonly exitCode: number | null;
}

function readAll(shell: ShellStream): Promise<Ending> {
  return new Reader(shell).rest();
}

/** Reads a shell piece by piece. */
class Reader {
  readonly #iterator: ReturnType<ShellStream[typeof Symbol.asyncIterator]>;
  #text = '';

  constructor(shell: ShellStream) {
    this.#iterator = shell[Symbol.asyncIterator]();
  }

  /** Everything so far, once `wanted` is in it. */
  async until(wanted: string | RegExp): Promise<string> {
    while (this.#text.search(wanted) < 0) {
      const { done, value } = await this.#iterator.next();
      if (done === true) throw new Error(`ended without ${wanted}: ${this.#text}`);
      this.#text += value.data;
    }
    return this.#text;
  }

  async rest(): Promise<Ending> {
    let exitCode: number | null = null;
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done === true) return { text: this.#text, exitCode };
      this.#text += value.data;
      exitCode = value.exitCode;
    }
  }

  async leave(): Promise<void> {
    await this.#iterator.return?.();
  }
}
