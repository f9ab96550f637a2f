import {
  type CodedError,
  type ErrorCatalogue,
  type ErrorFactory,
  errorFactory,
  isErrorOf,
} from '@nbs-ssh/transport/wire';

/** What can go wrong between an agent and its client, seen from either end. */
export interface AgentProtocolErrors {
  /** A length that no message has: nothing behind it can be found again. */
  AGENT_FRAME: { readonly length: number; readonly limit: number };
  /** A message whose number or content is not what the question allows. */
  AGENT_ANSWER: { readonly request: string; readonly received: number };
  AGENT_TOO_MANY_KEYS: { readonly received: number; readonly limit: number };
  /** The agent said no, and agents do not say why. */
  AGENT_REFUSED: { readonly request: string };
  AGENT_CLOSED: { readonly request: string; readonly midMessage: boolean };
  /** More bytes than the agent was asked for. */
  AGENT_UNASKED: { readonly received: number };
  /** A message of ours would be longer than agents take. */
  AGENT_REQUEST_TOO_LONG: { readonly request: string; readonly length: number; readonly limit: number };
}

const CATALOGUE: ErrorCatalogue<AgentProtocolErrors> = {
  AGENT_FRAME: {
    fault: 'peer',
    message: (c) => `a message of ${c.length} bytes, 1 to ${c.limit} are allowed`,
  },
  AGENT_ANSWER: {
    fault: 'peer',
    message: (c) => `message ${c.received} is not a well-formed answer to ${c.request}`,
  },
  AGENT_TOO_MANY_KEYS: { fault: 'peer', message: (c) => `${c.received} keys, limit ${c.limit}` },
  AGENT_REFUSED: { fault: 'peer', message: (c) => `the agent refused: ${c.request}` },
  AGENT_CLOSED: {
    fault: 'peer',
    message: (c) =>
      `the agent closed the connection${c.midMessage ? ' inside a message' : ''} (${c.request})`,
  },
  AGENT_UNASKED: { fault: 'peer', message: (c) => `message ${c.received} came without a question` },
  AGENT_REQUEST_TOO_LONG: {
    fault: 'caller',
    message: (c) => `${c.request} takes ${c.length} bytes, limit ${c.limit}`,
  },
};

export type AgentProtocolError = CodedError<AgentProtocolErrors>;
export const agentProtocolError: ErrorFactory<AgentProtocolErrors> = /* @__PURE__ */ errorFactory(CATALOGUE);
export const isAgentProtocolError = (error: unknown): error is AgentProtocolError =>
  isErrorOf(CATALOGUE, error);
