import type { DhGroup, GroupSizes, OneRound } from '../crypto/index.ts';
import { transportError } from '../errors.ts';
import type { KeySource } from '../key-derivation.ts';
import {
  KexEcdhInit,
  KexEcdhReply,
  KexGexGroup,
  KexGexInit,
  KexGexReply,
  KexGexRequest,
  KexInit,
  type KexReply,
  NewKeys,
} from '../messages.ts';
import { guessIsRight, negotiate } from '../negotiate.ts';
import { EMPTY, equalBytes, type MessageCodec, wipe } from '../wire/index.ts';
import { encodeGroup, encodeSharedSecret, exchangeHash } from './exchange-hash.ts';
import {
  checkExchangeSignature,
  checkSameHostKey,
  hostKeyFor,
  readHostKey,
  signExchange,
} from './host-key.ts';
import { offer } from './offer.ts';
import {
  type Agreed,
  EXPECTED,
  type KexContext,
  type KexInput,
  type KexOutput,
  type KexState,
  type Step,
} from './state.ts';

// Rule 1: every transition of a key exchange lives in this file.
// Rule 2: nothing here knows about sockets, promises, timers or ciphers.

/**
 * Advances one key exchange. Same state, input and randomness: same step. Only the examination of a group keeps its
 * place by itself.
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
    case 'work':
      return state.phase === 'group-examined' ? examine(context, state, []) : { state, outputs: [] };
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
      return finishAsClient(context, state, EMPTY, KexEcdhReply.decode(payload));
    case 'init-awaited': {
      const { clientPublic } = KexEcdhInit.decode(payload);
      return answerAsServer(
        context,
        state,
        { round: state.suite, group: EMPTY, reply: KexEcdhReply },
        clientPublic,
      );
    }
    case 'group-awaited':
      return takeGroup(context, state, KexGexGroup.decode(payload));
    case 'group-reply-awaited':
      return finishAsClient(
        context,
        state,
        encodeGroup(state.sizes, state.group),
        KexGexReply.decode(payload),
      );
    case 'group-request-awaited':
      return giveGroup(state, KexGexRequest.decode(payload));
    case 'group-init-awaited': {
      const { clientPublic } = KexGexInit.decode(payload);
      const group = encodeGroup(state.sizes, state.group);
      const round = state.suite.within(state.group);
      return answerAsServer(context, state, { round, group, reply: KexGexReply }, clientPublic);
    }
    case 'new-keys-awaited':
      NewKeys.decode(payload);
      return {
        state: { phase: 'idle' },
        outputs: [{ type: 'open-with', keys: state.keys, algorithms: state.algorithms }],
      };
    case 'trust-awaited':
    case 'group-examined':
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
  const agreed = {
    algorithms,
    clientInit: asClient ? state.ourPayload : theirPayload,
    serverInit: asClient ? theirPayload : state.ourPayload,
    discardGuess: theirs.firstKexPacketFollows && !guessIsRight(client, server),
  };
  const told: KexOutput = {
    type: 'agreed',
    ours: state.ours,
    theirs,
    algorithms,
    guessDiscarded: agreed.discardGuess,
  };
  if (suite.kind === 'group-exchange') {
    if (!asClient) return { state: { phase: 'group-request-awaited', ...agreed, suite }, outputs: [told] };
    const request = KexGexRequest.encode(suite.request);
    return {
      state: { phase: 'group-awaited', ...agreed, suite },
      outputs: [told, { type: 'send', payload: request }],
    };
  }
  if (!asClient) return { state: { phase: 'init-awaited', ...agreed, suite }, outputs: [told] };
  const begun = suite.start(config.crypto.random);
  const init = KexEcdhInit.encode({ clientPublic: begun.clientPublic });
  return {
    state: { phase: 'reply-awaited', start: begun, ...agreed, suite },
    outputs: [told, { type: 'send', payload: init }],
  };
}

/** Group exchange as client: the server has chosen. */
function takeGroup(context: KexContext, state: KexState & { phase: 'group-awaited' }, group: DhGroup): Step {
  const { suite } = state;
  const examination = suite.examine(group, context.config.crypto.random);
  const { bits, wellKnown } = examination;
  const next = { ...state, phase: 'group-examined', sizes: suite.request, group, examination } as const;
  return examine(context, next, [{ type: 'group', bits, wellKnown }]);
}

function examine(
  context: KexContext,
  { examination, ...state }: KexState & { phase: 'group-examined' },
  before: readonly KexOutput[],
): Step {
  if (!examination.proceed()) return { state: { ...state, examination }, outputs: before };
  const start = state.suite.within(state.group).start(context.config.crypto.random);
  const init = KexGexInit.encode({ clientPublic: start.clientPublic });
  return {
    state: { ...state, phase: 'group-reply-awaited', start },
    outputs: [...before, { type: 'send', payload: init }],
  };
}

/** Group exchange as server. */
function giveGroup(state: KexState & { phase: 'group-request-awaited' }, sizes: GroupSizes): Step {
  const group = state.suite.choose(sizes);
  if (group === undefined) throw transportError('TRANSPORT_KEX_GROUP', sizes);
  return {
    state: { ...state, phase: 'group-init-awaited', sizes, group },
    outputs: [
      { type: 'group', bits: group.p.toString(2).length, wellKnown: true },
      { type: 'send', payload: KexGexGroup.encode(group) },
    ],
  };
}

function finishAsClient(
  context: KexContext,
  state: KexState & { phase: 'reply-awaited' | 'group-reply-awaited' },
  group: Uint8Array,
  reply: KexReply,
): Step {
  const { crypto } = context.config;
  const algorithm = state.algorithms.hostKey;
  const hostKey = readHostKey(reply.hostKey.slice(), algorithm);
  const raw = state.start.finish(reply.serverPublic);
  const keys = keySource(context, state, raw, {
    hostKey: reply.hostKey,
    group,
    clientPublic: state.start.clientPublic,
    serverPublic: reply.serverPublic,
  });
  checkExchangeSignature(crypto, algorithm, hostKey, keys.exchangeHash, reply.signature);
  const seen: KexOutput = { type: 'host-key', hostKey, algorithm };
  if (context.hostKey === undefined) {
    return {
      state: { ...agreedIn(state), phase: 'trust-awaited', keys },
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
  return takeNewKeys(state, keys, [seen]);
}

function answerAsServer(
  context: KexContext,
  state: Agreed,
  method: {
    readonly round: OneRound;
    readonly group: Uint8Array;
    readonly reply: MessageCodec<KexReply>;
  },
  clientPublic: Uint8Array,
): Step {
  const { crypto, hostKeys } = context.config;
  const algorithm = state.algorithms.hostKey;
  const hostKey = hostKeyFor(hostKeys, algorithm);
  const answer = method.round.respond(crypto.random, clientPublic);
  const keys = keySource(context, state, answer.sharedSecret, {
    hostKey: hostKey.publicKey.blob,
    group: method.group,
    clientPublic,
    serverPublic: answer.serverPublic,
  });
  const signature = signExchange(crypto, algorithm, hostKey, keys.exchangeHash);
  const reply = method.reply.encode({
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
  const { algorithms } = agreed;
  return {
    state: { ...agreedIn(agreed), phase: 'new-keys-awaited', keys },
    outputs: [
      ...before,
      { type: 'send', payload: NewKeys.encode({}) },
      { type: 'seal-with', keys, algorithms },
    ],
  };
}

/** Without what only the last phase needed. */
function agreedIn(state: Agreed): Agreed {
  const { algorithms, suite, clientInit, serverInit, discardGuess } = state;
  return { algorithms, suite, clientInit, serverInit, discardGuess };
}

function keySource(
  context: KexContext,
  agreed: Agreed,
  raw: Uint8Array,
  values: {
    readonly hostKey: Uint8Array;
    readonly group: Uint8Array;
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
