import { concat, EMPTY } from '@nbs-ssh/transport/wire';
import { type SocksError, socksError } from './errors.ts';
import { granted4, readSocks4, rejected4, SOCKS4 } from './socks4.ts';
import { chosen5, granted5, readMethods, readSocks5, rejected5, SOCKS5 } from './socks5.ts';
import type { Parsed, SocksFailure, SocksRequest } from './types.ts';

export type SocksOutput =
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  /**
   * Last output before {@link SocksServer.grant} or {@link SocksServer.deny}. `early` is what came behind the request in
   * the same piece: the first bytes for the target.
   */
  | { readonly type: 'connect'; readonly request: SocksRequest; readonly early: Uint8Array }
  /** Last output. What the client is told stands before it; for some there is nothing that could be told. */
  | { readonly type: 'refused'; readonly error: SocksError };

type State =
  | { readonly phase: 'new' }
  /** Version 5, and the methods are behind us. */
  | { readonly phase: 'chosen' }
  | { readonly phase: 'connecting'; readonly version: 4 | 5 }
  | { readonly phase: 'over' };

/**
 * Server side of one SOCKS handshake: version 4, 4a, and 5 (RFC 1928) without authentication, CONNECT only.
 *
 * What the client does wrong is told to it as far as its version has words, and ends in `refused`; afterwards nothing
 * more is taken. Each field has a limit of its own, and a request that is longer is refused before its end has come: no
 * more than 519 bytes of an incomplete one are ever kept.
 */
export class SocksServer {
  readonly #outputs: SocksOutput[] = [];
  #held: Uint8Array = EMPTY;
  #received = 0;
  #state: State = { phase: 'new' };

  /** Bytes that were taken, of the whole handshake. */
  get received(): number {
    return this.#received;
  }

  /** Bytes of an incomplete message that are kept. */
  get held(): number {
    return this.#held.length;
  }

  /**
   * Takes bytes of the client, which must not change afterwards. Not after `connect`: what comes then is for the target.
   *
   * @throws {SocksError} `SOCKS_STATE`
   */
  receive(bytes: Uint8Array): void {
    if (this.#state.phase === 'over') return;
    if (this.#state.phase === 'connecting') throw this.#misused('receive');
    this.#received += bytes.length;
    this.#held = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
    while (this.#step());
    // A view would keep alive all that it came with.
    if (this.#held.length > 0) this.#held = this.#held.slice();
  }

  /** The client sends no more. Before its request is complete, that is the end of it. */
  receiveEnd(): void {
    if (this.#state.phase === 'over' || this.#state.phase === 'connecting') return;
    this.#refuse(socksError('SOCKS_CLOSED', { received: this.#received }));
  }

  /** The target is connected. @throws {SocksError} `SOCKS_STATE` */
  grant(): void {
    if (this.#state.phase !== 'connecting') throw this.#misused('grant');
    this.#outputs.push({ type: 'write', bytes: this.#state.version === SOCKS4 ? granted4() : granted5() });
    this.#state = { phase: 'over' };
  }

  /** The target is not. @throws {SocksError} `SOCKS_STATE` */
  deny(failure: SocksFailure): void {
    if (this.#state.phase !== 'connecting') throw this.#misused('deny');
    const bytes = this.#state.version === SOCKS4 ? rejected4() : rejected5(failure);
    this.#outputs.push({ type: 'write', bytes });
    this.#state = { phase: 'over' };
  }

  poll(): SocksOutput | undefined {
    return this.#outputs.shift();
  }

  /** @returns whether a message was complete, and another may follow. */
  #step(): boolean {
    const [first] = this.#held;
    if (first === undefined) return false;
    switch (this.#state.phase) {
      case 'new':
        if (first === SOCKS4) return this.#take(4, readSocks4(this.#held));
        if (first === SOCKS5) return this.#choose(readMethods(this.#held));
        this.#refuse(socksError('SOCKS_VERSION', { received: first, speaks: language(first) }));
        return false;
      case 'chosen':
        return this.#take(5, readSocks5(this.#held));
      case 'connecting':
      case 'over':
        return false;
    }
  }

  #choose(parsed: Parsed<undefined>): boolean {
    if (parsed.type === 'need-more') return false;
    if (parsed.type === 'refused') {
      this.#refuse(parsed.error, parsed.reply);
      return false;
    }
    this.#held = this.#held.subarray(parsed.consumed);
    this.#outputs.push({ type: 'write', bytes: chosen5() });
    this.#state = { phase: 'chosen' };
    return true;
  }

  #take(version: 4 | 5, parsed: Parsed<SocksRequest>): false {
    if (parsed.type === 'refused') this.#refuse(parsed.error, parsed.reply);
    if (parsed.type !== 'found') return false;
    const early = this.#held.subarray(parsed.consumed);
    this.#held = EMPTY;
    this.#outputs.push({ type: 'connect', request: parsed.value, early });
    this.#state = { phase: 'connecting', version };
    return false;
  }

  #refuse(error: SocksError, reply?: Uint8Array): void {
    this.#held = EMPTY;
    this.#state = { phase: 'over' };
    if (reply !== undefined) this.#outputs.push({ type: 'write', bytes: reply });
    this.#outputs.push({ type: 'refused', error });
  }

  #misused(operation: string): SocksError {
    return socksError('SOCKS_STATE', { operation, phase: this.#state.phase });
  }
}

/** Methods of HTTP begin with a capital letter, a TLS handshake with 22: proxies are often entered as the wrong kind. */
function language(first: number): 'HTTP' | 'TLS' | undefined {
  if (first === 0x16) return 'TLS';
  return first >= 0x41 && first <= 0x5a ? 'HTTP' : undefined;
}
