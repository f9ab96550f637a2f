import type { SessionBinding } from '@nbs-ssh/auth';
import { type ChannelEvent, OpenFailureReason } from '@nbs-ssh/channels';
import { type Channel, type ChannelTable, destroy, type End, endOf, join, pipeOver } from '@nbs-ssh/session';
import { agentError, fromAgentSystem } from '../errors/agent.ts';
import type { AgentError } from '../errors/classes.ts';
import type { AgentSurroundings } from './agent-keys.ts';
import { bindConnection } from './bind-connection.ts';
import { type AgentEndpoint, dialAgent } from './endpoint.ts';

/** The channel by which a server reaches the agent, OpenSSH PROTOCOL.agent §2. */
export const AGENT_CHANNEL = 'auth-agent@openssh.com';
/** Most connections to the agent that one server may have at a time. Programs there use one each, for an instant. */
const MAX_CHANNELS = 16;
/** Milliseconds that the agent has for taking a connection and the session binding. */
const TIMEOUT_MS = 5000;

type OpenRequest = Extract<ChannelEvent, { readonly type: 'open-request' }>;

/**
 * Hands an agent on to the server: whoever is root there can sign with its keys while the connection lasts.
 *
 * A channel is only taken while a session runs for which forwarding was asked.
 */
export class AgentForwarding {
  readonly #endpoint: (() => AgentEndpoint) | undefined;
  readonly #around: Omit<AgentSurroundings, 'crypto'>;
  #binding: SessionBinding | undefined;
  /** Sessions that are open and asked for it. */
  #sessions = 0;
  /** Of each channel that is connected to the agent or being connected. */
  readonly #channels = new Set<AbortController>();
  #closed = false;

  /** @param endpoint - `undefined`: nothing is handed on, and every channel is refused. */
  constructor(endpoint: (() => AgentEndpoint) | undefined, around: Omit<AgentSurroundings, 'crypto'>) {
    this.#endpoint = endpoint;
    this.#around = around;
  }

  /** Told to the agent at each connection: the host key, and that its signatures are for further hops. */
  bind(binding: SessionBinding): void {
    this.#binding = { ...binding, forwarding: true };
  }

  /** Asks for it on a session channel, before the command. What the server answers only goes into the trace. */
  request(channel: Channel): void {
    if (this.#endpoint === undefined) return;
    this.#sessions += 1;
    void channel.closed.then(() => {
      this.#sessions -= 1;
    });
    void channel.request({ type: 'auth-agent-req@openssh.com' }).then((granted) => {
      this.#around.emit('agent.forwarding.answered', { channel: channel.id, granted });
    });
  }

  /** The server opens a channel to the agent. */
  open({ channel }: OpenRequest, channels: ChannelTable): void {
    const { ADMINISTRATIVELY_PROHIBITED, RESOURCE_SHORTAGE } = OpenFailureReason;
    if (this.#endpoint === undefined || this.#sessions === 0) {
      this.#refuse(channels, channel, ADMINISTRATIVELY_PROHIBITED, 'agent forwarding was not requested');
    } else if (this.#channels.size >= MAX_CHANNELS) {
      this.#refuse(channels, channel, RESOURCE_SHORTAGE, 'too many connections to the agent');
    } else {
      // It rejects only where the session ended before its end was told, and then there is nothing to answer.
      this.#connect(channel, channels, this.#endpoint).catch(() => {});
    }
  }

  /** Ends every connection to the agent: the session is over. */
  close(): void {
    this.#closed = true;
    for (const channel of this.#channels) channel.abort(agentError('closed', 'the connection is over'));
  }

  async #connect(
    id: OpenRequest['channel'],
    channels: ChannelTable,
    endpoint: () => AgentEndpoint,
  ): Promise<void> {
    const ending = new AbortController();
    this.#channels.add(ending);
    let agent: End | undefined;
    try {
      agent = await this.#openAgent(endpoint, ending);
    } catch (error) {
      // Otherwise nobody is left who waits for an answer.
      if (!this.#closed) this.#failed(channels, id, fromAgentSystem(error));
    }
    try {
      if (agent === undefined || this.#closed) return;
      const remote = pipeOver((listener) => channels.accept(id, listener)).duplex;
      this.#around.emit('agent.forwarding.opened', { channel: id });
      await joinUntil(agent, endOf(remote), ending.signal);
      this.#around.emit('agent.forwarding.closed', { channel: id });
    } finally {
      this.#channels.delete(ending);
      if (agent !== undefined) await destroy(agent);
    }
  }

  #failed(channels: ChannelTable, id: OpenRequest['channel'], { reason, code }: AgentError): void {
    this.#around.emit('agent.failed', { reason, code, message: 'the agent cannot be handed on' });
    this.#refuse(channels, id, OpenFailureReason.CONNECT_FAILED, 'the agent cannot be reached');
  }

  /** A connection to the agent that knows what it is for. */
  async #openAgent(endpoint: () => AgentEndpoint, ending: AbortController): Promise<End> {
    const { signal } = ending;
    const cancel = this.#around.clock.after(TIMEOUT_MS, () =>
      ending.abort(agentError('timeout', 'the agent did not take a connection in time')),
    );
    let agent: End | undefined;
    try {
      agent = endOf(await dialAgent(endpoint(), signal));
      if (this.#binding !== undefined) await bindConnection(agent, this.#binding, signal);
      return agent;
    } catch (error) {
      if (agent !== undefined) await destroy(agent);
      throw signal.aborted ? signal.reason : error;
    } finally {
      cancel();
    }
  }

  #refuse(channels: ChannelTable, id: OpenRequest['channel'], reason: number, description: string): void {
    this.#around.emit('agent.forwarding.refused', { channel: id, reason: description });
    channels.reject(id, reason, description);
  }
}

/** Joins both until they have ended, or the signal gives them up. */
async function joinUntil(one: End, other: End, signal: AbortSignal): Promise<void> {
  const { done, giveUp } = join(one, other);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  await done;
  signal.removeEventListener('abort', giveUp);
}
