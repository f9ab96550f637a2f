import { SshError } from '@nbs-ssh/transport/wire';
import { agentProtocolError } from './errors.ts';
import { AgentFrames, framed } from './frames.ts';
import { readAgentReply } from './replies.ts';
import { encodeAgentRequest } from './requests.ts';
import type { AgentReply, AgentRequest } from './types.ts';

export type AgentClientOutput =
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  | { readonly type: 'reply'; readonly id: number; readonly reply: AgentReply }
  /** The agent said no to this one. The next one may be asked. */
  | { readonly type: 'refused'; readonly id: number; readonly error: SshError }
  /** Last output: nobody can tell what later bytes would answer. Every open request has failed with `error`. */
  | { readonly type: 'failed'; readonly error: SshError };

/**
 * Client side of the agent protocol, draft-ietf-sshm-ssh-agent: requests in, replies out, one at a time.
 *
 * Agents answer in order, so a request waits until the one before it was answered. What the agent does wrong ends in
 * `failed`; afterwards nothing more is taken.
 */
export class AgentClient {
  readonly #frames = new AgentFrames();
  readonly #outputs: AgentClientOutput[] = [];
  readonly #waiting: {
    readonly id: number;
    readonly type: AgentRequest['type'];
    readonly bytes: Uint8Array;
  }[] = [];
  #current: { readonly id: number; readonly type: AgentRequest['type'] } | undefined;
  #lastId = 0;
  #failed: SshError | undefined;

  /** Why the machine takes nothing more; `undefined` while it does. */
  get failure(): SshError | undefined {
    return this.#failed;
  }

  /**
   * @returns The id that the reply will carry.
   * @throws {AgentProtocolError} `AGENT_REQUEST_TOO_LONG`; what made the machine fail, when it has.
   */
  ask(request: AgentRequest): number {
    if (this.#failed !== undefined) throw this.#failed;
    const bytes = framed(encodeAgentRequest(request));
    this.#lastId += 1;
    this.#waiting.push({ id: this.#lastId, type: request.type, bytes });
    this.#next();
    return this.#lastId;
  }

  /** Takes bytes of the agent, which must not change afterwards, or `undefined` at their end. Never throws. */
  receive(bytes: Uint8Array | undefined): void {
    if (this.#failed !== undefined) return;
    try {
      if (bytes === undefined) {
        const { midMessage } = this.#frames;
        throw agentProtocolError('AGENT_CLOSED', { request: this.#current?.type ?? 'nothing', midMessage });
      }
      this.#frames.push(bytes);
      for (let message = this.#frames.next(); message !== undefined; message = this.#frames.next()) {
        this.#answered(message);
      }
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      this.fail(error);
    }
  }

  /** Ends because of something outside: a deadline, an abort, an error of the socket. */
  fail(error: SshError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    this.#frames.clear();
    this.#waiting.length = 0;
    this.#current = undefined;
    this.#outputs.push({ type: 'failed', error });
  }

  poll(): AgentClientOutput | undefined {
    return this.#outputs.shift();
  }

  #answered(message: Uint8Array): void {
    const current = this.#current;
    if (current === undefined) throw agentProtocolError('AGENT_UNASKED', { received: message[0] ?? 0 });
    try {
      this.#outputs.push({ type: 'reply', id: current.id, reply: readAgentReply(current.type, message) });
    } catch (error) {
      if (!(error instanceof SshError) || error.code !== 'AGENT_REFUSED') throw error;
      this.#outputs.push({ type: 'refused', id: current.id, error });
    }
    this.#current = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#current !== undefined || this.#failed !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#current = next;
    this.#outputs.push({ type: 'write', bytes: next.bytes });
  }
}
