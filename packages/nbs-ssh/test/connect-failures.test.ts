import type { SSHServer } from '@nbs-ssh/server';
import {
  type FaultPlan,
  freePort,
  httpScript,
  identificationScript,
  type LeakCheck,
  silentScript,
  smtpScript,
  startFaultProxy,
  startHostileServer,
  watchForLeaks,
} from '@nbs-ssh/testing';
import {
  type AlgorithmPolicy,
  ConnectionLost,
  ConnectionRefused,
  ConnectionTimeout,
  HostUnreachable,
  NoMutualKex,
  ProtocolError,
  SSHConnection,
  type SSHConnectionOptions,
  type SSHError,
} from 'nbs-ssh';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from './lab.ts';
import { options, ourServer } from './own-server.ts';

/** Nothing that a failed connection opened may be left when its test is over. */
let leaks: LeakCheck;
beforeEach(() => {
  leaks = watchForLeaks();
});
afterEach(() => leaks.assertClean());

/** In phases of one connection, in order. */
const PHASES = ['tcp', 'identification', 'kex', 'host-key', 'new-keys', 'auth', 'open'];

/** Fails to connect, and checks what holds for every failure: context, evidence, and a dead object. */
async function failure(given: SSHConnectionOptions): Promise<SSHError> {
  const connection = new SSHConnection(given);
  const error = (await rejection(connection.connect())) as SSHError;
  const { host, port, username } = given;
  expect(error.context).toMatchObject({ host, port, username, phase: expect.any(String) });
  expect(error.name).toBe(error.errorType);
  const bundle = error.evidence;
  expect(bundle?.toJSON()).toEqual({
    ...connection.getEvidenceBundle().toJSON(),
    created_ms: expect.any(Number),
  });
  expect(bundle?.disconnectReason).toBeTruthy();
  expect(bundle?.errorContext).toMatchObject({
    error_type: error.errorType,
    code: error.code,
    phase: error.phase,
  });
  const types = bundle?.events.map((event) => event.eventType) ?? [];
  expect(types[0]).toBe('CONNECT');
  expect(types.slice(-2)).toEqual(['ERROR', 'DISCONNECT']);
  expect(await connection.closed).toBe(error);
  expect(connection.isConnected).toBe(false);
  expect((await rejection(connection.exec('true'))) as SSHError).toMatchObject({
    errorType: expect.stringMatching(/^Connection(Closed|Lost)$/),
  });
  await connection.close();
  return error;
}

describe('a server that cannot be reached', () => {
  it('is ConnectionRefused where nobody listens', async () => {
    const error = await failure(options(await freePort()));
    expect(error).toBeInstanceOf(ConnectionRefused);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', phase: 'tcp', fault: 'network', retryable: true });
    expect(error.context.originalError).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is HostUnreachable when the name does not resolve', async () => {
    const error = await failure(options(22, { host: 'no-such-host.invalid' }));
    expect(error).toBeInstanceOf(HostUnreachable);
    expect(error).toMatchObject({ phase: 'tcp', retryable: true });
    expect(error.code).toMatch(/^(ENOTFOUND|EAI_AGAIN|EAI_NODATA|EAI_FAIL)$/);
  });

  it('is an SSHConnectionError with the cause when the stream function throws', async () => {
    const stream = (): Promise<never> => Promise.reject(new RangeError('no way through'));
    const error = await failure(options(22, { stream }));
    expect(error).toMatchObject({ errorType: 'SSHConnectionError', phase: 'tcp' });
    expect(error.context.originalError).toBeInstanceOf(RangeError);
  });
});

describe('a server that is silent', () => {
  it('is ConnectionTimeout at the deadline, naming the phase it was stuck in', async () => {
    await using server = await startHostileServer(silentScript);
    const startedAt = performance.now();
    const error = await failure(options(server.port, { connectTimeoutSec: 0.4 }));
    expect(performance.now() - startedAt).toBeGreaterThan(380);
    expect(error).toBeInstanceOf(ConnectionTimeout);
    expect(error).toMatchObject({ code: 'CONNECT_TIMEOUT', phase: 'identification', retryable: true });
    expect(error.message).toContain('0.4 s');
  });

  it('names the jump host, not the target, when the former is the silent one', async () => {
    await using server = await startHostileServer(silentScript);
    const proxyJump = `jumper@127.0.0.1:${server.port}`;
    const late = SSHConnection.connect(options(22, { connectTimeoutSec: 0.4, proxyJump }));
    const error = (await rejection(late)) as SSHError;
    expect(error).toBeInstanceOf(ConnectionTimeout);
    const where = { host: '127.0.0.1', port: server.port, username: 'jumper', phase: 'identification' };
    expect(error.context).toMatchObject({ ...where, hop: proxyJump });
  });

  it('rejects at the deadline itself, not after the goodbye', async () => {
    await using server = await startHostileServer(silentScript);
    const connection = new SSHConnection(options(server.port, { connectTimeoutSec: 0.2 }));
    const order: string[] = [];
    const rejected = rejection(connection.connect()).then(() => order.push('rejected'));
    // Timers fire in the order in which they are due, however late a busy machine is.
    const later = new Promise((resolve) => setTimeout(resolve, 201)).then(() => order.push('later'));
    await Promise.all([rejected, later, connection.closed]);
    expect(order).toEqual(['rejected', 'later']);
  });

  it('counts the time that a name or a stream function takes too', async () => {
    const stream = (): Promise<never> => new Promise(() => {});
    const error = await failure(options(22, { stream, connectTimeoutSec: 0.1 }));
    expect(error).toMatchObject({ errorType: 'ConnectionTimeout', phase: 'tcp' });
  });

  it('is named in every later phase too', async () => {
    await using server = await ourServer();
    const offsets = await handshakeOffsets(server);
    const expected = [
      [offsets.identification, 'kex'],
      [offsets.kexInit, 'kex'],
      [offsets.newKeys, 'auth'],
    ] as const;
    await Promise.all(
      expected.map(async ([stallAfter, phase]) => {
        await using proxy = await proxied(server, { toClient: { stallAfter } });
        const error = await failure(options(proxy.port, { connectTimeoutSec: 1 }));
        expect(error).toBeInstanceOf(ConnectionTimeout);
        expect(error).toMatchObject({ phase });
      }),
    );
  });
});

describe('a server that speaks something else', () => {
  it('is a ProtocolError that guesses HTTP', async () => {
    await using server = await startHostileServer(httpScript);
    const error = await failure(options(server.port));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: 'TRANSPORT_NOT_SSH', phase: 'identification', retryable: false });
    expect(error.context).toMatchObject({ details: { guess: 'HTTP' } });
  });

  it('is a ProtocolError that guesses TLS', async () => {
    // A fatal alert, decode_error: the answer to something that is no ClientHello.
    const alert = '\x15\x03\x03\x00\x02\x02\x32';
    await using server = await startHostileServer([
      { do: 'await-bytes', count: 1 },
      { do: 'send', data: alert },
      { do: 'end' },
    ]);
    const error = await failure(options(server.port));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.context).toMatchObject({ details: { guess: 'TLS (HTTPS?)' } });
  });

  it('is a ProtocolError that guesses SMTP, also when that waits in silence after its greeting', async () => {
    await using server = await startHostileServer(smtpScript);
    const error = await failure(options(server.port, { connectTimeoutSec: 0.3 }));
    expect(error).toMatchObject({
      errorType: 'ProtocolError',
      code: 'TRANSPORT_NOT_SSH',
      context: { details: { guess: 'SMTP or FTP' } },
    });
  });

  it('is a ConnectionTimeout when lines come that no protocol is known by', async () => {
    await using server = await startHostileServer([{ do: 'send', data: 'Welcome to the gate\r\n' }]);
    const error = await failure(options(server.port, { connectTimeoutSec: 0.3 }));
    expect(error).toMatchObject({ errorType: 'ConnectionTimeout', phase: 'identification' });
  });

  it('is a ProtocolError when it speaks SSH 1', async () => {
    await using server = await startHostileServer(identificationScript('SSH-1.5-old'));
    const error = await failure(options(server.port));
    expect(error).toMatchObject({ errorType: 'ProtocolError', code: 'TRANSPORT_VERSION' });
  });

  it('is a ProtocolError when noise follows the identification', async () => {
    await using server = await startHostileServer(identificationScript('SSH-2.0-x', 'x'.repeat(100)));
    const error = await failure(options(server.port));
    expect(error).toMatchObject({
      errorType: 'ProtocolError',
      code: 'TRANSPORT_PACKET_LENGTH',
      phase: 'kex',
    });
  });
});

describe('a server that hangs up', () => {
  it('is ConnectionLost when it closes or resets at once', async () => {
    for (const step of ['end', 'reset'] as const) {
      await using server = await startHostileServer([{ do: step }]);
      const error = await failure(options(server.port));
      expect(error).toBeInstanceOf(ConnectionLost);
      // A reset may come before anybody looks at the socket.
      expect(['tcp', 'identification']).toContain(error.phase);
      expect(error.retryable).toBe(true);
    }
  });

  it('is ConnectionLost after any number of bytes, in phases that never go back', async () => {
    await using server = await ourServer();
    const { newKeys, total } = await handshakeOffsets(server);
    const phases: string[] = [];
    // Last of all the server tells its host keys. The login is complete before that.
    const announcement = 150;
    expect(total - announcement).toBeGreaterThan(newKeys);
    for (let at = 0; at < total - announcement; at += Math.ceil(total / 40)) {
      const cutWith = at % 2 === 0 ? 'close' : 'reset';
      await using proxy = await proxied(server, { toClient: { cutAfter: at, cutWith } });
      const error = await failure(options(proxy.port));
      expect(error).toBeInstanceOf(ConnectionLost);
      phases.push(error.phase as string);
    }
    const order = phases.map((phase) => PHASES.indexOf(phase));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(phases)).toEqual(new Set(['identification', 'kex', 'auth']));
  });

  it('leaves both offers in the evidence once they were exchanged', async () => {
    await using server = await ourServer();
    const { kexInit } = await handshakeOffsets(server);
    await using proxy = await proxied(server, { toClient: { cutAfter: kexInit } });
    const { offers } = (await failure(options(proxy.port))).evidence?.algorithms ?? {};
    expect(offers?.client?.kex).toContain('curve25519-sha256');
    expect(offers?.server?.kex).toContain('curve25519-sha256');
  });

  it('is a ProtocolError when a byte is damaged on the way', async () => {
    await using server = await ourServer();
    const { newKeys } = await handshakeOffsets(server);
    await using proxy = await proxied(server, { toClient: { corrupt: [{ at: newKeys + 20 }] } });
    const error = await failure(options(proxy.port));
    expect(error).toMatchObject({ errorType: 'ProtocolError', code: 'TRANSPORT_BAD_TAG', phase: 'auth' });
    expect(error.context).toMatchObject({ disconnectReason: 5 });
  });
});

describe('no common algorithm', () => {
  const cases: readonly (readonly [string, AlgorithmPolicy, Record<string, string[]>, string])[] = [
    ['kex', { kex: ['ecdh-sha2-nistp256'] }, { kex: ['curve25519-sha256'] }, 'curve25519-sha256'],
    ['hostKey', { hostKey: ['ecdsa-sha2-nistp256'] }, {}, 'ssh-ed25519'],
    ['cipherClientToServer', { ciphers: ['aes128-ctr'] }, { ciphers: ['aes256-ctr'] }, 'aes256-ctr'],
    [
      'macClientToServer',
      { ciphers: ['aes128-ctr'], macs: ['hmac-sha2-256'] },
      { macs: ['hmac-sha2-512'] },
      'hmac-sha2-512',
    ],
  ];
  for (const [slot, algorithms, offered, nearest] of cases) {
    it(`is NoMutualKex for ${slot}, with both lists and what policy left out`, async () => {
      await using server = await ourServer({ algorithms: offered });
      const error = await failure(options(server.address.port, { algorithms }));
      expect(error).toBeInstanceOf(NoMutualKex);
      expect(error).toMatchObject({ code: 'TRANSPORT_NO_COMMON_ALGORITHM', phase: 'kex', retryable: false });
      const { context } = error as NoMutualKex;
      expect(context).toMatchObject({ slot, nearest });
      expect(context.client).toEqual(Object.values(algorithms).at(-1));
      expect(context.server).toContain(nearest);
      const { offers } = error.evidence?.algorithms ?? {};
      expect(JSON.stringify(offers?.client)).toContain(context.client[0]);
      expect(JSON.stringify(offers?.server)).toContain(nearest);
      expect(error.evidence?.events).toContainEqual(
        expect.objectContaining({
          eventType: 'KEX',
          data: expect.objectContaining({ status: 'failed', offers }),
        }),
      );
    });
  }

  it('names no nearest algorithm where this library has none of them', async () => {
    await using server = await ourServer();
    const algorithms = { hostKey: ['rsa-sha2-512'] };
    const error = await failure(options(server.address.port, { algorithms }));
    expect(error).toMatchObject({ context: { slot: 'hostKey', nearest: 'ssh-ed25519' } });
  });

  it('is a ProtocolError when strict key exchange is required of a server that lacks it', async () => {
    await using server = await ourServer({ strictKex: 'off' });
    const error = await failure(options(server.address.port, { strictKex: 'require' }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: 'TRANSPORT_STRICT_KEX_REQUIRED', phase: 'kex' });
    await using offered = await SSHConnection.connect(options(server.address.port));
    expect(offered.algorithms?.strictKex).toBe(false);
  });
});

function proxied(server: SSHServer, plan: FaultPlan): ReturnType<typeof startFaultProxy> {
  return startFaultProxy({ host: '127.0.0.1', port: server.address.port }, plan);
}

/** After how many bytes of the server each part of a login is complete. */
async function handshakeOffsets(server: SSHServer): Promise<{
  readonly identification: number;
  readonly kexInit: number;
  readonly newKeys: number;
  readonly total: number;
}> {
  await using proxy = await proxied(server, {});
  const connection = await SSHConnection.connect(options(proxy.port, { tracePackets: true }));
  const total = proxy.bytes.toClient;
  const identification = `${connection.serverVersion}\r\n`.length;
  await connection.close();
  const sizes = connection.getEvidenceBundle().events.flatMap(({ data }) => {
    const packet = 'direction' in data && data.direction === 'received';
    // Unencrypted packets: 4 bytes of length, 1 of padding length, and padding to a multiple of 8, at least 4.
    return packet && 'length' in data
      ? [{ name: data.name, bytes: Math.ceil(((data.length ?? 0) + 9) / 8) * 8 }]
      : [];
  });
  const until = (name: string): number => {
    const last = sizes.findIndex((packet) => packet.name === name);
    return identification + sizes.slice(0, last + 1).reduce((sum, packet) => sum + packet.bytes, 0);
  };
  return { identification, kexInit: until('KEXINIT'), newKeys: until('NEWKEYS'), total };
}
