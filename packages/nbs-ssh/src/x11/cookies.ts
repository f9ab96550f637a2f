import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIT_MAGIC_COOKIE } from '@nbs-ssh/channels';
import type { X11Settings } from './options.ts';
import { X11Problem } from './problem.ts';
import { canonical, findCookie, MAX_XAUTHORITY, parseXauthority } from './xauthority.ts';

/** Seconds that a cookie for untrusted programs lives longer at the display than here, as for `ssh`. */
const SLACK_SEC = 60;

/**
 * The cookie by which programs of this user get to a display.
 *
 * @param address - IP address of the display; `undefined` for a unix socket.
 * @returns `undefined` when the file has none, or there is no file: the display may let in who comes from here.
 * @throws {X11Problem} `no_xauthority`
 */
export async function ownCookie(
  { display, xauthority }: Pick<X11Settings, 'display' | 'xauthority'>,
  address: string | undefined,
): Promise<Uint8Array | undefined> {
  const bytes = await readXauthority(xauthority);
  const plain = address === undefined ? undefined : canonical(address);
  const here = plain === undefined || plain === '::1' || plain.startsWith('127.');
  return findCookie(parseXauthority(bytes), MIT_MAGIC_COOKIE, {
    number: display.number,
    localName: here ? hostname() : undefined,
    address: plain,
  });
}

/**
 * A new cookie of the display for programs that it does not trust: they see their own windows only. The display makes it,
 * and the program `xauth` asks for it, as it does for `ssh -X`.
 *
 * @throws {X11Problem} `no_untrusted_cookie`; `signal.reason` when aborted.
 */
export async function untrustedCookie(settings: X11Settings, signal: AbortSignal): Promise<Uint8Array> {
  const { display, xauthority, xauthProgram, cookieTimeoutMs } = settings;
  const dir = await mkdtemp(join(tmpdir(), 'nbs-ssh-x11-'));
  try {
    const file = join(dir, 'cookie');
    const timeout = Math.ceil(cookieTimeoutMs / 1000) + SLACK_SEC;
    const limit = cookieTimeoutMs === 0 ? [] : ['timeout', String(Math.min(timeout, 0x7fff_ffff))];
    const words = ['-f', file, 'generate', display.name, MIT_MAGIC_COOKIE, 'untrusted', ...limit];
    await run(xauthProgram, words, { ...process.env, XAUTHORITY: xauthority }, signal);
    const entries = parseXauthority(await readXauthority(file));
    const cookie = entries.find(({ name }) => name === MIT_MAGIC_COOKIE)?.data;
    if (cookie === undefined) throw new X11Problem('no_untrusted_cookie');
    return cookie;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function run(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, words, { env, signal, maxBuffer: 65_536 }, (cause) => {
      if (cause === null) resolve();
      else reject(signal.aborted ? signal.reason : new X11Problem('no_untrusted_cookie', { cause }));
    });
    child.stdin?.end();
  });
}

async function readXauthority(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > MAX_XAUTHORITY) throw new X11Problem('no_xauthority');
      const room = new Uint8Array(stat.size);
      const { bytesRead } = await file.read(room, 0, room.length, 0);
      return room.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0);
    throw cause instanceof X11Problem ? cause : new X11Problem('no_xauthority', { cause });
  }
}
