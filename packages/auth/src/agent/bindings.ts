import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  isKeysError,
  type PublicKey,
  parseKeyOrCertificate,
  plainKeyOf,
  verifySignature,
} from '@nbs-ssh/transport/keys';
import { equalBytes, WireReader } from '@nbs-ssh/transport/wire';

/** Most hops one connection may come through, as in OpenSSH. */
const MAX_BINDINGS = 16;

/** One hop that a connection to the agent came through. */
export interface BoundSession {
  readonly hostKey: PublicKey;
  readonly sessionId: Uint8Array;
  readonly forwarding: boolean;
}

/** The sessions that a connection is bound to, nearest first. OpenSSH PROTOCOL.agent §1. */
export class SessionBindings {
  readonly #crypto: Pick<CryptoProvider, 'signatures'>;
  readonly #sessions: BoundSession[] = [];

  constructor(crypto: Pick<CryptoProvider, 'signatures'>) {
    this.#crypto = crypto;
  }

  get sessions(): readonly BoundSession[] {
    return [...this.#sessions];
  }

  /**
   * Takes the contents of a `session-bind@openssh.com` request.
   *
   * @returns whether the host key has signed for the session, and the connection may still be bound: not behind a
   *   session that the agent only authenticates to, and not to the same one twice with another meaning.
   * @throws {WireError}
   */
  add(contents: Uint8Array): boolean {
    const reader = new WireReader(contents);
    const blob = reader.string('host key');
    const sessionId = reader.string('session id').slice();
    const signature = reader.string('signature');
    const forwarding = reader.bool('is forwarding');
    reader.end('session-bind@openssh.com');
    const hostKey = parse(blob);
    const allowed = this.#crypto.signatures.map(({ name }) => name);
    if (hostKey === undefined) return false;
    if (!verifySignature(this.#crypto, { allowed }, plainKeyOf(hostKey), sessionId, signature)) return false;
    const known = this.#sessions.find((session) => equalBytes(session.sessionId, sessionId));
    if (known !== undefined) {
      return equalBytes(known.hostKey.blob, hostKey.blob) && known.forwarding === forwarding;
    }
    if (this.#sessions.some((session) => !session.forwarding)) return false;
    if (this.#sessions.length >= MAX_BINDINGS) return false;
    this.#sessions.push({ hostKey, sessionId, forwarding });
    return true;
  }
}

function parse(blob: Uint8Array): PublicKey | undefined {
  try {
    return parseKeyOrCertificate(blob);
  } catch (error) {
    if (isKeysError(error)) return undefined;
    throw error;
  }
}
