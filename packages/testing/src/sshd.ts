import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { atLeast, type OpensshBinaries, systemOpenssh } from './openssh-versions.ts';
import { writePamService } from './pam-service.ts';
import { RUN_DIR_VARIABLE, scratchDir } from './scratch-dir.ts';
import { type KeyFile, type KeyOptions, type KeyType, makeKey } from './ssh-keys.ts';
import { type SshdSettings, sshdConfig } from './sshd-config.ts';
import { PortTakenError, type SshdProcess, startSshdProcess } from './sshd-process.ts';
import { createAccount, removeAccount, type TestAccount, testAccount } from './test-account.ts';

export interface SshdOptions extends SshdSettings {
  /** Which OpenSSH. Default: the machine's. */
  readonly openssh?: OpensshBinaries;
  /** Default: one ed25519 key. */
  readonly hostKeyTypes?: readonly KeyType[];
  /** Keys made for the client; all may log in. Default: one ed25519 key. */
  readonly clientKeyTypes?: readonly KeyType[];
  /** Public key lines that may log in besides those of `clientKeyTypes`. */
  readonly authorizedKeys?: readonly string[];
}

/** A real OpenSSH server on loopback, with keys and a configuration of its own. */
export interface Sshd extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Holds everything of this server; gone after {@link stop}. */
  readonly dir: string;
  readonly binaries: OpensshBinaries;
  /** First line the server sends, without its ending. */
  readonly identification: string;
  /** Who can log in: the test account when passwords or prompts are on, the current user otherwise. */
  readonly username: string;
  /** The test account's password; `undefined` when neither passwords nor prompts are on. */
  readonly password: string | undefined;
  readonly hostKeys: readonly KeyFile[];
  readonly clientKeys: readonly KeyFile[];
  readonly pid: number;
  /** Path of the first client key, or of the one of a type. @throws {RangeError} when none was made. */
  clientKey(type?: KeyType): string;
  /** Makes another key in {@link dir}. With `authorized` it may log in from now on. */
  addKey(
    name: string,
    type: KeyType,
    options?: KeyOptions & { readonly authorized?: boolean },
  ): Promise<KeyFile>;
  /** One line for known_hosts per host key, or for one type only. */
  knownHostsLine(type?: KeyType): string;
  /** Writes {@link knownHostsLine} (or `lines`) into a file of {@link dir}, whose path is returned. */
  writeKnownHosts(lines?: string): string;
  /** All that sshd has logged since it was ready. */
  log(): string;
  /** Resolves when the log matches, with the match; rejects after `timeoutMs` (default 5000). */
  waitForLog(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Signals the server, its connections and their commands. */
  kill(signal?: NodeJS.Signals): void;
  /** Signals connections and their commands; the server goes on listening. */
  killSessions(signal?: NodeJS.Signals): void;
  /** Ends everything and removes every file. May be called more than once. */
  stop(): Promise<void>;
}

/** Somebody may take a free port between asking for it and sshd's bind. */
const PORT_ATTEMPTS = 5;

export function sshdAvailable(): boolean {
  const peer = systemOpenssh();
  if (!peer.available && !told) {
    console.warn(`tests against a real server are skipped: ${peer.reason}`);
    told = true;
  }
  return peer.available;
}
let told = false;

/**
 * Starts sshd and resolves once it has answered a connection.
 *
 * @throws {Error} with sshd's own words when it does not start.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const binaries = options.openssh ?? requireSystem();
  const cleanups: (() => void | Promise<void>)[] = [];
  const cleanUp = async (): Promise<void> => {
    for (let step = cleanups.pop(); step !== undefined; step = cleanups.pop()) await step();
  };
  try {
    const scratch = scratchDir('sshd');
    const dir = scratch.path;
    cleanups.push(scratch.remove);
    // The account that logs in reads authorized_keys with its own rights.
    chmodSync(dir, 0o755);
    const interactive = options.keyboardInteractive !== undefined && options.keyboardInteractive !== false;
    const account = options.password === true || interactive ? await borrowAccount(cleanups) : undefined;
    const hostKeys = await makeKeys(binaries, dir, 'host', options.hostKeyTypes ?? ['ed25519']);
    const clientKeys = await makeKeys(binaries, dir, 'id', options.clientKeyTypes ?? ['ed25519']);
    const authorized = [...clientKeys.map((key) => key.publicLine), ...(options.authorizedKeys ?? [])];
    const writeAuthorized = (): void => {
      writeFileSync(join(dir, 'authorized_keys'), `${authorized.join('\n')}\n`, { mode: 0o644 });
    };
    writeAuthorized();
    if (options.banner !== undefined) writeFileSync(join(dir, 'banner'), options.banner);
    const stack = options.keyboardInteractive;
    const pam = typeof stack === 'object' ? writePamService(stack) : undefined;
    if (pam !== undefined) cleanups.push(pam.remove);
    const pamService = pam?.name;
    const program = programPath(binaries, dir, pamService);
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });

    const server = await startOnFreePort(binaries, program, (port) => {
      const hostKeyPaths = hostKeys.map((key) => key.path);
      const text = sshdConfig(options, { binaries, dir, port, hostKeyPaths, pamService });
      const file = join(dir, 'sshd_config');
      writeFileSync(file, text);
      return file;
    });
    cleanups.push(() => server.stop());

    const knownHostsLine = (type?: KeyType): string =>
      hostKeys
        .filter((key) => type === undefined || key.type === type)
        .map((key) => `[127.0.0.1]:${server.port} ${key.publicLine.split(' ').slice(0, 2).join(' ')}`)
        .join('\n');
    return {
      host: '127.0.0.1',
      port: server.port,
      dir,
      binaries,
      identification: server.identification,
      username: account?.username ?? userInfo().username,
      password: account?.password,
      hostKeys,
      clientKeys,
      pid: server.pid,
      clientKey: (type) => {
        const key = clientKeys.find((candidate) => type === undefined || candidate.type === type);
        if (key === undefined) throw new RangeError(`no client key of type ${type ?? 'any'} was made`);
        return key.path;
      },
      addKey: async (name, type, keyOptions = {}) => {
        const key = await makeKey(binaries, dir, name, type, keyOptions);
        if (keyOptions.authorized === true) {
          authorized.push(key.publicLine);
          writeAuthorized();
        }
        return key;
      },
      knownHostsLine,
      writeKnownHosts: (lines = knownHostsLine()) => {
        const path = join(dir, 'known_hosts');
        writeFileSync(path, `${lines}\n`);
        return path;
      },
      log: server.log,
      waitForLog: server.waitForLog,
      kill: server.kill,
      killSessions: server.killSessions,
      stop: cleanUp,
      [Symbol.asyncDispose]: cleanUp,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function requireSystem(): OpensshBinaries {
  const peer = systemOpenssh();
  if (!peer.available) throw new Error(peer.reason);
  return peer.binaries;
}

/** In a test run the account is shared and left for the teardown; elsewhere it lives as long as the server. */
async function borrowAccount(cleanups: (() => void | Promise<void>)[]): Promise<TestAccount> {
  if (process.env[RUN_DIR_VARIABLE] !== undefined) return testAccount();
  const account = await createAccount();
  cleanups.push(() => removeAccount(account.username));
  return account;
}

function makeKeys(
  binaries: OpensshBinaries,
  dir: string,
  prefix: string,
  types: readonly KeyType[],
): Promise<KeyFile[]> {
  return Promise.all(types.map((type) => makeKey(binaries, dir, `${prefix}_${type}`, type)));
}

/** Before 9.8 the name of PAM's service is the program's own name, so a link by that name is started. */
function programPath(binaries: OpensshBinaries, dir: string, pamService: string | undefined): string {
  if (pamService === undefined || atLeast(binaries.version, 9, 8)) return binaries.sshd;
  const link = join(dir, pamService);
  symlinkSync(binaries.sshd, link);
  return link;
}

async function startOnFreePort(
  binaries: OpensshBinaries,
  program: string,
  configure: (port: number) => string,
): Promise<SshdProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await startSshdProcess(program, configure(port), port, { ...process.env, ...binaries.env });
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}
