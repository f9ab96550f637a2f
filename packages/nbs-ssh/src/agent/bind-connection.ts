import { AgentFrames, encodeAgentRequest, framed, type SessionBinding } from '@nbs-ssh/auth';
import { destroy, type End } from '@nbs-ssh/session';
import { agentError } from '../errors/agent.ts';

/**
 * Tells an agent which session a connection is for, before anybody else uses it. One that does not know the extension
 * refuses and goes on as before.
 *
 * @throws {AgentError} when it does not answer as an agent does; `signal.reason` when aborted.
 */
export async function bindConnection(
  agent: End,
  binding: SessionBinding,
  signal: AbortSignal,
): Promise<void> {
  const onAbort = (): void => void destroy(agent);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await agent.writer.write(framed(encodeAgentRequest({ type: 'bind', binding })));
    const frames = new AgentFrames();
    for (let answer = frames.next(); answer === undefined; answer = frames.next()) {
      const { done, value } = await agent.reader.read();
      signal.throwIfAborted();
      if (done || value === undefined) throw agentError('closed', 'the agent closed the connection');
      frames.push(value);
    }
    if (frames.midMessage) throw agentError('protocol', 'the agent said more than it was asked');
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
