import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import type { Secret } from '@nbs-ssh/transport/wire';

/** One key as an agent lists it. */
export interface AgentIdentity {
  /** The public key as it travels; anything, until it is parsed. */
  readonly blob: Uint8Array;
  /** As the agent sent it, not escaped. */
  readonly comment: string;
}

/** What an agent holds to when it keeps a key. */
export interface KeyConstraints {
  /** Seconds after which the agent forgets the key. */
  readonly lifetimeSec?: number;
  /** Whether somebody is asked before each signature. */
  readonly confirm?: boolean;
}

/** Which connection a signature is for, OpenSSH PROTOCOL.agent §1. */
export interface SessionBinding {
  /** Blob of the server's host key. */
  readonly hostKey: Uint8Array;
  readonly sessionId: Uint8Array;
  /** By the host key over the session id, which is the exchange hash of the first key exchange. */
  readonly signature: Uint8Array;
  /** Whether the agent is handed on to that server, in place of signing for the login there. */
  readonly forwarding: boolean;
}

/** What a client asks an agent. */
export type AgentRequest =
  | { readonly type: 'list' }
  | { readonly type: 'sign'; readonly blob: Uint8Array; readonly data: Uint8Array; readonly flags: number }
  | {
      readonly type: 'add';
      readonly key: PrivateKeyMaterial;
      readonly comment: string;
      readonly constraints?: KeyConstraints;
    }
  | { readonly type: 'remove'; readonly blob: Uint8Array }
  | { readonly type: 'remove-all' }
  | { readonly type: 'lock'; readonly passphrase: Secret }
  | { readonly type: 'unlock'; readonly passphrase: Secret }
  | { readonly type: 'query' }
  | { readonly type: 'bind'; readonly binding: SessionBinding };

/** What a well-formed answer says. Failure is an error: {@link AgentProtocolErrors.AGENT_REFUSED}. */
export type AgentReply =
  | { readonly type: 'identities'; readonly identities: readonly AgentIdentity[] }
  /** `string algorithm ‖ string signature`, and what the algorithm has behind it. Not checked. */
  | { readonly type: 'signature'; readonly signature: Uint8Array }
  /** Names of extensions, not escaped. */
  | { readonly type: 'extensions'; readonly names: readonly string[] }
  | { readonly type: 'done' };
