import { stat } from 'node:fs/promises';
import { createAgentAuth } from '../agent/agent-auth.ts';
import { agentPath } from '../agent/endpoint.ts';
import { type AuthConfig, createKeyAuth, type PrivateKeyAuth } from '../auth/auth-config.ts';
import { readIdentity } from '../keys/identity-file.ts';
import { discoverKeys } from '../platform/keys.ts';
import type { HostSettings } from './settings.ts';

/** Certificates for whichever key they are for. Without any, the one beside a key is taken. */
export interface KeyOptions {
  readonly certificatePath?: readonly string[];
}

/**
 * Keys to log in with, in the order they are tried: those that the settings name, in the agent and in files, then the
 * others of the agent. `IdentitiesOnly` leaves the latter out. A file that is a public key names one of the agent, as
 * with ssh; without an agent it is tried as it is, so that its error says what it is.
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
  const fileAuth = (path: string): PrivateKeyAuth =>
    keyAuth(path, certificatePath.length === 0 ? {} : { certificatePath });
  const socket = agentSocketOf(settings);
  if (socket === undefined) return paths.map(fileAuth);
  const others = identitiesOnly ? [] : [createAgentAuth(socket)];
  if (identityFiles === undefined) return [...others, ...paths.map(fileAuth)];
  const read = await Promise.all(paths.map(async (path) => ({ path, ...(await readIdentity(path)) })));
  const identities = read.flatMap(({ line }) => (line === undefined ? [] : [line]));
  const named = identities.length === 0 ? [] : [createAgentAuth({ ...socket, identities })];
  const files = read.filter(({ publicOnly }) => !publicOnly).map(({ path }) => fileAuth(path));
  return [...named, ...files, ...others];
}

/** @returns `undefined` when no agent is to be asked, or there is none. */
function agentSocketOf({ identityAgent }: HostSettings): { readonly socketPath?: string } | undefined {
  if (identityAgent === 'none') return undefined;
  if (identityAgent !== undefined) return { socketPath: identityAgent };
  return agentPath() === undefined ? undefined : {};
}

/** A certificate that is not there is none, as with ssh. */
async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, at) => found[at] !== undefined);
}
