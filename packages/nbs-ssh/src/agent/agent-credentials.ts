import type {
  ClientAuthAnswer,
  ClientAuthEffect,
  ClientCredential,
  PublicKeyCredential,
  SessionBinding,
} from '@nbs-ssh/auth';
import { AuthMethod } from '../auth/auth-config.ts';
import { AgentError } from '../errors/classes.ts';
import type { AgentAuth } from './agent-auth.ts';
import { AgentKeys, type AgentSurroundings } from './agent-keys.ts';
import type { AgentKey } from './identities.ts';

/** One key of an agent among the credentials, or why there is none. */
export interface PreparedAgentKey {
  readonly method: typeof AuthMethod.SSH_AGENT;
  readonly agent: AgentKeys;
  readonly key: AgentKey | AgentError;
}

export type AgentCredential = ClientCredential &
  PublicKeyCredential & { readonly prepared: PreparedAgentKey };

/** The credentials that one {@link AgentAuth} stands for. How many there are only the agent knows. */
export class AgentCredentials {
  readonly #config: AgentAuth;
  readonly #keys: AgentKeys;

  constructor(config: AgentAuth, around: AgentSurroundings) {
    this.#config = config;
    this.#keys = new AgentKeys(config, around);
  }

  /** Asks the agent. Never rejects: what is wrong becomes a credential that is skipped for that reason. */
  async list(binding: SessionBinding): Promise<readonly AgentCredential[]> {
    const { keys, unusable } = await this.#keys.list(binding, this.#config.identities);
    return [...keys, ...unusable].map((key) => {
      const prepared = { method: AuthMethod.SSH_AGENT, agent: this.#keys, key };
      const credential = { kind: 'publickey', signer: 'external', prepared } as const;
      if (key instanceof AgentError) return credential;
      return { ...credential, publicKey: key.publicKey, withdrawn: () => withdrawn(this.#keys) };
    });
  }

  close(): void {
    this.#keys.close();
  }
}

/** Once an agent is gone, its other keys are not offered: servers count tries. */
function withdrawn({
  error,
}: AgentKeys): { readonly reason: string; readonly error: AgentError } | undefined {
  return error === undefined ? undefined : { reason: skipReason(error), error };
}

/** Answers what the authentication machine asks about a key of an agent. */
export async function answerByAgent(
  effect: ClientAuthEffect,
  { agent, key }: PreparedAgentKey,
): Promise<ClientAuthAnswer> {
  const { id } = effect;
  if (key instanceof AgentError) return { type: 'skip', id, reason: skipReason(key), error: key };
  if (effect.type !== 'sign') return { type: 'skip', id, reason: 'unsupported' };
  try {
    return { type: 'sign', id, signature: await agent.sign(key, effect.algorithm, effect.data) };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { type: 'skip', id, reason: skipReason(error), error };
  }
}

const skipReason = ({ reason }: AgentError): string => `agent-${reason.replaceAll('_', '-')}`;
