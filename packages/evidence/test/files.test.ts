import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, assert, beforeEach, describe, it } from 'vitest';
import { EvidenceRecorder, type SSHEvent } from '../src/index.ts';
import { EvidenceBundle, JsonlFile, readBundle, writeBundle } from '../src/node/index.ts';
import { EPOCH, SESSION } from './sample.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'evidence-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const windows = process.platform === 'win32';

function bundle(): EvidenceBundle {
  const recorder = new EvidenceRecorder({ epochOffsetMs: EPOCH });
  for (const event of SESSION) recorder.sink(event);
  recorder.redactor.register('hunter2');
  return EvidenceBundle.from(recorder.bundle({ now: 200, transcript: { entries: ['x', 'hunter2'] } }));
}

const EVENT: SSHEvent = { eventType: 'EXEC', timestamp: 1.5, data: { command: 'ls\u202e\n' } };

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { readonly code?: unknown }) => error.code,
  );
}

describe('bundle files', () => {
  for (const format of ['json', 'jsonl'] as const) {
    it(`come back complete as ${format}`, async () => {
      const path = join(dir, 'b');
      const original = bundle();
      await original.toFile(path, { format, redact: false });
      const read = await EvidenceBundle.fromFile(path);
      assert.deepEqual(read.toJSON({ redact: false }).events, original.toJSON({ redact: false }).events);
      assert.deepEqual(read.transcript, { entries: ['x', '[redacted:secret]'] });
      assert.equal(read.algorithms.kex, 'curve25519-sha256');
      assert.instanceOf(read, EvidenceBundle);
    });
  }

  it('are redacted unless told otherwise, and take the session’s secrets along', async () => {
    const path = join(dir, 'b.json');
    await bundle().toFile(path);
    const text = await readFile(path, 'utf8');
    for (const hidden of ['hunter2', 'db.corp.example', 'alice']) assert.notInclude(text, hidden);
  });

  it.skipIf(windows)('T222 are for their owner only, also where a wider file was', async () => {
    const path = join(dir, 'b.json');
    await bundle().toFile(path);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await chmod(path, 0o644);
    await bundle().toFile(path);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dir), ['b.json']);
  });

  it.skipIf(windows)('T222 do not follow a symbolic link', async () => {
    const target = join(dir, 'target');
    const link = join(dir, 'link');
    await writeFile(target, 'precious');
    await symlink(target, link);
    assert.equal(await codeOf(bundle().toFile(link)), 'EVIDENCE_TARGET');
    assert.equal(await readFile(target, 'utf8'), 'precious');
    assert.isTrue((await lstat(link)).isSymbolicLink());
  });

  it('refuse a directory and a missing parent, and leave nothing behind', async () => {
    await mkdir(join(dir, 'd'));
    assert.equal(await codeOf(writeBundle(join(dir, 'd'), bundle())), 'EVIDENCE_TARGET');
    assert.equal(await codeOf(writeBundle(join(dir, 'no', 'b.json'), bundle())), 'EVIDENCE_FILE');
    assert.deepEqual(await readdir(dir), ['d']);
  });

  it('say what is wrong when they cannot be read', async () => {
    const path = join(dir, 'b.json');
    assert.equal(await codeOf(readBundle(path)), 'EVIDENCE_FILE');
    assert.equal(await codeOf(readBundle(dir)), 'EVIDENCE_TARGET');
    await writeFile(path, bundle().serialize().slice(0, 400));
    assert.equal(await codeOf(readBundle(path)), 'EVIDENCE_TRUNCATED');
  });

  it.skipIf(windows)('are complete or absent when the writer is killed', { timeout: 240_000 }, async () => {
    const code = await writerScript();
    for (let run = 0; run < 5; run += 1) {
      const path = join(dir, `killed-${run}.json`);
      const child = spawn(process.execPath, ['--input-type=module', '-', path], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      child.stdin.end(code);
      // The writer overwrites the file again and again; the kill comes wherever it is by then.
      await once(child.stdout, 'data');
      if (run > 0) await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await exited;
      assert.lengthOf((await readBundle(path)).errorContext['note'] as string, NOTE);
    }
  });
});

const NOTE = 3_000_000;

/** A program that writes a large bundle in a loop and prints a character before and in the middle of each. */
async function writerScript(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { readBundle, writeBundle } from './index.ts';
        import { parseBundle } from '../index.ts';
        const note = 'ab '.repeat(${NOTE} / 3);
        const bundle = parseBundle(JSON.stringify({ version: '1', events: [], error_context: { note } }));
        const path = process.argv.at(-1);
        await writeBundle(path, bundle, { redact: false });
        for (;;) {
          process.stdout.write('.');
          await writeBundle(path, bundle, { redact: false });
        }`,
      resolveDir: join(import.meta.dirname, '../src/node'),
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['@nbs-ssh/source'],
  });
  return outputFiles[0]?.text ?? '';
}

describe('event log', () => {
  it('has one whole line an event at once, and is read back as a bundle', async () => {
    const path = join(dir, 'log.jsonl');
    const log = new JsonlFile(path);
    const recorder = new EvidenceRecorder({ epochOffsetMs: EPOCH, sinks: [log.sink] });
    for (const [index, event] of SESSION.entries()) {
      recorder.sink(event);
      const text = await readFile(path, 'utf8');
      assert.equal(text.split('\n').length - 1, recorder.events.length, `after event ${index}`);
    }
    log.close();
    assert.deepEqual((await readBundle(path)).events, recorder.events);
  });

  it.skipIf(windows)('is for its owner only', async () => {
    const path = join(dir, 'log.jsonl');
    new JsonlFile(path).close();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('is appended to, and a line that a crash cut off does not swallow the next', async () => {
    const path = join(dir, 'log.jsonl');
    await writeFile(path, '{"event_type":"EXEC","timest');
    const log = new JsonlFile(path);
    log.write(EVENT);
    log.close();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.deepEqual(JSON.parse(lines[1] ?? ''), { event_type: 'EXEC', timestamp: 1.5, data: EVENT.data });
  });

  it('escapes what could reorder a terminal', async () => {
    const path = join(dir, 'log.jsonl');
    const log = new JsonlFile(path);
    log.write(EVENT);
    log.close();
    assert.include(await readFile(path, 'utf8'), 'ls\\u202e\\n');
  });

  it('throws on opening only', () => {
    assert.throws(() => new JsonlFile(join(dir, 'no', 'log')), /EVIDENCE_FILE.*ENOENT/);
    assert.throws(() => new JsonlFile(dir), /EVIDENCE_FILE/);
  });

  it.skipIf(windows)('does not follow a symbolic link', async () => {
    await writeFile(join(dir, 'target'), '');
    await symlink(join(dir, 'target'), join(dir, 'link'));
    assert.throws(() => new JsonlFile(join(dir, 'link')), /EVIDENCE_TARGET/);
  });

  it('counts events that came after the close, and closes twice', () => {
    const log = new JsonlFile(join(dir, 'log'));
    log.close();
    log.close();
    log.write(EVENT);
    assert.equal(log.lost, 1);
  });

  it('tells a write error once and never throws it', () => {
    const errors: Error[] = [];
    const log = new JsonlFile(join(dir, 'log'), { onError: (error) => errors.push(error) });
    const bad = { eventType: 'EXEC', timestamp: 1, data: { command: 1n } } as unknown as SSHEvent;
    log.write(bad);
    log.write(EVENT);
    log.close();
    assert.equal(errors.length, 1);
    assert.match(String(log.error), /EVIDENCE_FILE/);
    assert.equal(log.lost, 2);
  });
});
