import { Secret } from '@nbs-ssh/transport/wire';
import { checkAgentAuth } from '../agent/agent-auth.ts';
import { AuthMethod } from '../auth/auth-config.ts';
import type { SSHConnectionOptions } from './options.ts';

/**
 * Checks what the type checker cannot: values from JavaScript, from files and from the command line.
 *
 * @throws {TypeError} for a value of the wrong kind; {RangeError} for one of the right kind that makes no sense. The
 *   text names the option and never repeats a secret.
 */
export function checkOptions(options: SSHConnectionOptions): void {
  object('options', options);
  const { host, port, auth, password, clientKeys, knownHosts, stream, signal } = options;
  if (typeof host !== 'string' || host === '') throw new TypeError('host must be a non-empty string');
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new RangeError(`port must be an integer from 1 to 65535, got ${String(port)}`);
  }
  if (options.username !== undefined) checkUsername(options.username);
  if (auth !== undefined) for (const config of Array.isArray(auth) ? auth : [auth]) checkAuth(config);
  if (password !== undefined) secretSource('password', password);
  if (clientKeys !== undefined) paths('clientKeys', clientKeys);
  if (knownHosts !== undefined && knownHosts !== null) {
    paths('knownHosts', typeof knownHosts === 'string' ? [knownHosts] : knownHosts);
  }
  oneOf('hostKeyPolicy', options.hostKeyPolicy, ['strict', 'accept-new', 'ask', 'insecure']);
  oneOf('strictKex', options.strictKex, ['offer', 'require', 'off']);
  callable('onUnknownHostKey', options.onUnknownHostKey);
  callable('onBanner', options.onBanner);
  boolean('hashKnownHosts', options.hashKnownHosts);
  if (typeof options.updateHostKeys !== 'function') boolean('updateHostKeys', options.updateHostKeys);
  const asks = options.onUnknownHostKey ?? options.interaction?.hostKey;
  if (options.hostKeyPolicy === 'ask' && asks === undefined) {
    throw new TypeError('hostKeyPolicy "ask" needs onUnknownHostKey');
  }
  positive('connectTimeoutSec', options.connectTimeoutSec);
  checkNetwork(options);
  checkNumbers(options);
  if (options.eventLogPath !== undefined) paths('eventLogPath', [options.eventLogPath]);
  callable('eventCollector.record', options.eventCollector?.record, options.eventCollector !== undefined);
  boolean('tracePackets', options.tracePackets);
  checkAlgorithms(options.algorithms);
  if (stream !== undefined && typeof stream !== 'function') {
    object('stream', stream);
    callable('stream.readable.getReader', stream.readable?.getReader, true);
    callable('stream.writable.getWriter', stream.writable?.getWriter, true);
  }
  checkWay(options);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal');
  }
}

/** How the target is reached: each way excludes the others, but that a command may lead to the first jump host. */
function checkWay({
  stream,
  proxyJump,
  proxyCommand,
  onProxyStderr,
  agentForward,
  interaction,
}: SSHConnectionOptions): void {
  if (stream !== undefined && (proxyJump !== undefined || proxyCommand !== undefined)) {
    throw new TypeError('stream goes with neither proxyJump nor proxyCommand');
  }
  if (proxyCommand !== undefined) {
    const words = Array.isArray(proxyCommand) && proxyCommand.every((word) => typeof word === 'string');
    if (!words || !proxyCommand[0]) throw new TypeError('proxyCommand must be a program and its arguments');
    if (proxyCommand.some((word) => word.includes('\0'))) {
      throw new RangeError('proxyCommand must not have NUL characters');
    }
  }
  callable('onProxyStderr', onProxyStderr);
  if (agentForward !== undefined && typeof agentForward !== 'boolean') {
    object('agentForward', agentForward);
    callable('agentForward.connect', agentForward.connect, true);
  }
  if (interaction === undefined) return;
  object('interaction', interaction);
  for (const name of ['hostKey', 'password', 'newPassword', 'passphrase', 'prompts'] as const) {
    callable(`interaction.${name}`, interaction[name]);
  }
}

/** RFC 4252 sets no limit; ours keeps control characters out of logs and of the server's. */
export function checkUsername(username: string): string {
  if (typeof username !== 'string') throw new TypeError('username must be a string');
  if (username === '' || username.length > 255 || /[\u0000-\u001f\u007f]/.test(username)) {
    throw new RangeError('username must be 1 to 255 characters without control characters');
  }
  return username;
}

function checkNetwork({
  hostKeyAlias,
  connectionAttempts,
  bindAddress,
  addressFamily,
  keepalive,
  env,
}: SSHConnectionOptions): void {
  for (const [name, value] of Object.entries({ hostKeyAlias, bindAddress })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new TypeError(`${name} must be a non-empty string`);
    }
  }
  // It becomes the first field of a line, where these have a meaning.
  if (hostKeyAlias !== undefined && /[\s,*?!|@#\u0000-\u001f\u007f]/.test(hostKeyAlias)) {
    throw new RangeError('hostKeyAlias must be a name without blanks, commas and wildcards');
  }
  whole('connectionAttempts', connectionAttempts);
  if (addressFamily !== undefined && ![0, 4, 6].includes(addressFamily)) {
    throw new RangeError(`addressFamily must be 0, 4 or 6, got ${String(addressFamily)}`);
  }
  if (keepalive !== undefined) {
    object('keepalive', keepalive);
    if (keepalive.intervalSec === undefined) throw new TypeError('keepalive needs intervalSec');
    positive('keepalive.intervalSec', keepalive.intervalSec);
    whole('keepalive.maxCount', keepalive.maxCount);
  }
  if (env === undefined) return;
  object('env', env);
  const wrong = Object.entries(env).find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) throw new TypeError(`env.${wrong[0]} must be a string`);
}

function checkNumbers({ rekey, limits }: SSHConnectionOptions): void {
  if (rekey !== undefined) object('rekey', rekey);
  if (limits !== undefined) object('limits', limits);
  positive('rekey.bytes', rekey?.bytes);
  positive('rekey.packets', rekey?.packets);
  positive('rekey.intervalSec', rekey?.intervalSec);
  positive('limits.execOutputBytes', limits?.execOutputBytes);
  const window = limits?.channelWindowBytes;
  positive('limits.channelWindowBytes', window);
  if (window !== undefined && !(Number.isInteger(window) && window <= MAX_WINDOW)) {
    throw new RangeError(`limits.channelWindowBytes must be an integer up to ${MAX_WINDOW}, got ${window}`);
  }
}

/** RFC 4254 §5.2: a window is a uint32. */
const MAX_WINDOW = 0xffff_ffff;

const SLOTS: readonly string[] = [
  'kex',
  'hostKey',
  'ciphers',
  'macs',
  'publicKey',
  'caSignatures',
  'insecure',
];

function checkAlgorithms(algorithms: SSHConnectionOptions['algorithms']): void {
  if (algorithms === undefined) return;
  object('algorithms', algorithms);
  for (const [name, policy] of Object.entries(algorithms)) {
    if (!SLOTS.includes(name)) throw new RangeError(`algorithms has no slot "${name}": ${SLOTS.join(', ')}`);
    if (policy === undefined) continue;
    const at = `algorithms.${name}`;
    object(at, policy);
    const lists = Array.isArray(policy) ? { [at]: policy } : policy;
    for (const [key, list] of Object.entries(lists)) {
      if (name === 'insecure' && key !== at) throw new TypeError(`${at} must be a list of names`);
      if (!Array.isArray(policy) && key !== 'allow' && key !== 'deny') {
        throw new RangeError(`${at} knows allow and deny, got "${key}"`);
      }
      const names = Array.isArray(list) && list.every((entry) => typeof entry === 'string');
      if (list !== undefined && !names) throw new TypeError(`${at} must be lists of names`);
    }
  }
}

function checkAuth(config: unknown): void {
  object('auth', config);
  const { method, password, keyPath, key, passphrase, respond } = config as Record<string, unknown>;
  const { certificatePath, certificate } = config as Record<string, unknown>;
  switch (method) {
    case AuthMethod.PASSWORD:
      secretSource('auth: password', password);
      return;
    case AuthMethod.PRIVATE_KEY:
      if (key === undefined) paths('auth: keyPath', [keyPath]);
      if (passphrase !== undefined) secretSource('auth: passphrase', passphrase);
      if (certificatePath !== undefined) paths('auth: certificatePath', [certificatePath].flat());
      if (certificate !== undefined && typeof certificate !== 'string') {
        throw new TypeError('auth: certificate must be the text of a certificate');
      }
      return;
    case AuthMethod.SSH_AGENT:
      checkAgentAuth(config as object);
      return;
    case AuthMethod.KEYBOARD_INTERACTIVE:
      callable('auth: respond', respond, true);
      return;
    default:
      throw new RangeError(`unknown method of authentication: ${String(method)}`);
  }
}

function object(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be an object`);
}

function callable(name: string, value: unknown, required = false): void {
  if (typeof value !== 'function' && (required || value !== undefined)) {
    throw new TypeError(`${name} must be a function`);
  }
}

function boolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`);
}

function secretSource(name: string, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'function' || value instanceof Secret) return;
  throw new TypeError(`${name} must be a string, a Secret or a function`);
}

function paths(name: string, value: unknown): void {
  const all = Array.isArray(value) && value.every((path) => typeof path === 'string' && path !== '');
  if (!all) throw new TypeError(`${name} must name files`);
}

function oneOf(name: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new RangeError(`${name} must be one of ${known.join(', ')}, got ${String(value)}`);
}

function whole(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return;
  throw new RangeError(`${name} must be a whole number from 1, got ${String(value)}`);
}

function positive(name: string, value: number | undefined): void {
  if (value === undefined || (typeof value === 'number' && value > 0 && Number.isFinite(value))) return;
  throw new RangeError(`${name} must be a positive number, got ${String(value)}`);
}
