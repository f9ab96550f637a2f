import { describe, expect, it } from 'vitest';
import type { Platform } from '../../src/platform/platform.ts';
import { parseDisplay } from '../../src/x11/display.ts';
import { resolveX11, type X11Options } from '../../src/x11/options.ts';
import { findCookie, parseXauthority, type XauthEntry } from '../../src/x11/xauthority.ts';

describe('the name of a display', () => {
  it('is a unix socket or a host, a number and a screen', () => {
    const unix = (number: number, screen = 0) => ({
      number,
      screen,
      address: { type: 'unix', path: `/tmp/.X11-unix/X${number}` },
    });
    const tcp = (host: string, number: number, screen = 0) => ({
      number,
      screen,
      address: { type: 'tcp', host, port: 6000 + number },
    });
    for (const [name, expected] of [
      [':0', unix(0)],
      [':12.3', unix(12, 3)],
      ['unix:1', unix(1)],
      ['unix/:7', unix(7)],
      ['unix/host:7', unix(7)],
      ['localhost:10.0', tcp('localhost', 10)],
      ['tcp/192.0.2.1:2', tcp('192.0.2.1', 2)],
      ['[::1]:0', tcp('::1', 0)],
      ['::1:0', tcp('::1', 0)],
      [
        '/private/tmp/com.apple.launchd.x/org.xquartz:0',
        {
          number: 0,
          screen: 0,
          address: { type: 'unix', path: '/private/tmp/com.apple.launchd.x/org.xquartz:0' },
        },
      ],
      ['/run/x:0.1', { number: 0, screen: 1, address: { type: 'unix', path: '/run/x:0' } }],
    ] as const) {
      expect(parseDisplay(name)).toEqual({ name, ...expected });
    }
  });

  it('is nothing else', () => {
    for (const name of [
      '',
      '0',
      ':',
      ':x',
      ':0.',
      ':-1',
      ':59536',
      ':0.65536',
      'host::0',
      'a b:0',
      'a\n:0',
      ':0 ',
    ]) {
      expect(() => parseDisplay(name), JSON.stringify(name)).toThrow(TypeError);
    }
  });
});

describe('options of x11', () => {
  const on: Platform = {
    windows: false,
    home: '/home/me',
    env: { DISPLAY: ':3.1', XAUTHORITY: '' },
    homeOf: () => undefined,
  };

  it('take DISPLAY and XAUTHORITY from the environment, and trust nobody', () => {
    expect(resolveX11(true, on)).toMatchObject({
      display: { number: 3 },
      screen: 1,
      trusted: false,
      singleConnection: false,
      cookieTimeoutMs: 1_200_000,
      xauthority: '/home/me/.Xauthority',
      xauthProgram: 'xauth',
    });
    const env = { ...on.env, XAUTHORITY: '/run/cookies' };
    expect(resolveX11({ display: ':4', screen: 2 }, { ...on, env })).toMatchObject({
      display: { number: 4 },
      screen: 2,
      xauthority: '/run/cookies',
    });
  });

  it('are checked at once', () => {
    expect(() => resolveX11(true, { ...on, env: {} })).toThrow('DISPLAY is not set');
    for (const [options, type] of [
      ['yes', TypeError],
      [null, TypeError],
      [{ display: 'nonsense' }, TypeError],
      [{ screen: -1 }, RangeError],
      [{ screen: 0.5 }, RangeError],
      [{ cookieTimeoutSec: -1 }, RangeError],
      [{ cookieTimeoutSec: Number.NaN }, RangeError],
    ] as const) {
      expect(() => resolveX11(options as unknown as X11Options, on)).toThrow(type);
    }
  });
});

describe('an Xauthority file', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const entry = (
    family: number,
    address: Uint8Array,
    display: string,
    name: string,
    data: Uint8Array,
  ): Uint8Array => {
    const string = (bytes: Uint8Array): number[] => [bytes.length >> 8, bytes.length & 255, ...bytes];
    return Uint8Array.from([
      family >> 8,
      family & 255,
      ...string(address),
      ...string(text(display)),
      ...string(text(name)),
      ...string(data),
    ]);
  };
  const MIT = 'MIT-MAGIC-COOKIE-1';
  const bytes = Uint8Array.of(
    ...entry(256, text('here'), '0', 'XDM-AUTHORIZATION-1', text('xdm')),
    ...entry(256, text('here'), '0', MIT, text('local 0')),
    ...entry(0, Uint8Array.of(192, 0, 2, 1), '1', MIT, text('ipv4')),
    ...entry(6, Uint8Array.of(0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1), '', MIT, text('ipv6')),
    ...entry(6, Uint8Array.of(1, 2), '2', MIT, text('short')),
    ...entry(65_535, text('any'), '7', MIT, text('wild 7')),
  );

  it('is read entry by entry; one that is cut off ends the list', () => {
    const entries = parseXauthority(bytes);
    expect(entries).toHaveLength(6);
    expect(entries[1]).toEqual({
      family: 256,
      address: text('here'),
      display: '0',
      name: MIT,
      data: text('local 0'),
    } satisfies XauthEntry);
    let last = 0;
    for (let length = 0; length <= bytes.length; length += 1) {
      const found = parseXauthority(bytes.subarray(0, length));
      expect(found).toEqual(entries.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(last);
      last = found.length;
    }
    expect(parseXauthority(Uint8Array.of(...bytes, 1))).toEqual(entries);
  });

  it('gives the cookie of a display by its number and where it is', () => {
    const find = (number: number, localName: string | undefined, address?: string): string | undefined => {
      const found = findCookie(parseXauthority(bytes), MIT, { number, localName, address });
      return found === undefined ? undefined : new TextDecoder().decode(found);
    };
    expect(find(0, 'here')).toBe('local 0');
    expect(find(0, 'elsewhere')).toBeUndefined();
    expect(find(1, 'here')).toBeUndefined();
    expect(find(1, undefined, '192.0.2.1')).toBe('ipv4');
    expect(find(1, undefined, '192.0.2.2')).toBeUndefined();
    expect(find(5, undefined, '2001:db8::1')).toBe('ipv6');
    expect(find(7, 'elsewhere')).toBe('wild 7');
    expect(find(7, undefined, '192.0.2.9')).toBe('wild 7');
  });
});
