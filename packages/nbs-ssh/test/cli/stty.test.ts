import { describe, expect, it } from 'vitest';
import { parseModes } from '../../src/cli/stty.ts';
import { wantsTerminal } from '../../src/cli/terminal.ts';
import { loadSshConfig } from '../../src/ssh-config/load.ts';

/** `stty -a` of GNU coreutils 9.1. */
const GNU = `speed 38400 baud; rows 24; columns 80; line = 0;
intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;
eol2 = M-^?; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R;
werase = ^W; lnext = ^V; discard = ^O; min = 1; time = 0;
-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts
-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr icrnl ixon -ixoff
-iuclc -ixany -imaxbel iutf8
opost -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0
isig icanon iexten echo echoe echok -echonl -noflsh -xcase -tostop -echoprt
echoctl echoke -flusho -extproc
`;

/** As systems of the BSD family print it. */
const BSD = `speed 9600 baud; 24 rows; 80 columns;
lflags: icanon isig iexten echo echoe -echok echoke -echonl echoctl
\t-echoprt -altwerase -noflsh -tostop -flusho pendin -nokerninfo
\t-extproc
iflags: -istrip icrnl -inlcr -igncr ixon -ixoff ixany imaxbel -iutf8
cchars: discard = ^O; dsusp = ^Y; eof = ^D; eol = <undef>;
\teol2 = <undef>; erase = x; intr = ^C; kill = ^U; lnext = ^V;
\tmin = 1; quit = ^\\; reprint = ^R; start = ^Q; status = ^T;
\tstop = ^S; susp = ^Z; time = 0; werase = ^W;
`;

describe('the modes of the local terminal', () => {
  it('are those that stty prints', () => {
    expect(parseModes(GNU)).toMatchObject({
      TTY_OP_ISPEED: 38_400,
      VINTR: 3,
      VQUIT: 0x1c,
      VERASE: 0x7f,
      VEOL: 255,
      VEOL2: 255,
      VREPRINT: 0x12,
      CS8: true,
      PARENB: false,
      ICRNL: true,
      IXOFF: false,
      IUTF8: true,
      ECHO: true,
      ECHOE: true,
      ECHONL: false,
      OPOST: true,
    });
    expect(parseModes(BSD)).toMatchObject({
      VDSUSP: 0x19,
      VERASE: 0x78,
      VREPRINT: 0x12,
      VSTATUS: 0x14,
      ECHOK: false,
      PENDIN: true,
      IUTF8: false,
    });
  });

  it('have no mode that is none: neither sizes nor what SSH has no name for', () => {
    const names = Object.keys(parseModes(GNU));
    expect(names).toHaveLength(51);
    expect(names).not.toContain('CMSPAR');
  });

  it('are none where stty prints something else, cut anywhere', () => {
    expect(parseModes('stty: invalid argument')).toEqual({});
    const whole = parseModes(GNU);
    for (let cut = 0; cut < GNU.length; cut += 1) {
      for (const [name, value] of Object.entries(parseModes(GNU.slice(0, cut)))) {
        // A word that is cut may be another word: onlcr, ocrnl.
        if (typeof value === 'number' && !name.startsWith('TTY')) {
          expect([name, value]).toEqual([name, whole[name as keyof typeof whole]]);
        }
      }
    }
  });
});

describe('whether there is a remote terminal', () => {
  it.each([
    [[], 'shell', true, true],
    [[], 'shell', false, false],
    [[], 'command', true, false],
    [['RequestTTY no'], 'shell', true, false],
    [['RequestTTY yes'], 'command', true, true],
    [['RequestTTY yes'], 'command', false, false],
    [['RequestTTY force'], 'command', false, true],
    [['StdinNull yes'], 'shell', true, false],
  ] as const)('with %j, a %s and standard input a terminal: %s', async (options, task, input, expected) => {
    const config = await loadSshConfig({ paths: [] });
    const { settings } = await config.resolve('x');
    const [name, value] = (options[0] ?? ' ').split(' ');
    const changed =
      name === 'RequestTTY'
        ? { ...settings, requestTty: value as 'yes' }
        : { ...settings, stdinNull: name === 'StdinNull' };
    expect(wantsTerminal(changed, task, input)).toBe(expected);
  });
});
