import { WireWriter } from '@nbs-ssh/transport/wire';
import { writePrivateKey } from '../private-key/format.ts';
import { agentProtocolError } from './errors.ts';
import { MAX_AGENT_MESSAGE } from './frames.ts';
import { AGENT, CONSTRAINT, QUERY, SESSION_BIND } from './numbers.ts';
import type { AgentRequest } from './types.ts';

/**
 * A request as it travels, without the length in front.
 *
 * @throws {AgentProtocolError} `AGENT_REQUEST_TOO_LONG`
 */
export function encodeAgentRequest(request: AgentRequest): Uint8Array {
  const message = body(request).finish();
  if (message.length > MAX_AGENT_MESSAGE) {
    throw agentProtocolError('AGENT_REQUEST_TOO_LONG', {
      request: request.type,
      length: message.length,
      limit: MAX_AGENT_MESSAGE,
    });
  }
  return message;
}

function body(request: AgentRequest): WireWriter {
  const writer = new WireWriter();
  switch (request.type) {
    case 'list':
      return writer.u8(AGENT.REQUEST_IDENTITIES);
    case 'sign':
      return writer.u8(AGENT.SIGN_REQUEST).string(request.blob).string(request.data).u32(request.flags);
    case 'add':
      return addition(request);
    case 'remove':
      return writer.u8(AGENT.REMOVE_IDENTITY).string(request.blob);
    case 'remove-all':
      return writer.u8(AGENT.REMOVE_ALL_IDENTITIES);
    case 'lock':
      return writer.u8(AGENT.LOCK).string(request.passphrase.revealBytes());
    case 'unlock':
      return writer.u8(AGENT.UNLOCK).string(request.passphrase.revealBytes());
    case 'query':
      return writer.u8(AGENT.EXTENSION).text(QUERY);
    case 'bind': {
      const { hostKey, sessionId, signature, forwarding } = request.binding;
      writer.u8(AGENT.EXTENSION).text(SESSION_BIND);
      return writer.string(hostKey).string(sessionId).string(signature).bool(forwarding);
    }
  }
}

function addition({ key, comment, constraints = {} }: AgentRequest & { readonly type: 'add' }): WireWriter {
  const { lifetimeSec, confirm = false } = constraints;
  const constrained = lifetimeSec !== undefined || confirm;
  const writer = new WireWriter(4096).u8(constrained ? AGENT.ADD_ID_CONSTRAINED : AGENT.ADD_IDENTITY);
  writePrivateKey(writer, key);
  writer.text(comment);
  if (lifetimeSec !== undefined) writer.u8(CONSTRAINT.LIFETIME).u32(lifetimeSec);
  if (confirm) writer.u8(CONSTRAINT.CONFIRM);
  return writer;
}
