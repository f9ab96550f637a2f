import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientTarget, makeKey, type PeerClient, scratchDir, systemOpenssh } from '@nbs-ssh/testing';
import { EventCollector } from 'nbs-ssh';
import { authorizedKeys, processExec, SSHServer } from 'nbs-ssh/server';
import { explain } from './explained.ts';
import { type Load, sha256 } from './load.ts';
import { titleOf } from './report.ts';

/** What is asked of each client of others against our server. The order is that of the table. */
export const STEPS = ['key', 'password', 'exit status', 'data', 'we rekey', 'it rekeys'] as const;
export type Step = (typeof STEPS)[number];

export interface ClientReport {
  readonly name: string;
  readonly version: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** `ok`, `not configurable`, or what went wrong. */
  readonly steps: Readonly<Record<Step, string>>;
}

const USERNAME = 'somebody';
const PASSWORD = 'correct horse battery staple';
const EXIT_CODE = 7;
/** Characters of an error in the table. The last ones: a Python traceback ends with what matters. */
const MAX_WORDS = 200;

type AvailableClient = Extract<PeerClient, { readonly available: true }>;

/** Runs each step, also after one has failed. */
export async function tryClient(client: AvailableClient, load: Load): Promise<ClientReport> {
  using scratch = scratchDir('client');
  const key = await makeClientKey(scratch.path);
  const quiet = { ...key, dir: scratch.path, rekeyBytes: Number.POSITIVE_INFINITY };
  const limit = Math.floor(load.bytes.length * 0.4);
  const greet = { command: `printf here; exit ${EXIT_CODE}` };
  const on = async (setup: Setup, login: 'key' | 'password', work: Work): Promise<string> => {
    try {
      await withServer(client, setup, login, work);
      return 'ok';
    } catch (error) {
      const said = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim();
      return explain(titleOf(client), said.slice(-MAX_WORDS));
    }
  };
  const steps: Record<Step, string> = {
    key: await on(quiet, 'key', (run) => run.says('here', greet)),
    password: await on(quiet, 'password', (run) => run.says('here', greet)),
    'exit status': await on(quiet, 'key', (run) => run.exits(EXIT_CODE, greet)),
    data: await on(quiet, 'key', (run) => run.moves(load)),
    'we rekey': await on({ ...quiet, rekeyBytes: limit }, 'key', async (run) => {
      await run.moves(load);
      run.expectRekeyed('bytes');
    }),
    'it rekeys': client.canRekey
      ? await on(quiet, 'key', async (run) => {
          await run.moves(load, limit);
          run.expectRekeyed('peer');
        })
      : 'not configurable',
  };
  const { name, version } = client;
  return { name, version, date: new Date().toISOString().slice(0, 10), steps };
}

type Work = (run: Runs) => Promise<void>;

interface Setup {
  readonly dir: string;
  readonly key: string;
  readonly publicLine: string;
  /** Ours, in bytes. */
  readonly rekeyBytes: number;
}

async function withServer(
  client: AvailableClient,
  setup: Setup,
  login: 'key' | 'password',
  work: Work,
): Promise<void> {
  const eventCollector = new EventCollector();
  const errors: string[] = [];
  await using server = await SSHServer.listen({
    auth:
      login === 'key'
        ? { publicKey: authorizedKeys([setup.publicLine]) }
        : { password: ({ username, matches }) => username === USERNAME && matches(PASSWORD) },
    ...processExec(),
    eventCollector,
    onError: ({ message }) => errors.push(message),
    ...(Number.isFinite(setup.rekeyBytes) ? { rekey: { bytes: setup.rekeyBytes } } : {}),
  });
  const { port } = server.address;
  const knownHosts = join(setup.dir, 'known_hosts');
  const [fingerprint = ''] = server.fingerprints;
  writeFileSync(knownHosts, `${server.hostKeyLines.join('\n')}\n`);
  const target = {
    port,
    username: USERNAME,
    login: login === 'key' ? { key: setup.key } : { password: PASSWORD },
    knownHosts,
    fingerprint,
    dir: setup.dir,
  };
  try {
    await work(new Runs(client, target, eventCollector));
  } catch (error) {
    // What our server has to say tells more than what the client printed.
    throw errors.length === 0 ? error : new Error(errors.join('; '));
  }
}

/** Commands of one client on one server. */
class Runs {
  readonly #client: AvailableClient;
  readonly #target: ClientTarget;
  readonly #events: EventCollector;

  constructor(client: AvailableClient, target: ClientTarget, events: EventCollector) {
    this.#client = client;
    this.#target = target;
    this.#events = events;
  }

  async says(wanted: string, run: { readonly command: string }): Promise<void> {
    const { stdout, stderr } = await this.#client.run(this.#target, run);
    const said = new TextDecoder().decode(stdout);
    if (said !== wanted) throw new Error(`it gave ${JSON.stringify(said)}: ${stderr}`);
  }

  async exits(wanted: number, run: { readonly command: string }): Promise<void> {
    const { exitCode, stderr } = await this.#client.run(this.#target, run);
    if (exitCode !== wanted) throw new Error(`exit ${exitCode} in place of ${wanted}: ${stderr}`);
  }

  async moves(load: Load, rekeyBytes?: number): Promise<void> {
    const rekey = rekeyBytes === undefined ? {} : { rekeyBytes };
    const down = await this.#client.run(this.#target, { command: `cat ${load.path}`, ...rekey });
    if (sha256(down.stdout) !== load.sha256) {
      throw new Error(`${down.stdout.length} of ${load.bytes.length} bytes came: ${down.stderr}`);
    }
    const up = await this.#client.run(this.#target, { command: 'sha256sum', stdin: load.bytes, ...rekey });
    if (!new TextDecoder().decode(up.stdout).startsWith(load.sha256)) {
      throw new Error(`something else than the ${load.bytes.length} bytes arrived: ${up.stderr}`);
    }
  }

  expectRekeyed(by: 'bytes' | 'peer'): void {
    const causes = this.#events.events.flatMap((event) =>
      event.eventType === 'KEX' && event.data.status === 'negotiated' ? [event.data.cause] : [],
    );
    if (!causes.includes(by))
      throw new Error(by === 'peer' ? 'it never began a key exchange' : 'we never did');
  }
}

async function makeClientKey(dir: string): Promise<{ key: string; publicLine: string }> {
  const openssh = systemOpenssh();
  if (!openssh.available) throw new Error(openssh.reason);
  const { path, publicLine } = await makeKey(openssh.binaries, dir, 'id', 'ed25519');
  return { key: path, publicLine };
}
