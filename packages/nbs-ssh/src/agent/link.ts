import { AgentClient, type AgentReply, type AgentRequest } from '@nbs-ssh/auth';
import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import type { SshError } from '@nbs-ssh/transport/wire';
import { agentError, fromAgentProtocol, fromAgentSystem } from '../errors/agent.ts';
import type { AgentError } from '../errors/classes.ts';
import { type AgentEndpoint, dialAgent } from './endpoint.ts';

interface Waiting {
  readonly resolve: (reply: AgentReply) => void;
  readonly reject: (error: AgentError) => void;
}

/** One connection to an agent: the place where promises meet {@link AgentClient}. */
export class AgentLink {
  readonly #client = new AgentClient();
  readonly #clock: Clock;
  readonly #reader: ReturnType<ByteDuplex['readable']['getReader']>;
  readonly #writer: ReturnType<ByteDuplex['writable']['getWriter']>;
  readonly #waiting = new Map<number, Waiting>();
  #error: AgentError | undefined;

  private constructor(duplex: ByteDuplex, clock: Clock) {
    this.#clock = clock;
    this.#reader = duplex.readable.getReader();
    this.#writer = duplex.writable.getWriter();
    void this.#read();
  }

  /** @throws {AgentError} also when the signal aborts: what happens then is for whoever aborted. */
  static async open(
    endpoint: AgentEndpoint,
    clock: Clock,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<AgentLink> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(agentError('aborted', 'asking the agent was aborted'));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancel = clock.after(timeoutMs, () =>
      abort.abort(agentError('timeout', `no agent answered within ${timeoutMs / 1000} s`)),
    );
    try {
      return new AgentLink(await dialAgent(endpoint, abort.signal), clock);
    } catch (error) {
      throw fromAgentSystem(error);
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Why nothing more can be asked; `undefined` while it can. */
  get error(): AgentError | undefined {
    return this.#error;
  }

  /**
   * Asks one thing. After a timeout the connection is of no use any more, because a late answer would be taken for
   * that to the next question.
   *
   * @throws {AgentError}
   */
  ask(request: AgentRequest, timeoutMs: number): Promise<AgentReply> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    let id: number;
    try {
      id = this.#client.ask(request);
    } catch (error) {
      return Promise.reject(fromAgentProtocol(error as SshError));
    }
    const answered = new Promise<AgentReply>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const cancel = this.#clock.after(timeoutMs, () =>
      this.#end(
        agentError('timeout', `the agent did not answer within ${timeoutMs / 1000} s (${request.type})`),
      ),
    );
    this.#pump();
    return answered.finally(cancel);
  }

  close(): void {
    this.#end(agentError('closed', 'the connection to the agent was closed here'));
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#error !== undefined) return;
        this.#client.receive(done ? undefined : value);
        this.#pump();
        if (done) return;
      }
    } catch (error) {
      this.#end(fromAgentSystem(error));
    }
  }

  #pump(): void {
    for (let output = this.#client.poll(); output !== undefined; output = this.#client.poll()) {
      switch (output.type) {
        case 'write':
          this.#writer.write(output.bytes).catch((error: unknown) => this.#end(fromAgentSystem(error)));
          break;
        case 'reply':
          this.#taken(output.id)?.resolve(output.reply);
          break;
        case 'refused':
          this.#taken(output.id)?.reject(fromAgentProtocol(output.error));
          break;
        case 'failed':
          this.#end(fromAgentProtocol(output.error));
          return;
      }
    }
  }

  #taken(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #end(error: AgentError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
    // The socket may be gone already; then there is nothing to close and nobody to tell.
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }
}
