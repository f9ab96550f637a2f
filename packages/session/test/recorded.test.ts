import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { ClientAuth, type ClientAuthAnswer, type ClientAuthEffect, generateEd25519 } from '@nbs-ssh/auth';
import { Multiplexer } from '@nbs-ssh/channels';
import { type AuthMachine, SessionMachine } from '@nbs-ssh/session';
import {
  formatRecordedSession,
  readRecordedSession,
  replay,
  SessionRecorder,
  seededRandom,
  startSshd,
} from '@nbs-ssh/testing';
import {
  allAlgorithms,
  DEFAULT_LIMITS,
  DEFAULT_REKEY,
  TransportMachine,
  type VerifyHostKey,
} from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { formatPublicKeyLine, publicKeyOf } from '@nbs-ssh/transport/keys';
import { concat, fromUtf8 } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';

const COMMANDS = ['echo before the rekey', 'echo after the rekey >&2; exit 3'] as const;
const CIPHERS = ['aes256-ctr', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'] as const;

/** Logs in, runs a command, makes new keys, runs another, leaves. A function of seed, user and what is received. */
class Visit {
  readonly role = 'client';
  readonly #machine: SessionMachine<ClientAuthEffect, ClientAuthAnswer, object>;
  #run = 0;
  readonly said: string[] = [];
  left = false;

  constructor(provider: CryptoProvider, cipher: string, username: string) {
    const crypto = { ...provider, random: seededRandom(`recorded ${cipher}`) };
    const transport = new TransportMachine({
      role: 'client',
      crypto,
      algorithms: {
        ...allAlgorithms(crypto),
        kex: ['curve25519-sha256'],
        hostKey: ['ssh-ed25519'],
        ciphers: [cipher],
        macs: ['hmac-sha2-256-etm@openssh.com'],
      },
      hostKeys: [],
      software: 'Recorded',
      strictKex: 'offer',
      serverSigAlgs: [],
      rekey: DEFAULT_REKEY,
      limits: DEFAULT_LIMITS,
      trace: undefined,
      tracePackets: false,
    });
    this.#machine = new SessionMachine({
      transport,
      // The window of the recordings.
      mux: new Multiplexer({ role: 'client', limits: { window: 2 * 1024 * 1024 } }),
      createAuth: (sessionId) =>
        new ClientAuth({
          username,
          sessionId,
          credentials: [{ kind: 'publickey', publicKey: publicKeyOf(KEY) }],
          crypto,
        }) as AuthMachine<ClientAuthEffect, ClientAuthAnswer, object>,
    });
    this.#machine.start(0);
  }

  readonly receive = (bytes: Uint8Array): void => this.#machine.receive(bytes.slice());

  readonly take = (): Uint8Array => {
    const parts: Uint8Array[] = [];
    for (let output = this.#machine.poll(true); output !== undefined; output = this.#machine.poll(true)) {
      switch (output.type) {
        case 'write':
          parts.push(output.bytes);
          break;
        case 'effect':
          this.#answer(output.effect);
          break;
        case 'authenticated':
        case 'rekeyed':
          this.#exec();
          break;
        case 'failed':
          throw output.error;
        case 'event':
          if (output.event.type === 'data') {
            this.said.push(`${output.event.stream}: ${fromUtf8(output.event.bytes)}`);
            this.#machine.mux.consumed(output.event.channel, output.event.bytes.length);
          }
          if (output.event.type === 'request' && output.event.request.type === 'exit-status') {
            this.said.push(`exit ${output.event.request.status}`);
          }
          if (output.event.type === 'closed') this.#next();
          break;
        default:
          break;
      }
    }
    return concat(...parts);
  };

  #answer(effect: ClientAuthEffect | VerifyHostKey): void {
    if (effect.type === 'verify-host-key') this.#machine.resolveHostKey(undefined);
    else if (effect.type === 'load-key') {
      this.#machine.resolveAuth({
        type: 'load-key',
        id: effect.id,
        publicKey: publicKeyOf(KEY),
        privateKey: KEY,
      });
    } else throw new Error(effect.type);
  }

  #exec(): void {
    const { mux } = this.#machine;
    const channel = mux.openChannel({ type: 'session' });
    mux.request(channel, { type: 'exec', command: COMMANDS[this.#run] as string }, true);
    this.#run += 1;
  }

  #next(): void {
    if (this.#run < COMMANDS.length) this.#machine.rekey();
    else {
      this.#machine.disconnect(11, 'done');
      this.left = true;
    }
  }
}

/** A key for these recordings only. It opens nothing. */
const KEY = generateEd25519({ ...nodeProvider, random: seededRandom('recorded key') });

const pathOf = (cipher: string): string =>
  new URL(`../../../test-vectors/sessions/openssh-${cipher.split('@')[0]}.json`, import.meta.url).pathname;

async function record(cipher: string): Promise<void> {
  await using sshd = await startSshd({ authorizedKeys: [formatPublicKeyLine(publicKeyOf(KEY))] });
  const visit = new Visit(nodeProvider, cipher, sshd.username);
  const recorder = new SessionRecorder();
  const socket = connect({ host: sshd.host, port: sshd.port });
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      const bytes = visit.take();
      recorder.add('client', bytes);
      if (bytes.length > 0) socket.write(bytes);
      if (visit.left) socket.end(resolve);
    };
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (visit.left) return;
      // A copy: slices of a Buffer share its memory, and what is received is decrypted where it lies.
      const bytes = Uint8Array.from(chunk);
      recorder.add('server', bytes);
      visit.receive(bytes);
      try {
        send();
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    send();
  });
  const source = `Recorded against ${sshd.identification}, user ${sshd.username}, by packages/session/test/recorded.test.ts; again with UPDATE_SESSIONS=1`;
  writeFileSync(pathOf(cipher), formatRecordedSession(recorder.finish(source)));
}

describe('a session recorded against OpenSSH', () => {
  for (const cipher of CIPHERS) {
    for (const provider of [nodeProvider, nobleProvider]) {
      it(`replays byte for byte without the server: ${cipher}, ${provider.name}`, async () => {
        const path = pathOf(cipher);
        if (process.env.UPDATE_SESSIONS === '1' && provider === nodeProvider) await record(cipher);
        assert.ok(existsSync(path));
        const session = readRecordedSession(path);
        const username = / user (\S+),/.exec(session.source)?.[1] ?? '';
        const visit = new Visit(provider, cipher, username);
        replay(session, visit);
        assert.deepEqual(visit.said, [
          'stdout: before the rekey\n',
          'exit 0',
          'stderr: after the rekey\n',
          'exit 3',
        ]);
      });
    }
    it(`fails when one byte of the server is another: ${cipher}`, () => {
      const session = readRecordedSession(pathOf(cipher));
      const username = / user (\S+),/.exec(session.source)?.[1] ?? '';
      const last = session.steps.findLastIndex((step) => step.from === 'server');
      const steps = session.steps.map((step, index) => ({
        ...step,
        bytes: step.bytes.map((byte, at) =>
          index === last && at === step.bytes.length - 1 ? byte ^ 1 : byte,
        ),
      }));
      assert.throws(() => replay({ ...session, steps }, new Visit(nodeProvider, cipher, username)), {
        code: 'TRANSPORT_BAD_TAG',
      });
    });
  }
});
