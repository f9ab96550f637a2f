import type { DhGroup, GroupSizes } from './crypto/index.ts';
import { bool, fixed, type MessageCodec, message, mpint, nameList, rest, string, u32 } from './wire/index.ts';

/** SSH_MSG_DISCONNECT, RFC 4253 §11.1. */
export interface Disconnect {
  readonly reason: number;
  /** Bytes: peers send more than UTF-8 here, and a goodbye must not fail to decode. */
  readonly description: Uint8Array;
  /** The language tag; optional on the wire because some peers leave it out. */
  readonly rest: Uint8Array;
}

export const Disconnect: MessageCodec<Disconnect> = /* @__PURE__ */ message<Disconnect>(
  'SSH_MSG_DISCONNECT',
  1,
  {
    reason: u32,
    description: string,
    rest,
  },
);

/** SSH_MSG_UNIMPLEMENTED, RFC 4253 §11.4. */
export interface Unimplemented {
  readonly sequence: number;
}

export const Unimplemented: MessageCodec<Unimplemented> = /* @__PURE__ */ message<Unimplemented>(
  'SSH_MSG_UNIMPLEMENTED',
  3,
  { sequence: u32 },
);

/** SSH_MSG_IGNORE, RFC 4253 §11.2. */
export interface Ignore {
  readonly data: Uint8Array;
}

export const Ignore: MessageCodec<Ignore> = /* @__PURE__ */ message<Ignore>('SSH_MSG_IGNORE', 2, {
  data: string,
});

/** SSH_MSG_DEBUG, RFC 4253 §11.3. */
export interface Debug {
  readonly alwaysDisplay: boolean;
  readonly message: Uint8Array;
  readonly language: Uint8Array;
}

export const Debug: MessageCodec<Debug> = /* @__PURE__ */ message<Debug>('SSH_MSG_DEBUG', 4, {
  alwaysDisplay: bool,
  message: string,
  language: string,
});

/** SSH_MSG_EXT_INFO, RFC 8308 §2.3, without its pairs: their count decides how to read the rest. */
export interface ExtInfo {
  readonly count: number;
  readonly pairs: Uint8Array;
}

export const ExtInfo: MessageCodec<ExtInfo> = /* @__PURE__ */ message<ExtInfo>('SSH_MSG_EXT_INFO', 7, {
  count: u32,
  pairs: rest,
});

/** SSH_MSG_KEXINIT, RFC 4253 §7.1. Lists are in preference order, most wanted first. */
export interface KexInit {
  /** 16 random bytes that keep either side from fixing the session id alone. */
  readonly cookie: Uint8Array;
  readonly kex: readonly string[];
  readonly hostKey: readonly string[];
  readonly cipherClientToServer: readonly string[];
  readonly cipherServerToClient: readonly string[];
  readonly macClientToServer: readonly string[];
  readonly macServerToClient: readonly string[];
  readonly compressionClientToServer: readonly string[];
  readonly compressionServerToClient: readonly string[];
  readonly languageClientToServer: readonly string[];
  readonly languageServerToClient: readonly string[];
  /** `true` when a guessed first KEX packet follows. We never send one; we must skip a wrong one. */
  readonly firstKexPacketFollows: boolean;
  readonly reserved: number;
}

export const KexInit: MessageCodec<KexInit> = /* @__PURE__ */ message<KexInit>('SSH_MSG_KEXINIT', 20, {
  cookie: fixed(16),
  kex: nameList,
  hostKey: nameList,
  cipherClientToServer: nameList,
  cipherServerToClient: nameList,
  macClientToServer: nameList,
  macServerToClient: nameList,
  compressionClientToServer: nameList,
  compressionServerToClient: nameList,
  languageClientToServer: nameList,
  languageServerToClient: nameList,
  firstKexPacketFollows: bool,
  reserved: u32,
});

/** SSH_MSG_NEWKEYS, RFC 4253 §7.3. */
export const NewKeys: MessageCodec<Record<never, never>> = /* @__PURE__ */ message<Record<never, never>>(
  'SSH_MSG_NEWKEYS',
  21,
  {},
);

/**
 * SSH_MSG_KEX_ECDH_INIT, RFC 5656 §4. The hybrids reuse it with a longer value. SSH_MSG_KEXDH_INIT, RFC 4253 §8, has
 * the same layout: an mpint is a string whose content is a number, and the suite reads that.
 */
export interface KexPublic {
  readonly clientPublic: Uint8Array;
}

export const KexEcdhInit: MessageCodec<KexPublic> = /* @__PURE__ */ message<KexPublic>(
  'SSH_MSG_KEX_ECDH_INIT',
  30,
  {
    clientPublic: string,
  },
);

/** SSH_MSG_KEX_ECDH_REPLY, RFC 5656 §4, and SSH_MSG_KEXDH_REPLY, RFC 4253 §8. */
export interface KexReply {
  readonly hostKey: Uint8Array;
  readonly serverPublic: Uint8Array;
  readonly signature: Uint8Array;
}

export const KexEcdhReply: MessageCodec<KexReply> = /* @__PURE__ */ message<KexReply>(
  'SSH_MSG_KEX_ECDH_REPLY',
  31,
  { hostKey: string, serverPublic: string, signature: string },
);

/** SSH_MSG_KEX_DH_GEX_REQUEST, RFC 4419 §3: sizes in bits. */
export const KexGexRequest: MessageCodec<GroupSizes> = /* @__PURE__ */ message<GroupSizes>(
  'SSH_MSG_KEX_DH_GEX_REQUEST',
  34,
  { min: u32, preferred: u32, max: u32 },
);

/** SSH_MSG_KEX_DH_GEX_GROUP, RFC 4419 §3. Its number is that of a reply in the other methods. */
export const KexGexGroup: MessageCodec<DhGroup> = /* @__PURE__ */ message<DhGroup>(
  'SSH_MSG_KEX_DH_GEX_GROUP',
  31,
  { p: mpint, g: mpint },
);

/** SSH_MSG_KEX_DH_GEX_INIT, RFC 4419 §3: e is an mpint, read by the suite. */
export const KexGexInit: MessageCodec<KexPublic> = /* @__PURE__ */ message<KexPublic>(
  'SSH_MSG_KEX_DH_GEX_INIT',
  32,
  { clientPublic: string },
);

/** SSH_MSG_KEX_DH_GEX_REPLY, RFC 4419 §3. */
export const KexGexReply: MessageCodec<KexReply> = /* @__PURE__ */ message<KexReply>(
  'SSH_MSG_KEX_DH_GEX_REPLY',
  33,
  { hostKey: string, serverPublic: string, signature: string },
);

/** SSH2_MSG_PING and SSH2_MSG_PONG, OpenSSH PROTOCOL §1.8 (`ping@openssh.com`). */
export interface Ping {
  readonly data: Uint8Array;
}

export const Ping: MessageCodec<Ping> = /* @__PURE__ */ message<Ping>('SSH2_MSG_PING', 192, { data: string });
export const Pong: MessageCodec<Ping> = /* @__PURE__ */ message<Ping>('SSH2_MSG_PONG', 193, { data: string });
