import {
  createKeyAuth,
  createKeyboardInteractiveAuth,
  createPasswordAuth,
  Secret,
  SSHConnection,
  type SSHConnectionOptions,
} from 'nbs-ssh';
import { describe, expect, it } from 'vitest';

const GOOD: SSHConnectionOptions = { host: 'h.example', knownHosts: null, auth: [] };

/** Each wrong in one place only, as JavaScript would let it pass. */
const NONSENSE: Readonly<Record<string, readonly unknown[]>> = {
  host: ['', undefined, null, 7, ['h']],
  port: [0, -1, 65_536, 22.5, '22', Number.NaN, null],
  username: ['', 7, 'a\nb', 'a\u0000', 'x'.repeat(256), null],
  auth: [
    null,
    'password',
    [null],
    {},
    { method: 'rot13' },
    { method: 'password' },
    { method: 'password', password: 7 },
    { method: 'private_key' },
    { method: 'private_key', keyPath: '' },
    { method: 'private_key', keyPath: '~/k', passphrase: 7 },
    { method: 'keyboard_interactive' },
    { method: 'keyboard_interactive', respond: 'yes' },
  ],
  password: [7, null, {}],
  clientKeys: ['~/.ssh/id_rsa', [7], [''], null],
  knownHosts: [7, [''], '', {}, [null]],
  hostKeyPolicy: ['', 'STRICT', 'no', 0, null, 'ask'],
  onUnknownHostKey: [true, 'yes', null],
  onBanner: [true, {}, null],
  connectTimeoutSec: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '30', null],
  hostKeyAlias: ['', 7, null, 'a b', 'a,b', '*', '!a', '|1|x', '@revoked', 'a\nb'],
  connectionAttempts: [0, -1, 1.5, '3', null],
  bindAddress: ['', 7, null],
  addressFamily: [5, '4', null],
  keepalive: [null, 7, {}, { intervalSec: 0 }, { intervalSec: '1' }, { intervalSec: 1, maxCount: 0 }],
  env: [null, 'A=b', { A: 1 }, { A: undefined }],
  eventCollector: [{}, 7, { record: 1 }],
  eventLogPath: ['', 7, null],
  tracePackets: ['yes', 1, null],
  algorithms: [
    null,
    'aes',
    { cipher: [] },
    { ciphers: [] },
    { ciphers: ['rot13'] },
    { ciphers: [7] },
    { ciphers: 'aes128-ctr' },
    { ciphers: { only: ['aes128-ctr'] } },
    { ciphers: { allow: 'aes128-ctr' } },
    { ciphers: { allow: [] } },
    { ciphers: { deny: ['rot13'] } },
  ],
  strictKex: ['on', true, '', null],
  crypto: [null, {}, 'node'],
  stream: [7, 'tcp', {}, { readable: {}, writable: {} }, null],
  rekey: [null, 7, { bytes: 0 }, { bytes: Number.NaN }, { packets: -1 }, { intervalSec: 0 }, { bytes: '1G' }],
  limits: [
    null,
    7,
    { execOutputBytes: 0 },
    { execOutputBytes: Number.POSITIVE_INFINITY },
    { channelWindowBytes: -1 },
    { channelWindowBytes: 1.5 },
    { channelWindowBytes: 2 ** 32 },
  ],
  signal: [{}, { aborted: true }, true, null],
};

describe('options', () => {
  for (const [option, values] of Object.entries(NONSENSE)) {
    it(`refuses a ${option} that makes no sense, at construction`, () => {
      for (const value of values) {
        const given = { ...GOOD, [option]: value } as unknown as SSHConnectionOptions;
        const error = thrownBy(() => new SSHConnection(given));
        const shown = `${option}: ${JSON.stringify(value)}`;
        expect(error instanceof TypeError || error instanceof RangeError, shown).toBe(true);
      }
    });
  }

  it('refuses what is no object at all', () => {
    for (const given of [undefined, null, 'host', 7]) {
      expect(() => new SSHConnection(given as unknown as SSHConnectionOptions)).toThrow(TypeError);
    }
  });

  it('never repeats a secret in what it throws', () => {
    const auth = [{ method: 'password', password: ['hunter2'] }];
    const error = thrownBy(() => new SSHConnection({ ...GOOD, auth } as unknown as SSHConnectionOptions));
    expect(String(error)).not.toContain('hunter2');
  });

  it('takes everything that makes sense', () => {
    const sensible: readonly Partial<SSHConnectionOptions>[] = [
      { port: 1 },
      { port: 65_535 },
      { auth: createPasswordAuth('x') },
      { auth: [createKeyAuth('~/k', { passphrase: new Secret('x') }), createKeyAuth('k')] },
      { auth: createKeyboardInteractiveAuth(() => []) },
      { knownHosts: [] },
      { knownHosts: ['a', '~/b'] },
      { hostKeyPolicy: 'ask', onUnknownHostKey: () => true },
      { algorithms: { ciphers: ['aes128-ctr'], kex: { deny: ['ecdh-sha2-nistp256'] } } },
      { limits: { channelWindowBytes: 0xffff_ffff } },
      { connectTimeoutSec: 0.001, rekey: { bytes: 1, packets: 1, intervalSec: 0.5 } },
      { stream: () => Promise.reject(new Error('unused')) },
      { signal: AbortSignal.abort() },
    ];
    for (const option of sensible) expect(new SSHConnection({ ...GOOD, ...option }).isConnected).toBe(false);
  });

  it('says what a new connection is', () => {
    const connection = new SSHConnection({ ...GOOD, username: 'me' });
    expect(connection).toMatchObject({
      host: 'h.example',
      port: 22,
      username: 'me',
      isConnected: false,
      algorithms: undefined,
      serverVersion: undefined,
    });
  });

  it('needs a user of its own only where the system names none', () => {
    expect(new SSHConnection(GOOD).username).not.toBe('');
  });
});

describe('factories of credentials', () => {
  it('refuse what cannot be one', () => {
    for (const value of [undefined, null, 7, {}]) {
      expect(() => createPasswordAuth(value as unknown as string)).toThrow(TypeError);
      expect(() => createKeyAuth(value as unknown as string)).toThrow(TypeError);
      expect(() => createKeyboardInteractiveAuth(value as unknown as () => [])).toThrow(TypeError);
    }
    expect(() => createKeyAuth('k', { passphrase: 7 as unknown as string })).toThrow(TypeError);
    expect(() => createKeyAuth('')).toThrow(TypeError);
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
