import { AgentFrames, encodeAgentRequest, framed, type SessionBinding } from '@nbs-ssh/auth';
import type { ByteDuplex } from '@nbs-ssh/session';
import { agentError } from '../errors/agent.ts';

type Reader = ReturnType<ByteDuplex['readable']['getReader']>;
type Writer = ReturnType<ByteDuplex['writable']['getWriter']>;

/** Both halves of a pipe in use. */
export interface End {
  readonly reader: Reader;
  readonly writer: Writer;
}

export const endOf = ({ readable, writable }: ByteDuplex): End => ({
  reader: readable.getReader(),
  writer: writable.getWriter(),
});

/** Gives a pipe up at once, whatever is on its way. */
export async function destroy({ reader, writer }: End): Promise<void> {
  await Promise.allSettled([reader.cancel(), writer.abort()]);
}

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

/**
 * Copies between two pipes, both ways, until both have ended or one breaks. A write waits until the other end has room,
 * so a slow reader stops its sender.
 *
 * @param signal - Gives both up. Never rejects.
 */
export async function join(one: End, other: End, signal: AbortSignal): Promise<void> {
  const giveUp = (): void => {
    void destroy(one);
    void destroy(other);
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.all([copy(one.reader, other.writer), copy(other.reader, one.writer)]);
  } catch {
    // One end is gone; so is then the other.
  } finally {
    signal.removeEventListener('abort', giveUp);
    await Promise.all([destroy(one), destroy(other)]);
  }
}

async function copy(from: Reader, to: Writer): Promise<void> {
  for (;;) {
    const { done, value } = await from.read();
    if (done || value === undefined) break;
    await to.write(value);
  }
  await to.close();
}
