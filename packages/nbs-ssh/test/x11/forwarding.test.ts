import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import {
  findProgram,
  freePort,
  runOk,
  type Sshd,
  sshdAvailable,
  startSshd,
  startXServer,
  watchForLeaks,
  type XServer,
  xServerObstacle,
} from '@nbs-ssh/testing';
import { ConnectionLost, SSHConnection, type SSHEvent, type X11Options } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, rejection } from '../lab.ts';
import { ourServer, options as ownOptions } from '../own-server.ts';

const obstacle = sshdAvailable() ? xServerObstacle() : 'no sshd is here';
if (obstacle !== undefined) console.warn(`tests of X11 are skipped: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('X11 through a real OpenSSH server to a real X server', () => {
  let sshd: Sshd;
  let x: XServer;
  let connection: SSHConnection;
  let leaks: ReturnType<typeof watchForLeaks>;
  beforeAll(async () => {
    x = await startXServer();
    // The cookies of sessions go into a file of this server, and not into that of whoever runs the tests.
    sshd = await startSshd({
      config: ['X11Forwarding yes', `SetEnv XAUTHORITY=${join(x.xauthority, '..', 'there')}`],
    });
  });
  afterAll(async () => {
    await sshd.stop();
    await x.stop();
  });
  beforeEach(async () => {
    leaks = watchForLeaks();
    connection = await connectTo(sshd);
  });
  afterEach(async () => {
    await connection.close();
    await leaks.assertClean();
  });

  const at = (more: X11Options = {}): X11Options => ({
    display: x.display,
    xauthority: x.xauthority,
    trusted: true,
    ...more,
  });
  const ways = (): readonly SSHEvent['data'][] =>
    connection
      .getEvidenceBundle()
      .events.filter(({ eventType }) => eventType === 'FORWARD')
      .map(({ data }) => data);
  const reasons = (): readonly unknown[] => ways().flatMap((data) => ('error' in data ? [data.error] : []));

  it('is off by default', async () => {
    expect((await connection.exec('echo "[$DISPLAY]"')).stdout).toBe('[]\n');
  });

  it('shows programs of a command, a streamed command and a shell on the display here', async () => {
    const { stdout, exitCode } = await connection.exec('echo $DISPLAY; xdpyinfo', { x11: at() });
    expect(stdout).toMatch(/^localhost:\d+\.0\n/);
    expect(stdout).toContain('vendor string:    The X.Org Foundation');
    expect(stdout).toContain('dimensions:    640x480 pixels');
    expect(exitCode).toBe(0);
    for (const process of [
      connection.streamExec('xdpyinfo', { x11: at() }),
      connection.shell({ pty: false, x11: at() }),
    ]) {
      await process.write('xdpyinfo; exit\n');
      let text = '';
      for await (const { data } of process) text += data;
      expect(text).toContain('The X.Org Foundation');
    }
    expect(ways().every((data) => 'status' in data && data.status === 'established')).toBe(true);
  });

  it('shows several at once, and a long-lived one until the connection closes', async () => {
    const many = 'for i in 1 2 3 4 5 6 7 8; do xdpyinfo >/dev/null && echo shown & done; wait';
    expect((await connection.exec(many, { x11: at() })).stdout).toBe('shown\n'.repeat(8));
    if (findProgram('xclock') === undefined) return;
    const script = 'xclock & until xlsclients | grep -q xclock; do sleep 0.05; done; echo ticks; wait';
    const clock = connection.streamExec(script, { x11: at() });
    for await (const { data } of clock) {
      expect(data).toBe('ticks\n');
      break;
    }
  });

  it('keeps untrusted programs from what the display does not let them', async () => {
    const queried = (
      trusted: boolean,
    ): Promise<{ readonly stdout: string; readonly exitCode: number | null }> =>
      connection.exec('xdpyinfo -queryExtensions', { x11: at({ trusted }) });
    const [trusted, untrusted] = [await queried(true), await queried(false)];
    expect([trusted.exitCode, untrusted.exitCode]).toEqual([0, 0]);
    expect(trusted.stdout).toMatch(/^ {4}SECURITY /m);
    // The cookie is made once, and the second program uses the same.
    expect(untrusted.stdout).not.toMatch(/^ {4}SECURITY /m);
    const twice = await connection.exec('xdpyinfo >/dev/null; xdpyinfo >/dev/null', {
      x11: at({ trusted: false }),
    });
    expect(twice.exitCode).toBe(0);
  });

  it('says where xauth cannot make a cookie for untrusted programs', async () => {
    const x11 = at({ trusted: false, xauthProgram: '/nonexistent/xauth' });
    const { exitCode, stderr } = await connection.exec('xdpyinfo', { x11 });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('unable to open display');
    expect(reasons()).toEqual(['no_untrusted_cookie']);
  });

  it('lets nobody in with a wrong cookie, or with none', async () => {
    const own = 'f=$(mktemp); xauth -f $f add $DISPLAY . ';
    const wrong = `${own} ${'0'.repeat(32)}; XAUTHORITY=$f xdpyinfo; xauth list >/dev/null; rm $f`;
    expect((await connection.exec(wrong, { x11: at() })).stderr).toContain('unable to open display');
    expect(reasons()).toEqual(['wrong_cookie']);
    const none = await connection.exec('XAUTHORITY=/dev/null xdpyinfo', { x11: at() });
    expect(none.stderr).toContain('unable to open display');
    expect(reasons()).toEqual(['wrong_cookie', 'no_authorization']);
  });

  it('lets one program in where only one was meant', async () => {
    const twice = 'xdpyinfo >/dev/null && echo one; xdpyinfo >/dev/null 2>&1 || echo no other';
    const { stdout } = await connection.exec(twice, { x11: at({ singleConnection: true }) });
    expect(stdout).toBe('one\nno other\n');
  });

  it('reaches a display by TCP, with the cookie of its address', async () => {
    const gateway = createServer((socket) => {
      const display = connect(x.path);
      socket.pipe(display).pipe(socket);
      for (const end of [socket, display]) end.on('error', () => {});
    });
    const port = await freePortOfDisplay();
    await new Promise<void>((resolve) => gateway.listen(port, '127.0.0.1', resolve));
    const display = `127.0.0.1:${port - 6000}`;
    const xauthority = join(x.xauthority, '..', 'by-tcp');
    await runOk('xauth', ['-f', xauthority, 'add', display, '.', x.cookie]);
    const shown = await connection.exec('xdpyinfo', { x11: at({ display, xauthority }) });
    expect(shown.stdout).toContain('The X.Org Foundation');
    await new Promise((resolve) => gateway.close(resolve));
  });

  it('says that the display is not there, or its cookie wrong', async () => {
    const gone = await connection.exec('xdpyinfo', { x11: at({ display: ':59535' }) });
    expect(gone.exitCode).toBe(1);
    expect(reasons()).toEqual(['display_unreachable']);
    // Without a cookie the display itself refuses, in its own words.
    const refused = await connection.exec('xdpyinfo', { x11: at({ xauthority: '/nonexistent' }) });
    expect(refused.stderr).toMatch(/No protocol specified|Authorization required/);
  });

  it('refuses to begin without a display, and runs nothing', async () => {
    for (const x11 of [{ display: 'nonsense' }, { display: '' }, { ...at(), screen: -1 }]) {
      expect(await rejection(connection.exec('touch /nonexistent/x', { x11 }))).toBeInstanceOf(Error);
      expect(() => connection.shell({ x11 })).toThrow();
    }
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
  });

  it('keeps the cookies out of evidence, also where a program prints them', async () => {
    const { stdout } = await connection.exec('xauth list; xdpyinfo >/dev/null', { x11: at() });
    const cookies = [...stdout.matchAll(/[0-9a-f]{32}/g)].map(([cookie]) => cookie);
    expect(cookies.length).toBeGreaterThan(0);
    expect(stdout).not.toContain(x.cookie);
    const evidence = JSON.stringify(connection.getEvidenceBundle());
    for (const cookie of [...cookies, x.cookie]) expect(evidence).not.toContain(cookie);
  });

  it('runs the command without it where the server does not allow it', async () => {
    await using strict = await startSshd({ config: ['X11Forwarding no'] });
    await using other = await connectTo(strict);
    expect((await other.exec('echo "[$DISPLAY]"', { x11: at() })).stdout).toBe('[]\n');
    const events = other.getEvidenceBundle().events.filter(({ eventType }) => eventType === 'FORWARD');
    expect(events.map(({ data }) => data)).toMatchObject([{ status: 'failed', forward_type: 'x11' }]);
  });

  it('lets go of the display when the server dies', async () => {
    await using mortal = await startSshd({
      config: ['X11Forwarding yes', `SetEnv XAUTHORITY=${join(x.xauthority, '..', 'mortal')}`],
    });
    const victim = await connectTo(mortal);
    const script = 'xdpyinfo >/dev/null && echo shown; exec xclock';
    const clock = victim.streamExec(script, { x11: at() });
    const error = await rejection(
      (async () => {
        for await (const { data } of clock) if (data === 'shown\n') mortal.kill('SIGKILL');
      })(),
    );
    expect(error).toBeInstanceOf(ConnectionLost);
  });
});

describe('T155 a server of ours', () => {
  it('does not grant X11, and runs the command without it', async () => {
    await using server = await ourServer({ exec: () => 3 });
    const connection = await SSHConnection.connect(ownOptions(server.address.port));
    expect((await connection.exec('x', { x11: { display: ':0' } })).exitCode).toBe(3);
    await connection.close();
  });
});

/** A free port from 6000 on, where displays listen. */
async function freePortOfDisplay(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port > 6000) return port;
  }
}
