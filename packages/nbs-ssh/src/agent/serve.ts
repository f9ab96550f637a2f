import { AgentServer, type BoundSession, type ConfirmUse, type HeldKey, type Keyring } from '@nbs-ssh/auth';
import type { ByteDuplex, Clock } from '@nbs-ssh/session';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { fingerprint, plainKeyOf } from '@nbs-ssh/transport/keys';
import { printable } from '@nbs-ssh/transport/wire';

/** A signature that somebody is asked about. */
export interface AgentUse {
  /** `SHA256:…` of the key. */
  readonly fingerprint: string;
  /** Escaped. */
  readonly comment: string;
  /** The servers that the request came through, nearest first, as far as the client told. */
  readonly sessions: readonly { readonly hostKey: string; readonly forwarding: boolean }[];
}

export interface ServeOptions {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** Only `true` lets a key with the constraint `confirm` be used. */
  readonly confirm: ((use: AgentUse) => boolean | Promise<boolean>) | undefined;
}

/** One client of an agent: where promises meet {@link AgentServer}. */
export class AgentSession {
  readonly #server: AgentServer;
  readonly #options: ServeOptions;
  readonly #reader: ReturnType<ByteDuplex['readable']['getReader']>;
  readonly #writer: ReturnType<ByteDuplex['writable']['getWriter']>;
  #cancelTimer: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #ended = false;
  /** Settles when the client is gone. Never rejects. */
  readonly done: Promise<void>;

  constructor(keyring: Keyring, duplex: ByteDuplex, options: ServeOptions) {
    this.#options = options;
    this.#server = new AgentServer(keyring, options.crypto);
    this.#reader = duplex.readable.getReader();
    this.#writer = duplex.writable.getWriter();
    this.done = this.#run();
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer?.();
    this.#resume?.();
    // The other end may be gone already; then there is nothing to close and nobody to tell.
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      while (!this.#ended) {
        if (!this.#server.wantsInput) {
          await new Promise<void>((resolve) => {
            this.#resume = resolve;
          });
          continue;
        }
        const { done, value } = await this.#reader.read();
        if (done || value === undefined) break;
        this.#server.tick(this.#options.clock.now());
        this.#server.receive(value);
        // A client that does not read its answers gets no more of them.
        await this.#pump();
      }
    } catch {
      // The socket broke: nobody is left to tell.
    } finally {
      this.close();
    }
  }

  async #pump(): Promise<void> {
    for (let output = this.#server.poll(); output !== undefined; output = this.#server.poll()) {
      if (output.type === 'write') await this.#writer.write(output.bytes);
      else if (output.type === 'effect') void this.#confirm(output.effect);
      else this.close();
    }
    this.#setTimer();
    if (this.#server.wantsInput) this.#resume?.();
  }

  async #confirm({ id, key, sessions }: ConfirmUse): Promise<void> {
    const allowed = await this.#ask(key, sessions);
    if (this.#ended) return;
    this.#server.tick(this.#options.clock.now());
    this.#server.resolve(id, allowed);
    this.#pump().catch(() => this.close());
  }

  /** What the caller's function throws is a no: nobody has said yes. */
  async #ask(key: HeldKey, sessions: readonly BoundSession[]): Promise<boolean> {
    const { confirm, crypto } = this.#options;
    const shown = (blob: Uint8Array): string => fingerprint(crypto.hash, blob);
    try {
      const answer = await confirm?.({
        fingerprint: shown(plainKeyOf(key.publicKey).blob),
        comment: printable(key.comment),
        sessions: sessions.map(({ hostKey, forwarding }) => ({
          hostKey: shown(plainKeyOf(hostKey).blob),
          forwarding,
        })),
      });
      return answer === true;
    } catch {
      return false;
    }
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const deadline = this.#server.deadline();
    if (deadline === undefined || this.#ended) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(Math.max(0, deadline - clock.now()), () => {
      this.#server.tick(clock.now());
      this.#pump().catch(() => this.close());
    });
  }
}
