import type { ConfigEnvironment } from '../../src/ssh-config/environment.ts';
import { ConfigError } from '../../src/ssh-config/errors.ts';
import { type ConfigRequest, type Evaluation, evaluateConfig } from '../../src/ssh-config/evaluate.ts';
import { matchesGlob } from '../../src/ssh-config/glob.ts';
import { overrideLine } from '../../src/ssh-config/parse.ts';
import { resolveSettings } from '../../src/ssh-config/resolve.ts';
import type { HostSettings } from '../../src/ssh-config/settings.ts';

/** A world that is only in memory. */
export function memoryEnvironment(
  files: Readonly<Record<string, string>>,
  more: Partial<ConfigEnvironment> = {},
): ConfigEnvironment {
  return {
    home: '/home/me',
    localUser: 'me',
    uid: 1000,
    hostName: 'here.example.net',
    env: { HOME: '/home/me', SOCK: '/run/agent' },
    homeOf: (user) => (user === 'other' ? '/home/other' : undefined),
    userFolder: '/home/me/.ssh',
    systemFolder: '/etc/ssh',
    isAbsolute: (path) => path.startsWith('/'),
    readFile: async (path) => files[path],
    glob: async (pattern) =>
      Object.keys(files)
        .filter((path) => pathMatches(path, pattern))
        .sort(),
    ...more,
  };
}

function pathMatches(path: string, pattern: string): boolean {
  const [names, parts] = [path.split('/'), pattern.split('/')];
  return names.length === parts.length && names.every((name, at) => matchesGlob(name, parts[at] ?? ''));
}

/** Evaluates `text` as the user's file. */
export function evaluate(
  text: string,
  host = 'host',
  environment: ConfigEnvironment = memoryEnvironment({}),
  request: Partial<ConfigRequest> = {},
): Promise<Evaluation> {
  const inner = { ...environment, readFile: fileOr(text, environment) };
  const sources = [{ path: '/config', own: true, checkOwner: true, required: true }];
  return evaluateConfig({ host, command: undefined, overrides: [], sources, ...request }, inner);
}

function fileOr(text: string, environment: ConfigEnvironment): ConfigEnvironment['readFile'] {
  return async (path, options) => (path === '/config' ? text : environment.readFile(path, options));
}

/** The settings that `text` comes to for a host. */
export async function settingsFor(
  text: string,
  host = 'host',
  environment: ConfigEnvironment = memoryEnvironment({}),
  said: Readonly<Record<string, string>> = {},
): Promise<HostSettings> {
  const overrides = Object.entries(said).map(([name, value]) => overrideLine(name, value, 'test'));
  const evaluation = await evaluate(text, host, environment, { overrides });
  return resolveSettings(host, evaluation, environment, {
    userKnownHosts: ['/user'],
    globalKnownHosts: ['/global'],
  });
}

/** What `work` is refused with. Anything that is no {@link ConfigError} is a failure of its own. */
export async function refusal(work: Promise<unknown>): Promise<ConfigError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
