export type { BoundSession } from './bindings.ts';
export { AgentClient, type AgentClientOutput } from './client.ts';
export {
  type AgentProtocolError,
  type AgentProtocolErrors,
  agentProtocolError,
  isAgentProtocolError,
} from './errors.ts';
export { AgentFrames, framed, MAX_AGENT_MESSAGE } from './frames.ts';
export { type HeldKey, Keyring } from './keyring.ts';
export { AGENT, SESSION_BIND, SIGN_FLAG } from './numbers.ts';
export { MAX_IDENTITIES } from './replies.ts';
export { encodeAgentRequest } from './requests.ts';
export { AgentServer, type AgentServerOutput, type ConfirmUse } from './server.ts';
export type { AgentIdentity, AgentReply, AgentRequest, KeyConstraints, SessionBinding } from './types.ts';
