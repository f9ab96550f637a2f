import { inspect } from 'node:util';
import {
  AuthenticationError,
  AuthFailed,
  ChannelError,
  ConnectionClosed,
  ConnectionLost,
  ConnectionRefused,
  ConnectionTimeout,
  createKeyAuth,
  createPasswordAuth,
  HostKeyMismatch,
  HostUnreachable,
  KeyLoadError,
  NoMutualKex,
  ProtocolError,
  Secret,
  SSHConnection,
  SSHConnectionError,
  SSHError,
} from 'nbs-ssh';
import { describe, expect, it } from 'vitest';

const SECRET = 'hunter2-and-more';
const where = { host: 'h', port: 22, username: 'u', phase: 'auth' };
const init = { code: 'SOME_CODE', fault: 'peer', retryable: false } as const;
const attempts = [
  {
    method: 'password',
    username: 'u',
    result: 'skipped',
    remaining: ['publickey'],
    skipReason: 'callback-failed',
    error: Object.assign(new RangeError('vault'), { token: SECRET, loop: undefined as unknown }),
    durationMs: 1,
  },
] as const;
attempts[0].error.loop = attempts;

/** One of each class, with everything its context can hold. */
const ALL = {
  SSHError: new SSHError('m', { ...init, context: where }),
  SSHConnectionError: new SSHConnectionError('m', { ...init, context: where }),
  ConnectionRefused: new ConnectionRefused('m', { ...init, context: where }),
  ConnectionTimeout: new ConnectionTimeout('m', { ...init, context: where }),
  HostUnreachable: new HostUnreachable('m', { ...init, context: where }),
  ConnectionLost: new ConnectionLost('m', {
    ...init,
    context: { ...where, stdout: new TextEncoder().encode(SECRET), stderr: SECRET, maybeExecuted: true },
  }),
  ProtocolError: new ProtocolError('m', {
    ...init,
    context: { ...where, disconnectReason: 2, details: { length: 10n, at: Number.NaN, by: Symbol('x') } },
  }),
  ConnectionClosed: new ConnectionClosed('m', { ...init, context: where }),
  AuthenticationError: new AuthenticationError('m', { ...init, context: where }),
  AuthFailed: new AuthFailed('m', { ...init, context: { ...where, attempts, remaining: ['publickey'] } }),
  HostKeyMismatch: new HostKeyMismatch('m', {
    ...init,
    context: { ...where, reason: 'changed', fingerprint: 'SHA256:x', file: '/f', line: 3 },
  }),
  NoMutualKex: new NoMutualKex('m', {
    ...init,
    context: { ...where, slot: 'kex', client: ['a'], server: ['b'], nearest: 'b' },
  }),
  KeyLoadError: new KeyLoadError('m', {
    ...init,
    context: { ...where, reason: 'wrong_passphrase', path: '/k', originalError: new Error('below') },
  }),
  ChannelError: new ChannelError('m', { ...init, context: { ...where, reason: 'exec', stdout: SECRET } }),
} as const;

describe('the classes of errors', () => {
  it('form the tree of the guide', () => {
    const below = (base: abstract new (...args: never[]) => unknown): readonly string[] =>
      Object.entries(ALL).flatMap(([name, error]) => (error instanceof base ? [name] : []));
    expect(below(Error)).toEqual(Object.keys(ALL));
    expect(below(SSHError)).toEqual(Object.keys(ALL));
    expect(below(SSHConnectionError)).toEqual([
      'SSHConnectionError',
      'ConnectionRefused',
      'ConnectionTimeout',
      'HostUnreachable',
      'ConnectionLost',
      'ProtocolError',
      'ConnectionClosed',
    ]);
    expect(below(AuthenticationError)).toEqual([
      'AuthenticationError',
      'AuthFailed',
      'HostKeyMismatch',
      'NoMutualKex',
      'KeyLoadError',
    ]);
  });

  for (const [name, error] of Object.entries(ALL)) {
    it(`${name} says its name, code, fault and place, also as JSON, and no secret`, () => {
      expect(error).toMatchObject({ name, errorType: name, code: 'SOME_CODE', fault: 'peer', phase: 'auth' });
      const json = JSON.stringify(error);
      expect(json).not.toContain(SECRET);
      expect(JSON.parse(json)).toMatchObject({
        errorType: name,
        code: 'SOME_CODE',
        message: 'm',
        fault: 'peer',
        retryable: false,
        context: where,
      });
      expect(String(error)).toBe(`${name}: m`);
    });
  }

  it('keep their own fields in JSON, with output as its length and causes as their message', () => {
    const json = (error: SSHError): unknown => JSON.parse(JSON.stringify(error));
    expect(json(ALL.ConnectionLost)).toMatchObject({
      context: { stdout: '[16 bytes]', stderr: '[16 characters]', maybeExecuted: true },
    });
    expect(json(ALL.HostKeyMismatch)).toMatchObject({
      context: { reason: 'changed', fingerprint: 'SHA256:x', file: '/f', line: 3 },
    });
    expect(json(ALL.NoMutualKex)).toMatchObject({
      context: { slot: 'kex', client: ['a'], server: ['b'], nearest: 'b' },
    });
    expect(json(ALL.AuthFailed)).toMatchObject({
      context: { attempts: [{ method: 'password', error: { name: 'RangeError', message: 'vault' } }] },
    });
    expect(json(ALL.KeyLoadError)).toMatchObject({ cause: 'below', context: { reason: 'wrong_passphrase' } });
    expect(json(ALL.ProtocolError)).toMatchObject({ context: { details: { length: '10', at: 'NaN' } } });
  });

  it('take a context that refers to itself, or is endlessly deep', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const error = new ProtocolError('m', { ...init, context: { details: loop } });
    expect(JSON.stringify(error).length).toBeLessThan(1000);
  });

  it('carry the error below as cause', () => {
    expect(ALL.KeyLoadError.cause).toBe(ALL.KeyLoadError.context.originalError);
    expect('cause' in ALL.SSHError).toBe(false);
  });

  it('give shortcuts to what is asked for most', () => {
    expect(ALL.HostKeyMismatch.reason).toBe('changed');
    expect(ALL.KeyLoadError.reason).toBe('wrong_passphrase');
    expect(ALL.AuthFailed.attempts).toBe(attempts);
    expect(ALL.SSHError.evidence).toBeUndefined();
  });
});

describe('secrets in what people print', () => {
  it('are masked in credentials and connections', () => {
    const credentials = [
      createPasswordAuth(SECRET),
      createPasswordAuth(new Secret(SECRET)),
      createKeyAuth('~/k', { passphrase: SECRET }),
    ];
    const connection = new SSHConnection({ host: 'h', knownHosts: null, auth: credentials });
    const legacy = new SSHConnection({ host: 'h', knownHosts: null, password: SECRET, clientKeys: ['~/k'] });
    for (const thing of [...credentials, connection, legacy]) {
      expect(inspect(thing, { depth: 9, showHidden: true })).not.toContain(SECRET);
      expect(JSON.stringify(thing)).not.toContain(SECRET);
    }
    for (const thing of credentials) expect(inspect(thing)).toContain('[secret]');
  });
});
