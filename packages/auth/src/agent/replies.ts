import { fromUtf8Lossy, isWireError, WireReader } from '@nbs-ssh/transport/wire';
import { agentProtocolError } from './errors.ts';
import { AGENT, QUERY } from './numbers.ts';
import type { AgentIdentity, AgentReply, AgentRequest } from './types.ts';

/** Most keys read from one agent: OpenSSH's client stops there too. Nobody tries so many. */
export const MAX_IDENTITIES = 2048;
/** Most extension names read. Agents know a handful. */
const MAX_EXTENSIONS = 256;
/** Fewest bytes of one key in a list: two empty strings. A count may not promise more than can be there. */
const MIN_IDENTITY = 8;

/**
 * Reads what an agent answered. What the answer may be depends on the question alone.
 *
 * @param message - Without its length. Copied where the reply keeps bytes.
 * @throws {AgentProtocolError} `AGENT_REFUSED`, `AGENT_ANSWER`, `AGENT_TOO_MANY_KEYS`
 */
export function readAgentReply(request: AgentRequest['type'], message: Uint8Array): AgentReply {
  const received = message[0] ?? 0;
  const bare = message.length === 1;
  const failed = received === AGENT.FAILURE || received === AGENT.EXTENSION_FAILURE;
  // Some agents put something behind it; that they refuse is clear all the same.
  if (failed) throw agentProtocolError('AGENT_REFUSED', { request });
  const wrong = (cause?: unknown): Error =>
    agentProtocolError('AGENT_ANSWER', { request, received }, cause === undefined ? {} : { cause });
  try {
    const reader = new WireReader(message.subarray(1));
    switch (request) {
      case 'list':
        if (received !== AGENT.IDENTITIES_ANSWER) throw wrong();
        return { type: 'identities', identities: readIdentities(reader, wrong) };
      case 'sign': {
        if (received !== AGENT.SIGN_RESPONSE) throw wrong();
        const signature = reader.string('signature').slice();
        reader.end('SSH_AGENT_SIGN_RESPONSE');
        return { type: 'signature', signature };
      }
      case 'query':
        return { type: 'extensions', names: readExtensions(received, reader, wrong) };
      default:
        if (received !== AGENT.SUCCESS || !bare) throw wrong();
        return { type: 'done' };
    }
  } catch (error) {
    throw isWireError(error) ? wrong(error) : error;
  }
}

function readIdentities(reader: WireReader, wrong: () => Error): readonly AgentIdentity[] {
  const count = reader.u32('number of keys');
  if (count > MAX_IDENTITIES) {
    throw agentProtocolError('AGENT_TOO_MANY_KEYS', { received: count, limit: MAX_IDENTITIES });
  }
  if (count > reader.remaining / MIN_IDENTITY) throw wrong();
  const identities = Array.from({ length: count }, () => ({
    blob: reader.string('key').slice(),
    comment: fromUtf8Lossy(reader.string('comment')),
  }));
  reader.end('SSH_AGENT_IDENTITIES_ANSWER');
  return identities;
}

/** The draft answers with 29 and the extension's name first; agents before it answered with 6 and the names alone. */
function readExtensions(received: number, reader: WireReader, wrong: () => Error): readonly string[] {
  if (received !== AGENT.EXTENSION_RESPONSE && received !== AGENT.SUCCESS) throw wrong();
  if (received === AGENT.EXTENSION_RESPONSE && reader.text('extension') !== QUERY) throw wrong();
  const names: string[] = [];
  while (reader.remaining > 0) {
    if (names.length === MAX_EXTENSIONS) throw wrong();
    names.push(fromUtf8Lossy(reader.string('name')));
  }
  return names;
}
