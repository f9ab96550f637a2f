import { type SocksFailure, type SocksOutput, type SocksRequest, SocksServer } from '@nbs-ssh/channels';
import { EMPTY } from '@nbs-ssh/transport/wire';

/** A client that has said where it wants to go, and waits for the answer. */
export interface SocksAsked {
  readonly request: SocksRequest;
  /** The first bytes for the target, which came with the request. */
  readonly early: Uint8Array;
  /** @returns what tells the client that it is connected. Once, and not after {@link deny}. */
  grant(): Uint8Array;
  /** @returns what tells the client that it is not, before it is closed. */
  deny(failure: SocksFailure): Uint8Array;
}

/** The client's end of a handshake, as whoever owns its socket or channel sees it. */
export interface SocksPeer {
  write(bytes: Uint8Array): void;
  /** The request is complete. What comes from now on is for the target. */
  asked(asked: SocksAsked): void;
  /** The client cannot be served, and was told so as far as its protocol can. Nothing more is written. */
  refused(error: unknown): void;
}

/** Runs the machine of one handshake. */
export class SocksHandshake {
  readonly #machine = new SocksServer();
  readonly #peer: SocksPeer;

  constructor(peer: SocksPeer) {
    this.#peer = peer;
  }

  /** Bytes of the client so far. */
  get received(): number {
    return this.#machine.received;
  }

  /** Takes bytes of the client, which must not change afterwards. */
  receive(bytes: Uint8Array): void {
    this.#machine.receive(bytes);
    this.#drain();
  }

  /** The client sends no more. */
  receiveEnd(): void {
    this.#machine.receiveEnd();
    this.#drain();
  }

  #drain(): void {
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) {
      this.#handle(output);
    }
  }

  #handle(output: SocksOutput): void {
    switch (output.type) {
      case 'write':
        this.#peer.write(output.bytes);
        return;
      case 'refused':
        this.#peer.refused(output.error);
        return;
      case 'connect': {
        const { request, early } = output;
        const grant = (): Uint8Array => {
          this.#machine.grant();
          return this.#reply();
        };
        const deny = (failure: SocksFailure): Uint8Array => {
          this.#machine.deny(failure);
          return this.#reply();
        };
        this.#peer.asked({ request, early, grant, deny });
      }
    }
  }

  #reply(): Uint8Array {
    const output = this.#machine.poll();
    return output?.type === 'write' ? output.bytes : EMPTY;
  }
}
