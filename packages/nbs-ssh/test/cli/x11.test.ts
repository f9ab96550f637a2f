import {
  type Sshd,
  sshdAvailable,
  startSshd,
  startXServer,
  type XServer,
  xServerObstacle,
} from '@nbs-ssh/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli, type Cli, loginArgs } from './cli.ts';

const obstacle = xServerObstacle();

describe.skipIf(!sshdAvailable() || obstacle !== undefined)('nbs-ssh -X and -Y', () => {
  let cli: Cli;
  let sshd: Sshd;
  let display: XServer;
  beforeAll(async () => {
    const config = ['X11Forwarding yes', 'X11UseLocalhost yes'];
    [cli, sshd, display] = await Promise.all([builtCli(), startSshd({ config }), startXServer()]);
  });
  afterAll(async () => {
    await display.stop();
    await sshd.stop();
    cli[Symbol.dispose]();
  });
  const env = (): Record<string, string> => ({ DISPLAY: display.display, XAUTHORITY: display.xauthority });

  it.each(['-X', '-Y'])('lets a program of the server use the display with %s', async (option) => {
    const result = await cli.run([...loginArgs(sshd, option), 'xdpyinfo'], { env: env() });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toContain('640x480');
  });

  it('does so for a setting of the configuration, and not without one', async () => {
    const on = await cli.run([...loginArgs(sshd, '-o', 'ForwardX11=yes'), 'echo "$DISPLAY"'], { env: env() });
    expect(on.stdout).toMatch(/^localhost:\d+\.0\n$/);
    const off = await cli.run([...loginArgs(sshd), 'echo "$DISPLAY"'], { env: env() });
    expect(off.stdout).toBe('\n');
  });

  it('says that there is no display, or that the server does not take part, and runs the command', async () => {
    const none = await cli.run([...loginArgs(sshd, '-X'), 'echo in']);
    expect(none).toMatchObject({ exitCode: 0, stdout: 'in\n' });
    expect(none.stderr).toContain('DISPLAY is not set');
    const wrong = await cli.run([...loginArgs(sshd, '-X'), 'echo in'], { env: { DISPLAY: 'nowhere' } });
    expect(wrong).toMatchObject({ exitCode: 255, stdout: '' });
    expect(wrong.lines[0]).toContain('"nowhere" is no X display');
    await using strict = await startSshd({ config: ['X11Forwarding no'] });
    const refused = await cli.run([...loginArgs(strict, '-X'), 'echo in'], { env: env() });
    expect(refused).toMatchObject({ exitCode: 0, stdout: 'in\n' });
    expect(refused.stderr).toContain('the server does not forward X11');
  });
});
