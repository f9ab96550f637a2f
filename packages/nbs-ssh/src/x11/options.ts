import { currentPlatform, expandPath, type Platform } from '../platform/platform.ts';
import { type Display, parseDisplay } from './display.ts';

/** Lets programs of the server use a display here. */
export interface X11Options {
  /** As in DISPLAY, whose value is the default. */
  readonly display?: string;
  /** Screen that programs use by default. Default: that of the display. */
  readonly screen?: number;
  /**
   * `true` lets programs of the server do all that programs here may, as `ssh -Y`: read every key that is typed, and every
   * window. Default `false`, as `ssh -X`: they get a cookie of their own from the display, for untrusted programs, which
   * takes the program `xauth` and a display with the SECURITY extension.
   */
  readonly trusted?: boolean;
  /** Only the first program gets to the display. Default `false`. */
  readonly singleConnection?: boolean;
  /** Untrusted programs that come later than this are refused; 0 means never. Default 1200, as `ForwardX11Timeout`. */
  readonly cookieTimeoutSec?: number;
  /** File with the cookies of displays. Default: XAUTHORITY, or `~/.Xauthority`. */
  readonly xauthority?: string;
  /** The program `xauth`, for untrusted programs. Default: searched in PATH. */
  readonly xauthProgram?: string;
}

/** Everything decided. */
export interface X11Settings {
  readonly display: Display;
  readonly screen: number;
  readonly trusted: boolean;
  readonly singleConnection: boolean;
  readonly cookieTimeoutMs: number;
  readonly xauthority: string;
  readonly xauthProgram: string;
}

const DEFAULT_TIMEOUT = 1200;

/** @throws {TypeError | RangeError} when there is no display, or an option makes no sense. */
export function resolveX11(options: true | X11Options, on: Platform = currentPlatform()): X11Settings {
  if (options !== true && (typeof options !== 'object' || options === null)) {
    throw new TypeError('x11 is true, false or an object with options');
  }
  const given = options === true ? {} : options;
  const name = given.display ?? on.env['DISPLAY'] ?? '';
  if (name === '') throw new TypeError('x11 needs a display: DISPLAY is not set');
  const display = parseDisplay(name);
  const { screen = display.screen, cookieTimeoutSec = DEFAULT_TIMEOUT } = given;
  if (!Number.isInteger(screen) || screen < 0 || screen > 0xffff_ffff) {
    throw new RangeError(`x11.screen must be a whole number from 0 on, got ${screen}`);
  }
  if (!(cookieTimeoutSec >= 0)) {
    throw new RangeError(`x11.cookieTimeoutSec must be 0 or more, got ${cookieTimeoutSec}`);
  }
  return {
    display,
    screen,
    trusted: given.trusted === true,
    singleConnection: given.singleConnection === true,
    cookieTimeoutMs: cookieTimeoutSec * 1000,
    xauthority: expandPath(given.xauthority ?? (on.env['XAUTHORITY'] || '~/.Xauthority'), on),
    xauthProgram: given.xauthProgram ?? 'xauth',
  };
}
