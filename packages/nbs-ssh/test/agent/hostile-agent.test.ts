import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { AGENT, AgentFrames, framed, generateEd25519, MAX_IDENTITIES } from '@nbs-ssh/auth';
import { authorizedKeys, type SSHServer } from '@nbs-ssh/server';
import { type ScratchDir, scratchDir, watchForLeaks } from '@nbs-ssh/testing';
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { formatPublicKeyLine, publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { concat, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { type AgentError, type AuthFailed, createAgentAuth, getAgentAvailable, SSHConnection } from 'nbs-ssh';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../lab.ts';
import { options, ourServer } from '../own-server.ts';

const key = generateEd25519(nobleProvider);
const another = generateEd25519(nobleProvider);
const { blob } = publicKeyOf(key);
const FAILURE = Uint8Array.of(AGENT.FAILURE);
const SUCCESS = Uint8Array.of(AGENT.SUCCESS);

/** What a wicked agent does with one request; `undefined` keeps silent. */
type Script = (request: Uint8Array, socket: Socket) => Uint8Array | undefined;

function listOf(...blobs: readonly Uint8Array[]): Uint8Array {
  const writer = new WireWriter().u8(AGENT.IDENTITIES_ANSWER).u32(blobs.length);
  for (const one of blobs) writer.string(one).text('a comment');
  return writer.finish();
}

function signature(by: PrivateKeyMaterial, request: Uint8Array, name = 'ssh-ed25519'): Uint8Array {
  const reader = new WireReader(request.subarray(1));
  reader.string('blob');
  const made = signData(nobleProvider, 'ssh-ed25519', by, reader.string('data'));
  const body = new WireReader(made);
  body.text('name');
  const blobOut = new WireWriter().text(name).string(body.string('body')).finish();
  return new WireWriter().u8(AGENT.SIGN_RESPONSE).string(blobOut).finish();
}

/** Lists one key, takes every extension, and signs as `sign` says. */
const honest =
  (sign: Script, list: Uint8Array = listOf(blob)): Script =>
  (request, socket) => {
    if (request[0] === AGENT.REQUEST_IDENTITIES) return list;
    return request[0] === AGENT.SIGN_REQUEST ? sign(request, socket) : SUCCESS;
  };

describe('T109 a hostile agent costs one credential, and the next one logs in', () => {
  let dir: ScratchDir;
  let path: string;
  let agent: Server | undefined;
  let server: SSHServer;
  let leaks: ReturnType<typeof watchForLeaks>;

  beforeEach(async () => {
    leaks = watchForLeaks();
    dir = scratchDir('wicked');
    path = join(dir.path, 'socket');
    server = await ourServer({
      auth: {
        publicKey: authorizedKeys([formatPublicKeyLine(publicKeyOf(key))]),
        password: ({ matches }) => matches('only for this server'),
      },
    });
  });
  afterEach(async () => {
    await server.close();
    await new Promise((resolve) => (agent === undefined ? resolve(undefined) : agent.close(resolve)));
    agent = undefined;
    dir.remove();
    await leaks.assertClean();
  });

  const serve = async (script: Script): Promise<void> => {
    agent = createServer((socket) => {
      const frames = new AgentFrames();
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        frames.push(new Uint8Array(bytes));
        for (let request = frames.next(); request !== undefined; request = frames.next()) {
          const answer = script(request, socket);
          if (answer !== undefined) socket.write(framed(answer));
        }
      });
    });
    await new Promise<void>((resolve) => agent?.listen(path, resolve));
  };

  /** Tries the agent and then a password. @returns what became of the agent's part. */
  const outcome = async (socketPath = path): Promise<AgentError | undefined> => {
    const auth = createAgentAuth({ socketPath, timeoutSec: 0.4, signTimeoutSec: 0.4 });
    const { auth: password, ...more } = options(server.address.port);
    const error = (await rejection(SSHConnection.connect({ ...more, auth }))) as AuthFailed;
    await using connection = await SSHConnection.connect({ ...more, auth: [auth, password as never] });
    expect(connection.isConnected).toBe(true);
    const skipped = error.attempts.filter(
      ({ result, credential }) => result === 'skipped' && credential === 0,
    );
    expect(skipped).toHaveLength(1);
    return skipped[0]?.error as AgentError;
  };

  const raw =
    (bytes: Uint8Array, end = false): Script =>
    (_, socket) => {
      socket.write(bytes);
      if (end) socket.end();
      return undefined;
    };

  const listing =
    (script: Script): Script =>
    (request, socket) =>
      request[0] === AGENT.REQUEST_IDENTITIES ? script(request, socket) : SUCCESS;

  const cases: readonly (readonly [string, Script, string, string])[] = [
    [
      'half a message and then the end',
      raw(Uint8Array.of(0, 0, 0, 9, 12, 0), true),
      'closed',
      'AGENT_CLOSED',
    ],
    ['half a length and then the end', raw(Uint8Array.of(0, 0), true), 'closed', 'AGENT_CLOSED'],
    ['half a message and then nothing', raw(Uint8Array.of(0, 0, 0, 9, 12, 0)), 'timeout', 'AGENT_TIMEOUT'],
    ['a length of 0xFFFFFFFF', raw(Uint8Array.of(255, 255, 255, 255, 12)), 'protocol', 'AGENT_FRAME'],
    ['a length of 0', raw(Uint8Array.of(0, 0, 0, 0)), 'protocol', 'AGENT_FRAME'],
    ['SUCCESS in place of a list', listing(() => SUCCESS), 'protocol', 'AGENT_ANSWER'],
    ['FAILURE in place of a list', listing(() => FAILURE), 'refused', 'AGENT_REFUSED'],
    [
      '10,000 keys',
      listing(() => listOf(...Array.from({ length: 10_000 }, () => new Uint8Array(8)))),
      'protocol',
      'AGENT_TOO_MANY_KEYS',
    ],
    [
      'a count without keys',
      listing(() => new WireWriter().u8(AGENT.IDENTITIES_ANSWER).u32(MAX_IDENTITIES).finish()),
      'protocol',
      'AGENT_ANSWER',
    ],
    [
      'bytes behind the list',
      listing(() => concat(listOf(blob), Uint8Array.of(0))),
      'protocol',
      'AGENT_ANSWER',
    ],
    [
      'two answers to one question',
      raw(concat(framed(SUCCESS), framed(listOf(blob)), framed(SUCCESS))),
      'protocol',
      '',
    ],
    ['no answer at all', () => undefined, 'timeout', 'AGENT_TIMEOUT'],
    ['an end at once', (_, socket) => void socket.end(), 'closed', 'AGENT_CLOSED'],
    ['a key that is none', listing(() => listOf(new Uint8Array(40))), 'unsupported', 'KEYS_UNSUPPORTED_TYPE'],
    ['an empty list', listing(() => listOf()), 'empty', 'AGENT_EMPTY'],
    ['a refusal to sign', honest(() => FAILURE), 'refused', 'AGENT_REFUSED'],
    ['SUCCESS in place of a signature', honest(() => SUCCESS), 'protocol', 'AGENT_ANSWER'],
    [
      'a signature by another key',
      honest((request) => signature(another, request)),
      'bad_signature',
      'AGENT_BAD_SIGNATURE',
    ],
    [
      'a signature by another algorithm',
      honest((request) => signature(key, request, 'ssh-rsa')),
      'wrong_algorithm',
      'AGENT_WRONG_ALGORITHM',
    ],
    [
      'an empty signature',
      honest(() => new WireWriter().u8(AGENT.SIGN_RESPONSE).u32(0).finish()),
      'bad_signature',
      'AGENT_BAD_SIGNATURE',
    ],
    ['no signature and no refusal', honest(() => undefined), 'timeout', 'AGENT_TIMEOUT'],
    ['an end in place of a signature', honest((_, socket) => void socket.destroy()), 'closed', ''],
  ];
  for (const [what, script, reason, code] of cases) {
    it(`${what}: ${reason}`, async () => {
      await serve(script);
      const error = await outcome();
      expect(error?.errorType).toBe('AgentError');
      expect(error?.reason).toBe(reason);
      if (code !== '') expect(error?.code).toBe(code);
    });
  }

  it('a socket that is missing, a file that is none, and one that nobody listens on: unreachable', async () => {
    for (const at of [path, join(dir.path, 'no', 'such'), '/dev/null']) {
      expect((await outcome(at))?.reason, at).toBe('unreachable');
      expect(await getAgentAvailable({ socketPath: at })).toBe(false);
    }
  });

  it('an agent that hangs is not available, and asking it can be aborted', async () => {
    await serve(() => undefined);
    expect(await getAgentAvailable({ socketPath: path, timeoutSec: 0.2 })).toBe(false);
    const abort = new AbortController();
    const asked = rejection(getAgentAvailable({ socketPath: path, timeoutSec: 30, signal: abort.signal }));
    abort.abort(new Error('enough'));
    expect(await asked).toMatchObject({ message: 'enough' });
  });

  it('aborting the connection ends a wait for the agent, and closes its socket', async () => {
    const abort = new AbortController();
    let closed: Promise<unknown> = Promise.resolve();
    await serve((request, socket) => {
      closed = new Promise((resolve) => socket.once('close', resolve));
      if (request[0] === AGENT.REQUEST_IDENTITIES) abort.abort(new Error('enough'));
      return request[0] === AGENT.REQUEST_IDENTITIES ? undefined : SUCCESS;
    });
    const auth = createAgentAuth({ socketPath: path, timeoutSec: 30 });
    const more = { ...options(server.address.port), auth, signal: abort.signal };
    expect(await rejection(SSHConnection.connect(more))).toMatchObject({ message: 'enough' });
    await closed;
  });

  it('two keys of which the user refuses one: the other one logs in, and both are in the attempts', async () => {
    const blobs = listOf(publicKeyOf(another).blob, blob);
    await serve(honest((request) => signature(key, request), blobs));
    await using connection = await SSHConnection.connect({
      ...options(server.address.port),
      auth: createAgentAuth({ socketPath: path }),
    });
    expect(connection.isConnected).toBe(true);
  });

  it('an agent that dies is not tried again: its other keys cost the server no question', async () => {
    const keys = [key, another, ...Array.from({ length: 20 }, () => generateEd25519(nobleProvider))];
    const list = listOf(...keys.map((one) => publicKeyOf(one).blob));
    await serve(honest((_, socket) => void socket.destroy(), list));
    const { auth: password, ...more } = options(server.address.port);
    const auth = [createAgentAuth({ socketPath: path }), password as never];
    await using connection = await SSHConnection.connect({ ...more, auth });
    const events = connection.getEvidenceBundle().events.filter(({ eventType }) => eventType === 'AUTH');
    const probes = events.filter(({ data }) => (data as { stage?: string }).stage === 'probe');
    expect(probes).toHaveLength(1);
  });

  it('an agent behind an adapter, as for a Windows pipe, is used and its pipe is closed', async () => {
    await serve(honest((request) => signature(key, request)));
    const { socketEndpoint } = await import('../../src/agent/endpoint.ts');
    let opened = 0;
    const pipe = {
      connect: (signal: AbortSignal) => {
        opened += 1;
        return socketEndpoint(path).connect(signal);
      },
    };
    const more = { ...options(server.address.port), auth: createAgentAuth({ agent: pipe }) };
    await using connection = await SSHConnection.connect(more);
    expect(connection.isConnected).toBe(true);
    expect(opened).toBe(1);
  });
});
