/** An X display: where its server listens, and which of its screens is meant. */
export interface Display {
  /** As in DISPLAY. */
  readonly name: string;
  readonly number: number;
  readonly screen: number;
  readonly address:
    | { readonly type: 'unix'; readonly path: string }
    | { readonly type: 'tcp'; readonly host: string; readonly port: number };
}

/** Displays of TCP listen from here on. */
const FIRST_PORT = 6000;
const MAX_NUMBER = 65_535 - FIRST_PORT;
/** Screens that a request can name; servers have a few. */
const MAX_SCREEN = 65_535;
/** `[protocol/][host]:number[.screen]`. */
const FORM = /^(?:([a-z0-9]+)\/)?(.*):(\d{1,5})(?:\.(\d{1,5}))?$/s;

/**
 * Reads a display as DISPLAY names it: `:0`, `unix:0.1`, `host:10`, `[::1]:0`, `tcp/host:0`, or the path of a socket with
 * `:0` at its end, as on macOS.
 *
 * @throws {TypeError} when it is none.
 */
export function parseDisplay(name: string): Display {
  const [, protocol, host = '', numberText = '', screenText = '0'] = FORM.exec(name) ?? [];
  const number = Number(numberText);
  const screen = Number(screenText);
  if (numberText === '' || number > MAX_NUMBER || screen > MAX_SCREEN) throw notOne(name);
  const display = { name, number, screen };
  if (name.startsWith('/')) {
    // The socket's own name has the number in it, and no screen.
    return { ...display, address: { type: 'unix', path: name.replace(/\.\d+$/, '') } };
  }
  if (protocol === 'unix' || host === '' || host === 'unix') {
    return { ...display, address: { type: 'unix', path: `/tmp/.X11-unix/X${number}` } };
  }
  // `host::0` is DECnet, which is gone.
  const bare = /^\[(.+)\]$/.exec(host)?.[1] ?? host;
  if (host.endsWith(':') || /[\s/]|\p{Cc}/u.test(bare)) throw notOne(name);
  return { ...display, address: { type: 'tcp', host: bare, port: FIRST_PORT + number } };
}

const notOne = (name: string): TypeError =>
  new TypeError(`"${name}" is no X display; one is named like :0 or host:10.0`);
