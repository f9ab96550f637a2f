import type { TransportLimits } from './config.ts';
import { transportError } from './errors.ts';

const MINUTE = 60_000;
/** Key exchanges with a stranger: each costs us a signature. Honest peers need one, or two where a login takes long. */
const MAX_EXCHANGES = 8;

/** What a peer may spend: everything before authentication, and messages that carry nothing at any time. */
export class PeerBudget {
  readonly #limits: TransportLimits;
  #authenticated = false;
  #bytes = 0;
  #packets = 0;
  #exchanges = 0;
  #noise = 0;
  #noiseSince = 0;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  /** Lifts the limits for strangers. */
  authenticated(): void {
    this.#authenticated = true;
    this.#noise = 0;
  }

  /** Counts one packet. @throws {TransportError} `TRANSPORT_PREAUTH_BUDGET` */
  packet(bytes: number): void {
    if (this.#authenticated) return;
    const { preAuthBytes, preAuthPackets } = this.#limits;
    this.#bytes += bytes;
    this.#packets += 1;
    if (this.#bytes > preAuthBytes) {
      throw transportError('TRANSPORT_PREAUTH_BUDGET', { limit: preAuthBytes, unit: 'bytes' });
    }
    if (this.#packets > preAuthPackets) {
      throw transportError('TRANSPORT_PREAUTH_BUDGET', { limit: preAuthPackets, unit: 'packets' });
    }
  }

  /**
   * A message that carries something makes up for one that does not: AsyncSSH sends an IGNORE in front of each of its
   * messages, which RFC 4253 §11.2 has it for. Useless messages of the upper layers have a budget there.
   */
  useful(): void {
    if (this.#noise > 0) this.#noise -= 1;
  }

  /** Counts one KEXINIT. @throws {TransportError} `TRANSPORT_FLOOD` */
  exchange(): void {
    if (this.#authenticated) return;
    this.#exchanges += 1;
    if (this.#exchanges <= MAX_EXCHANGES) return;
    throw transportError('TRANSPORT_FLOOD', {
      what: 'key exchanges before authentication',
      limit: MAX_EXCHANGES,
    });
  }

  /** Counts one IGNORE, DEBUG, UNIMPLEMENTED, PING or unknown message. @throws {TransportError} `TRANSPORT_FLOOD` */
  noise(now: number): void {
    if (this.#authenticated && now - this.#noiseSince >= MINUTE) {
      this.#noiseSince = now;
      this.#noise = 0;
    }
    this.#noise += 1;
    const limit = this.#authenticated ? this.#limits.noisePerMinute : this.#limits.preAuthNoise;
    if (this.#noise <= limit) return;
    const when = this.#authenticated ? 'in a minute' : 'before authentication';
    throw transportError('TRANSPORT_FLOOD', { what: `ignorable messages ${when}`, limit });
  }
}
