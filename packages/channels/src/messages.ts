import {
  bool,
  EMPTY,
  type MessageCodec,
  message,
  rest,
  string,
  text,
  u32,
  WireReader,
  wireError,
} from '@nbs-ssh/transport/wire';
import type { RemoteChannelId } from './ids.ts';
import { END_OF_WRITE } from './openssh.ts';

/** Message numbers of the connection protocol, RFC 4254 §9. */
export const SSH_MSG = {
  GLOBAL_REQUEST: 80,
  REQUEST_SUCCESS: 81,
  REQUEST_FAILURE: 82,
  CHANNEL_OPEN: 90,
  CHANNEL_OPEN_CONFIRMATION: 91,
  CHANNEL_OPEN_FAILURE: 92,
  CHANNEL_WINDOW_ADJUST: 93,
  CHANNEL_DATA: 94,
  CHANNEL_EXTENDED_DATA: 95,
  CHANNEL_EOF: 96,
  CHANNEL_CLOSE: 97,
  CHANNEL_REQUEST: 98,
  CHANNEL_SUCCESS: 99,
  CHANNEL_FAILURE: 100,
} as const;

/** Says whether the multiplexer takes messages of this number; others deserve SSH_MSG_UNIMPLEMENTED. */
export function isConnectionMessage(number: number): boolean {
  return (number >= 80 && number <= 82) || (number >= 90 && number <= 100);
}

/** Reasons of SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 §5.1. */
export const OpenFailureReason = {
  ADMINISTRATIVELY_PROHIBITED: 1,
  CONNECT_FAILED: 2,
  UNKNOWN_CHANNEL_TYPE: 3,
  RESOURCE_SHORTAGE: 4,
} as const;

/** Largest data in one message of ours, in bytes, whatever the peer offers: every SSH transport takes it, RFC 4253 §6.1. */
export const MAX_SEND = 32_768;

/** SSH_EXTENDED_DATA_STDERR, RFC 4254 §5.2: the only type there is. */
export const EXTENDED_DATA_STDERR = 1;

/** RFC 4254 §4. `data` depends on `name`. */
export interface GlobalRequest {
  readonly name: string;
  readonly wantReply: boolean;
  readonly data: Uint8Array;
}
export const GlobalRequest: MessageCodec<GlobalRequest> = /* @__PURE__ */ message(
  'SSH_MSG_GLOBAL_REQUEST',
  SSH_MSG.GLOBAL_REQUEST,
  { name: text, wantReply: bool, data: rest },
);

/** RFC 4254 §4. `data` depends on the request that is answered. */
export interface RequestSuccess {
  readonly data: Uint8Array;
}
export const RequestSuccess: MessageCodec<RequestSuccess> = /* @__PURE__ */ message(
  'SSH_MSG_REQUEST_SUCCESS',
  SSH_MSG.REQUEST_SUCCESS,
  { data: rest },
);

/** RFC 4254 §4. */
export const RequestFailure: MessageCodec<object> = /* @__PURE__ */ message(
  'SSH_MSG_REQUEST_FAILURE',
  SSH_MSG.REQUEST_FAILURE,
  {},
);

/** RFC 4254 §5.1. `sender` is the sender's own number; window and packet size are in bytes. */
export interface ChannelOpen {
  readonly channelType: string;
  readonly sender: number;
  readonly window: number;
  readonly maxPacket: number;
  readonly typeSpecific: Uint8Array;
}
export const ChannelOpen: MessageCodec<ChannelOpen> = /* @__PURE__ */ message(
  'SSH_MSG_CHANNEL_OPEN',
  SSH_MSG.CHANNEL_OPEN,
  { channelType: text, sender: u32, window: u32, maxPacket: u32, typeSpecific: rest },
);

/** RFC 4254 §5.1. */
export interface ChannelOpenConfirmation {
  readonly recipient: number;
  readonly sender: number;
  readonly window: number;
  readonly maxPacket: number;
  readonly typeSpecific: Uint8Array;
}
export const ChannelOpenConfirmation: MessageCodec<ChannelOpenConfirmation> = /* @__PURE__ */ message(
  'SSH_MSG_CHANNEL_OPEN_CONFIRMATION',
  SSH_MSG.CHANNEL_OPEN_CONFIRMATION,
  { recipient: u32, sender: u32, window: u32, maxPacket: u32, typeSpecific: rest },
);

/** RFC 4254 §5.1. The description stays bytes: peers send text that is not UTF-8, and it is for display only. */
export interface ChannelOpenFailure {
  readonly recipient: number;
  readonly reason: number;
  readonly description: Uint8Array;
  readonly language: Uint8Array;
}
export const ChannelOpenFailure: MessageCodec<ChannelOpenFailure> = /* @__PURE__ */ message(
  'SSH_MSG_CHANNEL_OPEN_FAILURE',
  SSH_MSG.CHANNEL_OPEN_FAILURE,
  { recipient: u32, reason: u32, description: string, language: string },
);

/** RFC 4254 §5.4. `data` depends on `name`. */
export interface ChannelRequest {
  readonly recipient: number;
  readonly name: string;
  readonly wantReply: boolean;
  readonly data: Uint8Array;
}
export const ChannelRequest: MessageCodec<ChannelRequest> = /* @__PURE__ */ message(
  'SSH_MSG_CHANNEL_REQUEST',
  SSH_MSG.CHANNEL_REQUEST,
  { recipient: u32, name: text, wantReply: bool, data: rest },
);

// What follows is on the path of every data byte, so it reads and writes its few numbers directly.

/** Big-endian at `offset`. The caller has checked that 4 bytes are there. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** The recipient of any message 91–100. @throws {WireError} `WIRE_SHORT_READ` */
export function readRecipient(payload: Uint8Array): number {
  if (payload.length < 5) {
    throw wireError('WIRE_SHORT_READ', { field: 'recipient', offset: 1, needed: 5 - payload.length });
  }
  return readU32(payload, 1);
}

/** EOF, CLOSE, SUCCESS and FAILURE: a number and a channel. */
export function encodeBare(number: number, recipient: RemoteChannelId): Uint8Array {
  const payload = new Uint8Array(5);
  payload[0] = number;
  writeU32(payload, 1, recipient);
  return payload;
}

/** @throws {WireError} unless `payload` ends after its channel number. */
export function checkBare(payload: Uint8Array): void {
  if (payload.length > 5) {
    throw wireError('WIRE_TRAILING_BYTES', { message: `message ${payload[0]}`, count: payload.length - 5 });
  }
}

export const encodeEndOfWrite = (recipient: RemoteChannelId): Uint8Array =>
  ChannelRequest.encode({ recipient, name: END_OF_WRITE, wantReply: false, data: EMPTY });

export function encodeWindowAdjust(recipient: RemoteChannelId, added: number): Uint8Array {
  const payload = new Uint8Array(9);
  payload[0] = SSH_MSG.CHANNEL_WINDOW_ADJUST;
  writeU32(payload, 1, recipient);
  writeU32(payload, 5, added);
  return payload;
}

/** @returns bytes to add. @throws {WireError} unless the message is complete and nothing follows. */
export function decodeWindowAdjust(payload: Uint8Array): number {
  const reader = new WireReader(payload);
  reader.fixed(5, 'recipient');
  const added = reader.u32('bytes to add');
  reader.end('SSH_MSG_CHANNEL_WINDOW_ADJUST');
  return added;
}

/** Everything of SSH_MSG_CHANNEL_DATA before the data itself. */
export function dataHeader(recipient: RemoteChannelId, length: number): Uint8Array {
  const header = new Uint8Array(9);
  header[0] = SSH_MSG.CHANNEL_DATA;
  writeU32(header, 1, recipient);
  writeU32(header, 5, length);
  return header;
}

/** Everything of SSH_MSG_CHANNEL_EXTENDED_DATA before the data itself. */
export function extendedDataHeader(recipient: RemoteChannelId, length: number): Uint8Array {
  const header = new Uint8Array(13);
  header[0] = SSH_MSG.CHANNEL_EXTENDED_DATA;
  writeU32(header, 1, recipient);
  writeU32(header, 5, EXTENDED_DATA_STDERR);
  writeU32(header, 9, length);
  return header;
}

/**
 * The data of a message whose data string starts at `offset`: 5 for DATA, 9 for EXTENDED_DATA.
 *
 * @returns A view of `payload`.
 * @throws {WireError} unless the string ends exactly where the message ends.
 */
export function dataBody(payload: Uint8Array, offset: number): Uint8Array {
  const start = offset + 4;
  if (payload.length < start) {
    throw wireError('WIRE_SHORT_READ', { field: 'data', offset, needed: start - payload.length });
  }
  const length = readU32(payload, offset);
  const extra = payload.length - start - length;
  if (extra < 0) throw wireError('WIRE_SHORT_READ', { field: 'data', offset: start, needed: -extra });
  if (extra > 0) throw wireError('WIRE_TRAILING_BYTES', { message: 'channel data', count: extra });
  return payload.subarray(start);
}
