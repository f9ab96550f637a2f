import type { TransportConfig } from '../config.ts';
import type { KexStart, KexSuite } from '../crypto/index.ts';
import { transportError } from '../errors.ts';
import type { KeySource } from '../key-derivation.ts';
import type { PublicKey } from '../keys/index.ts';
import { KexEcdhInit, KexEcdhReply, KexInit, NewKeys } from '../messages.ts';
import { guessIsRight, type NegotiatedAlgorithms, negotiate } from '../negotiate.ts';
import { equalBytes, wipe } from '../wire/index.ts';
import { encodeSharedSecret, exchangeHash } from './exchange-hash.ts';
import {
  checkExchangeSignature,
  checkSameHostKey,
  hostKeyFor,
  readHostKey,
  signExchange,
} from './host-key.ts';
import { offer } from './offer.ts';

// Rule 1: every transition of a key exchange lives in this file.
// Rule 2: nothing here knows about sockets, promises, timers or ciphers.

export type KexState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'init-sent'; readonly ours: KexInit; readonly ourPayload: Uint8Array }
  | ({ readonly phase: 'reply-awaited'; readonly start: KexStart } & Agreed)
  | ({ readonly phase: 'init-awaited' } & Agreed)
  | ({ readonly phase: 'trust-awaited'; readonly keys: KeySource } & Agreed)
  | ({ readonly phase: 'new-keys-awaited'; readonly keys: KeySource } & Agreed);

interface Agreed {
  readonly algorithms: NegotiatedAlgorithms;
  readonly suite: KexSuite;
  readonly clientInit: Uint8Array;
  readonly serverInit: Uint8Array;
  /** The peer guessed wrong: its next method message is to be dropped, RFC 4253 §7. */
  readonly discardGuess: boolean;
}

/** What stays the same during one exchange. */
export interface KexContext {
  readonly config: TransportConfig;
  readonly clientLine: Uint8Array;
  readonly serverLine: Uint8Array;
  /** Of the first exchange; `undefined` while that one runs. */
  readonly sessionId: Uint8Array | undefined;
  /** Client role: the host key that the first exchange proved. */
  readonly hostKey: PublicKey | undefined;
}

export type KexInput =
  | { readonly type: 'start' }
  | { readonly type: 'message'; readonly payload: Uint8Array }
  | { readonly type: 'trusted' };

/** What the transport must do, in order. */
export type KexOutput =
  | { readonly type: 'send'; readonly payload: Uint8Array }
  | { readonly type: 'offered'; readonly ours: KexInit }
  | {
      readonly type: 'agreed';
      readonly theirs: KexInit;
      readonly algorithms: NegotiatedAlgorithms;
      readonly guessDiscarded: boolean;
    }
  | { readonly type: 'host-key'; readonly hostKey: PublicKey; readonly algorithm: string }
  | {
      readonly type: 'ask-trust';
      readonly hostKey: PublicKey;
      readonly algorithm: string;
      readonly exchangeHash: Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly type: 'seal-with'; readonly keys: KeySource; readonly algorithms: NegotiatedAlgorithms }
  | { readonly type: 'open-with'; readonly keys: KeySource; readonly algorithms: NegotiatedAlgorithms };

export interface Step {
  readonly state: KexState;
  readonly outputs: readonly KexOutput[];
}

/**
 * Message numbers of the exchange that are legal in each phase.
 *
 * `trust-awaited` is empty because the transport stops decoding while that question is open: SSH_MSG_NEWKEYS
 * usually arrives in the same TCP segment as the reply and must wait in the receive buffer.
 */
export const EXPECTED: { readonly [P in KexState['phase']]: readonly number[] } = {
  idle: [20],
  'init-sent': [20],
  'reply-awaited': [31],
  'init-awaited': [30],
  'trust-awaited': [],
  'new-keys-awaited': [21],
};

/**
 * Advances one key exchange. Same state, input and randomness: same step.
 *
 * @throws {TransportError} on anything the peer does wrong; the transport turns it into a disconnect.
 */
export function stepKex(context: KexContext, state: KexState, input: KexInput): Step {
  switch (input.type) {
    case 'start':
      return state.phase === 'idle' ? start(context) : { state, outputs: [] };
    case 'trusted':
      if (state.phase !== 'trust-awaited') {
        throw transportError('TRANSPORT_INTERNAL', { what: `trust answered in ${state.phase}` });
      }
      return takeNewKeys(state, state.keys, []);
    case 'message':
      return receive(context, state, input.payload);
  }
}

function receive(context: KexContext, state: KexState, payload: Uint8Array): Step {
  const number = payload[0] as number;
  if ('discardGuess' in state && state.discardGuess && number >= 30 && number <= 49) {
    return { state: { ...state, discardGuess: false }, outputs: [] };
  }
  if (!EXPECTED[state.phase].includes(number)) {
    const expected = EXPECTED[state.phase];
    throw transportError('TRANSPORT_MESSAGE_UNEXPECTED', { phase: state.phase, expected, received: number });
  }
  switch (state.phase) {
    case 'idle': {
      const ours = start(context);
      const theirs = receive(context, ours.state, payload);
      return { state: theirs.state, outputs: [...ours.outputs, ...theirs.outputs] };
    }
    case 'init-sent':
      return agree(context, state, payload);
    case 'reply-awaited':
      return finishAsClient(context, state, KexEcdhReply.decode(payload));
    case 'init-awaited':
      return answerAsServer(context, state, KexEcdhInit.decode(payload));
    case 'new-keys-awaited':
      NewKeys.decode(payload);
      return {
        state: { phase: 'idle' },
        outputs: [{ type: 'open-with', keys: state.keys, algorithms: state.algorithms }],
      };
    case 'trust-awaited':
      return { state, outputs: [] };
  }
}

function start(context: KexContext): Step {
  const ours = offer(context.config, context.sessionId === undefined);
  const ourPayload = KexInit.encode(ours);
  return {
    state: { phase: 'init-sent', ours, ourPayload },
    outputs: [
      { type: 'send', payload: ourPayload },
      { type: 'offered', ours },
    ],
  };
}

function agree(context: KexContext, state: KexState & { phase: 'init-sent' }, payload: Uint8Array): Step {
  const { config } = context;
  const theirs = KexInit.decode(payload);
  if (equalBytes(theirs.cookie, state.ours.cookie)) {
    throw transportError('TRANSPORT_REFLECTION', { phase: 'kex' });
  }
  const asClient = config.role === 'client';
  const [client, server] = asClient ? [state.ours, theirs] : [theirs, state.ours];
  const algorithms = negotiate(client, server, (name) =>
    config.crypto.ciphers.some((suite) => suite.name === name && suite.kind === 'aead'),
  );
  const suite = config.crypto.kex.find((candidate) => candidate.name === algorithms.kex);
  if (suite === undefined) {
    throw transportError('TRANSPORT_INTERNAL', { what: `provider lacks "${algorithms.kex}"` });
  }
  // The payload is a view of a receive buffer that outlives this call only by our holding it.
  const theirPayload = payload.slice();
  const agreed: Agreed = {
    algorithms,
    suite,
    clientInit: asClient ? state.ourPayload : theirPayload,
    serverInit: asClient ? theirPayload : state.ourPayload,
    discardGuess: theirs.firstKexPacketFollows && !guessIsRight(client, server),
  };
  const told: KexOutput = { type: 'agreed', theirs, algorithms, guessDiscarded: agreed.discardGuess };
  if (!asClient) return { state: { phase: 'init-awaited', ...agreed }, outputs: [told] };
  const begun = suite.start(config.crypto.random);
  const init = KexEcdhInit.encode({ clientPublic: begun.clientPublic });
  return {
    state: { phase: 'reply-awaited', start: begun, ...agreed },
    outputs: [told, { type: 'send', payload: init }],
  };
}

function finishAsClient(
  context: KexContext,
  state: KexState & { phase: 'reply-awaited' },
  reply: KexEcdhReply,
): Step {
  const { crypto } = context.config;
  const algorithm = state.algorithms.hostKey;
  const hostKey = readHostKey(reply.hostKey.slice(), algorithm);
  const raw = state.start.finish(reply.serverPublic);
  const keys = keySource(context, state, raw, {
    hostKey: reply.hostKey,
    clientPublic: state.start.clientPublic,
    serverPublic: reply.serverPublic,
  });
  checkExchangeSignature(crypto, algorithm, hostKey, keys.exchangeHash, reply.signature);
  const seen: KexOutput = { type: 'host-key', hostKey, algorithm };
  if (context.hostKey === undefined) {
    return {
      state: { ...withoutStart(state), phase: 'trust-awaited', keys },
      outputs: [
        seen,
        {
          type: 'ask-trust',
          hostKey,
          algorithm,
          exchangeHash: keys.exchangeHash,
          // The message is a view of what was received.
          signature: reply.signature.slice(),
        },
      ],
    };
  }
  checkSameHostKey(crypto, context.hostKey, hostKey);
  return takeNewKeys(withoutStart(state), keys, [seen]);
}

function answerAsServer(
  context: KexContext,
  state: KexState & { phase: 'init-awaited' },
  init: KexEcdhInit,
): Step {
  const { crypto, hostKeys } = context.config;
  const algorithm = state.algorithms.hostKey;
  const hostKey = hostKeyFor(hostKeys, algorithm);
  const answer = state.suite.respond(crypto.random, init.clientPublic);
  const keys = keySource(context, state, answer.sharedSecret, {
    hostKey: hostKey.publicKey.blob,
    clientPublic: init.clientPublic,
    serverPublic: answer.serverPublic,
  });
  const signature = signExchange(crypto, algorithm, hostKey, keys.exchangeHash);
  const reply = KexEcdhReply.encode({
    hostKey: hostKey.publicKey.blob,
    serverPublic: answer.serverPublic,
    signature,
  });
  return takeNewKeys(state, keys, [
    { type: 'host-key', hostKey: hostKey.publicKey, algorithm },
    { type: 'send', payload: reply },
  ]);
}

/** Sends NEWKEYS: from the next packet on we seal with the new keys, RFC 4253 §7.3. */
function takeNewKeys(agreed: Agreed, keys: KeySource, before: readonly KexOutput[]): Step {
  const { algorithms, suite, clientInit, serverInit, discardGuess } = agreed;
  return {
    state: { phase: 'new-keys-awaited', algorithms, suite, clientInit, serverInit, discardGuess, keys },
    outputs: [
      ...before,
      { type: 'send', payload: NewKeys.encode({}) },
      { type: 'seal-with', keys, algorithms },
    ],
  };
}

function withoutStart(state: KexState & { phase: 'reply-awaited' }): Agreed {
  const { algorithms, suite, clientInit, serverInit, discardGuess } = state;
  return { algorithms, suite, clientInit, serverInit, discardGuess };
}

function keySource(
  context: KexContext,
  agreed: Agreed,
  raw: Uint8Array,
  values: {
    readonly hostKey: Uint8Array;
    readonly clientPublic: Uint8Array;
    readonly serverPublic: Uint8Array;
  },
): KeySource {
  const { crypto } = context.config;
  const sharedSecret = encodeSharedSecret(agreed.suite, raw);
  wipe(raw);
  const hash = exchangeHash(crypto, agreed.suite, {
    clientLine: context.clientLine,
    serverLine: context.serverLine,
    clientInit: agreed.clientInit,
    serverInit: agreed.serverInit,
    ...values,
    sharedSecret,
  });
  return {
    crypto,
    hash: agreed.suite.hash,
    sharedSecret,
    exchangeHash: hash,
    sessionId: context.sessionId ?? hash,
  };
}
