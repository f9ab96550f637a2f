import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SSHServer } from '@nbs-ssh/server';
import { freePort, type ScratchDir, type Sshd, scratchDir, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import {
  createKeyAuth,
  createNodeProvider,
  createPasswordAuth,
  EventCollector,
  EvidenceBundle,
  SSHConnection,
  type SSHConnectionOptions,
  SSHError,
} from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, optionsFor, rejection } from './lab.ts';

/** As it is, before anybody else sees it. */
const PLAIN = { redact: false } as const;

let scratch: ScratchDir;
beforeAll(() => {
  scratch = scratchDir('evidence');
});
afterAll(() => scratch.remove());

/** What RFC 4253 §7.1 chooses: the client's first that the server has too. */
function best({ algorithms: { offers } }: EvidenceBundle): string | undefined {
  return offers.client?.kex.find((name) => offers.server?.kex.includes(name));
}

describe.skipIf(!sshdAvailable())('evidence of a session with OpenSSH', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let bundle: EvidenceBundle;
  const eventCollector = new EventCollector();
  let logPath: string;
  beforeAll(async () => {
    sshd = await startSshd({ password: true, banner: 'mind the gap\n' });
    logPath = join(scratch.path, 'session.jsonl');
    connection = await connectTo(sshd, { eventCollector, eventLogPath: logPath });
    await connection.exec('echo out; exit 3');
    await connection.close();
    bundle = connection.getEvidenceBundle();
  });
  afterAll(() => sshd.stop());

  it('names the algorithms and both offers', () => {
    const { algorithms } = bundle;
    expect(algorithms).toMatchObject({
      kex: best(bundle),
      hostKey: 'ssh-ed25519',
      cipherCs: expect.stringMatching(/chacha20|aes/),
      cipherSc: expect.stringMatching(/chacha20|aes/),
      compressionCs: 'none',
      compressionSc: 'none',
      strictKex: true,
    });
    expect(connection.algorithms?.kex).toBe(algorithms.kex);
    for (const side of ['client', 'server'] as const) {
      const offer = algorithms.offers[side];
      expect(offer?.kex).toContain('curve25519-sha256');
      expect(offer?.host_key).toContain('ssh-ed25519');
      expect(offer?.cipher_cs.length).toBeGreaterThan(1);
      expect(offer?.mac_cs.length).toBeGreaterThan(1);
    }
  });

  it('has five timings of which none is longer than the whole', () => {
    const { tcpMs, versionMs, kexMs, authMs, firstChannelMs, totalMs } = bundle.timing;
    // They may overlap: our KEXINIT leaves before the server's identification is here.
    for (const part of [tcpMs, versionMs, kexMs, authMs]) {
      expect(part).toBeGreaterThan(0);
      expect(part).toBeLessThanOrEqual(totalMs as number);
    }
    expect(firstChannelMs).toBeGreaterThan(0);
  });

  it('has the events in their order, with what they are asked for', () => {
    const { events } = bundle;
    const story = events.map(({ eventType, data }) =>
      'status' in data ? `${eventType} ${data.status}` : eventType,
    );
    expect(story.filter((step) => step !== 'AUTH attempt')).toEqual([
      'CONNECT initiating',
      'CONNECT tcp',
      'HOST_KEY',
      'KEX negotiated',
      'AUTH failed',
      'AUTH success',
      'CONNECT connected',
      'EXEC',
      'DISCONNECT',
    ]);
    const times = events.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.abs((times[0] as number) - Date.now() / 1000)).toBeLessThan(60);
    expect(events.find(({ eventType }) => eventType === 'EXEC')?.data).toMatchObject({
      command: 'echo out; exit 3',
      streaming: false,
      exit_code: 3,
      stdout_len: 4,
      stderr_len: 0,
    });
    expect(events.at(-1)?.data).toMatchObject({ reason: 'closed by us', by: 'us' });
    expect(bundle.disconnectReason).toBe('closed by us');
    expect(bundle.hostInfo).toMatchObject({ host: sshd.host, port: sshd.port, banner: 'mind the gap\\n' });
  });

  it('comes back from a file as it went in, in both formats', async () => {
    for (const format of ['json', 'jsonl'] as const) {
      const path = join(scratch.path, `bundle.${format}`);
      await bundle.toFile(path, { format, redact: false });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const read = await EvidenceBundle.fromFile(path);
      expect(read.toJSON(PLAIN)).toEqual(bundle.toJSON(PLAIN));
    }
  });

  it('names neither host nor user in a redacted file, but still the algorithms', async () => {
    const path = join(scratch.path, 'redacted.json');
    await bundle.toFile(path);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(sshd.username);
    expect(text).not.toContain(sshd.host);
    expect((await EvidenceBundle.fromFile(path)).algorithms).toEqual(bundle.algorithms);
  });

  it('goes to the event log as it happens, one JSON object a line, for the owner alone', () => {
    expect(statSync(logPath).mode & 0o777).toBe(0o600);
    const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toEqual(bundle.toJSON(PLAIN).events);
    for (const record of records) expect(Object.keys(record)).toEqual(['event_type', 'timestamp', 'data']);
  });

  it('goes to the collector too', () => {
    expect(eventCollector.events).toEqual(bundle.events);
    expect(eventCollector.getByType('EXEC').length).toBe(1);
  });

  it('is there at every time: before, during and after', async () => {
    await using later = new SSHConnection(optionsFor(sshd));
    const before = later.getEvidenceBundle();
    expect(before).toMatchObject({ events: [], disconnectReason: null });
    expect(before.algorithms.kex).toBeNull();
    await later.connect();
    const during = later.getEvidenceBundle();
    expect(during.algorithms.kex).toBe(best(during));
    expect(during.disconnectReason).toBeNull();
    const running = later.exec('sleep 60');
    running.catch(() => {});
    expect(JSON.stringify(later.getEvidenceBundle().errorContext)).toContain('sleep 60');
    await later.close();
    expect(later.getEvidenceBundle().disconnectReason).toBe('closed by us');
    expect(before.events).toEqual([]);
  });

  it('holds the transcript that it is given', () => {
    const transcript = [{ sent: 'show version' }];
    expect(connection.getEvidenceBundle({ transcript }).toJSON()).toMatchObject({ transcript });
  });

  it('survives a collector and callbacks that throw', async () => {
    const bad = (): never => {
      throw new Error('not my day');
    };
    const broken = { record: bad } as unknown as EventCollector;
    await using sturdy = await connectTo(sshd, { eventCollector: broken, onBanner: bad });
    expect((await sturdy.exec('echo alive')).stdout).toBe('alive\n');
    const seen: string[] = [];
    await using shown = await connectTo(sshd, { onBanner: (text) => seen.push(text) });
    expect(shown.isConnected).toBe(true);
    expect(seen).toEqual(['mind the gap\\n']);
  });
});

describe('evidence of a failure', () => {
  it('is in the error, from the connection and in the log alike', async () => {
    const port = await freePort();
    const eventLogPath = join(scratch.path, 'failed.jsonl');
    const options: SSHConnectionOptions = {
      host: '127.0.0.1',
      port,
      username: 'lab',
      knownHosts: null,
      auth: createKeyAuth('/nowhere'),
      eventLogPath,
    };
    const connection = new SSHConnection(options);
    const error = (await rejection(connection.connect())) as SSHError;
    const types = error.evidence?.events.map(({ eventType }) => eventType);
    expect(types).toEqual(['CONNECT', 'ERROR', 'DISCONNECT']);
    expect(error.evidence?.timing.totalMs).toBeGreaterThanOrEqual(0);
    const path = join(scratch.path, 'failed.json');
    await error.evidence?.toFile(path, { redact: false });
    expect((await EvidenceBundle.fromFile(path)).toJSON(PLAIN)).toEqual(error.evidence?.toJSON(PLAIN));
    expect(readFileSync(eventLogPath, 'utf8').trimEnd().split('\n').length).toBe(3);
  });

  it('tells an event log that cannot be opened as an error of the connection, with a bundle', async () => {
    const connection = new SSHConnection({ host: '127.0.0.1', eventLogPath: '/nowhere/at/all.jsonl' });
    const error = await rejection(connection.connect());
    expect(error).toBeInstanceOf(SSHError);
    expect(error).toMatchObject({ code: 'EVIDENCE_FILE', fault: 'caller' });
    expect((error as SSHError).evidence?.disconnectReason).toContain('/nowhere/at/all.jsonl');
  });

  it('puts a command that close() cut off into the log too', async () => {
    const handlers = { auth: { password: () => true }, exec: () => new Promise<number>(() => {}) };
    await using server = await SSHServer.listen(handlers);
    const eventLogPath = join(scratch.path, 'cut.jsonl');
    const connection = await SSHConnection.connect({
      ...server.address,
      username: 'lab',
      knownHosts: null,
      auth: createPasswordAuth('x'),
      eventLogPath,
    });
    const running = rejection(connection.exec('endless'));
    await connection.close();
    await running;
    const types = readFileSync(eventLogPath, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event_type);
    expect(types).toContain('EXEC');
  });

  it('says who ended it and with which reason when a login is refused', async () => {
    await using server = await SSHServer.listen({ auth: { password: () => false } });
    const { host, port } = server.address;
    const error = (await rejection(
      SSHConnection.connect({
        host,
        port,
        username: 'lab',
        knownHosts: null,
        auth: createPasswordAuth('x'),
        crypto: createNodeProvider(),
      }),
    )) as SSHError;
    expect(error.evidence?.errorContext).toMatchObject({
      error_type: 'AuthFailed',
      phase: 'auth',
      disconnect: { by: 'us', code: 14 },
    });
    expect(error.evidence?.algorithms.kex).toBeTruthy();
  });
});
