import { spawnSync } from 'node:child_process';
import { TerminalOpcode } from '@nbs-ssh/channels';
import type { TerminalModeName, TerminalModes } from '../process/terminal.ts';

/** Milliseconds that `stty` may take: a login must not wait for it. */
const PATIENCE = 1000;
/** Bytes of its answer, which is half a kilobyte. */
const MAX_ANSWER = 16_384;

/**
 * The modes of the terminal that is standard input, as `stty` tells them: Node itself cannot.
 *
 * @returns nothing where there is no `stty`.
 */
export function localModes(): TerminalModes {
  if (!process.stdin.isTTY || process.platform === 'win32') return {};
  const { status, stdout } = spawnSync('stty', ['-a'], {
    stdio: ['inherit', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C' },
    timeout: PATIENCE,
    maxBuffer: MAX_ANSWER,
    encoding: 'utf8',
  });
  return status === 0 ? parseModes(stdout) : {};
}

/** What `stty -a` prints, on Linux and on systems of the BSD family. What is not understood is left out. */
export function parseModes(text: string): TerminalModes {
  const modes: { [M in TerminalModeName]?: boolean | number } = {};
  const speed = Number(/\bspeed (\d{1,9}) baud/.exec(text)?.[1] ?? 0);
  if (speed > 0) {
    modes.TTY_OP_ISPEED = speed;
    modes.TTY_OP_OSPEED = speed;
  }
  for (const [, name = '', value = ''] of text.matchAll(/\b(\w+) = (<undef>|[^\s;]{1,5});/g)) {
    const mode = CHARACTERS.get(name);
    const code = characterCode(value);
    if (mode !== undefined && code !== undefined) modes[mode] = code;
  }
  for (const [, off, name = ''] of text.matchAll(/(?<=^|\s)(-?)([a-z0-9]+)(?=$|[\s;])/g)) {
    const mode = FLAGS.get(name);
    if (mode !== undefined) modes[mode] = off === '';
  }
  return modes;
}

/** No character: RFC 4254 §8. */
const NONE = 255;

/** `^C`, `^?`, `M-^X`, a plain character, or `<undef>`. */
function characterCode(text: string): number | undefined {
  if (text === '<undef>' || text === 'undef') return NONE;
  const [, meta, control, plain] = /^(M-)?(?:\^([?-_])|([!-~]))$/.exec(text) ?? [];
  const character = control ?? plain;
  if (character === undefined) return undefined;
  const code = character.charCodeAt(0);
  const low = control === undefined ? code : control === '?' ? 0x7f : code & 0x1f;
  return meta === undefined ? low : low | 0x80;
}

const CHARACTERS: ReadonlyMap<string, TerminalModeName> = new Map([
  ['intr', 'VINTR'],
  ['quit', 'VQUIT'],
  ['erase', 'VERASE'],
  ['kill', 'VKILL'],
  ['eof', 'VEOF'],
  ['eol', 'VEOL'],
  ['eol2', 'VEOL2'],
  ['start', 'VSTART'],
  ['stop', 'VSTOP'],
  ['susp', 'VSUSP'],
  ['dsusp', 'VDSUSP'],
  ['rprnt', 'VREPRINT'],
  ['reprint', 'VREPRINT'],
  ['werase', 'VWERASE'],
  ['lnext', 'VLNEXT'],
  ['swtch', 'VSWTCH'],
  ['status', 'VSTATUS'],
  ['discard', 'VDISCARD'],
]);

/** Modes that are on or off have the same name in `stty`, in lower case. */
const FLAGS: ReadonlyMap<string, TerminalModeName> = new Map(
  (Object.keys(TerminalOpcode) as TerminalModeName[])
    .filter((name) => !name.startsWith('V') && !name.startsWith('TTY_'))
    .map((name) => [name.toLowerCase(), name]),
);
