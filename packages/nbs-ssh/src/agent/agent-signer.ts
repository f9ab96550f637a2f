import { systemClock } from '@nbs-ssh/session/node';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { formatPublicKeyLine, plainKeyOf } from '@nbs-ssh/transport/keys';
import { agentError } from '../errors/agent.ts';
import type { PublicKey } from '../keys/public-key.ts';
import type { MessageSigner } from '../keys/signed-message.ts';
import { type AgentOptions, checkAgentOptions } from './agent-auth.ts';
import { AgentKeys } from './agent-keys.ts';

/**
 * A key that an agent holds, for `signMessage`. The agent is asked anew for each signature, and what it gives is verified.
 *
 * @param publicKey - The key, or a certificate of it, which the signature then shows; the agent need not hold that.
 * @throws {TypeError} when an option makes no sense. Signing throws {AgentError}, `no_match` when the agent has no such key.
 */
export function createAgentSigner(publicKey: PublicKey, options: AgentOptions = {}): MessageSigner {
  checkAgentOptions(options);
  const wanted = formatPublicKeyLine(plainKeyOf(publicKey.wire));
  return {
    publicKey,
    sign: async (algorithm, data) => {
      const around = { crypto: nobleProvider, clock: systemClock, emit: () => {} };
      const agent = new AgentKeys(options, around);
      try {
        const { keys, unusable } = await agent.list(undefined, [wanted]);
        // The plain key where the agent has it too: some agents refuse to sign by a certificate's name.
        const key = keys.find((candidate) => candidate.publicKey.certificate === undefined) ?? keys[0];
        if (key === undefined)
          throw unusable[0] ?? agentError('no_match', 'the agent does not have this key');
        return await agent.sign(key, algorithm, data);
      } finally {
        agent.close();
      }
    },
  };
}
