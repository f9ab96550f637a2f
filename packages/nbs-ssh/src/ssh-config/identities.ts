import { readFile, stat } from 'node:fs/promises';
import { createAgentAuth } from '../agent/agent-auth.ts';
import { agentPath } from '../agent/endpoint.ts';
import { type AuthConfig, createKeyAuth, type PrivateKeyAuth } from '../auth/auth-config.ts';
import { discoverKeys } from '../platform/keys.ts';
import type { HostSettings } from './settings.ts';

/** Bytes of a `.pub` file that are looked at: the longest keys have a tenth of it. */
const MAX_PUBLIC_KEY = 65_536;

/** Certificates for whichever key they are for. Without any, the one beside a key is taken. */
export interface KeyOptions {
  readonly certificatePath?: readonly string[];
}

/**
 * Keys to log in with, in the order they are tried: those that the settings name, in the agent and in files, then the
 * others of the agent. `IdentitiesOnly` leaves the latter out.
 *
 * @param keyAuth - Makes the credential of a file.
 */
export async function identityConfigs(
  settings: HostSettings,
  keyAuth: (path: string, options: KeyOptions) => PrivateKeyAuth = createKeyAuth,
): Promise<readonly AuthConfig[]> {
  const { identityFiles, identitiesOnly } = settings;
  const paths = identityFiles ?? (await discoverKeys());
  const certificatePath = await existing(settings.certificateFiles);
  const files = paths.map((path) => keyAuth(path, certificatePath.length === 0 ? {} : { certificatePath }));
  const socket = agentSocketOf(settings);
  if (socket === undefined) return files;
  const identities = identityFiles === undefined ? [] : await publicKeysOf(identityFiles);
  const named = identities.length === 0 ? [] : [createAgentAuth({ ...socket, identities })];
  const others = identitiesOnly ? [] : [createAgentAuth(socket)];
  return identityFiles === undefined ? [...others, ...files] : [...named, ...files, ...others];
}

/** @returns `undefined` when no agent is to be asked, or there is none. */
function agentSocketOf({ identityAgent }: HostSettings): { readonly socketPath?: string } | undefined {
  if (identityAgent === 'none') return undefined;
  if (identityAgent !== undefined) return { socketPath: identityAgent };
  return agentPath() === undefined ? undefined : {};
}

/** The public keys beside the files: with them the agent is asked for the same keys. */
async function publicKeysOf(paths: readonly string[]): Promise<readonly string[]> {
  const lines = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(`${path}.pub`, 'utf8').catch(() => undefined);
      return text === undefined || text.length > MAX_PUBLIC_KEY ? undefined : text.trim();
    }),
  );
  return lines.filter((line): line is string => line !== undefined && line !== '');
}

/** A certificate that is not there is none, as with ssh. */
async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, at) => found[at] !== undefined);
}
