import { isWireError, printable, utf8, WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { channelsError } from './errors.ts';
import { SSH_MSG } from './messages.ts';
import { encodeTerminalModes, parseTerminalModes, type TerminalMode } from './terminal-modes.ts';

/**
 * Requests on a session channel, RFC 4254 §6 and RFC 4335 (`break`).
 *
 * `Text` is what carries bytes that SSH gives no encoding: `string | Uint8Array` when we send (a string goes
 * out as UTF-8), always `Uint8Array` when we receive, because decoding would not round-trip.
 */
export type SessionRequestOf<Text> =
  | { readonly type: 'exec'; readonly command: Text }
  | { readonly type: 'shell' }
  | { readonly type: 'subsystem'; readonly name: string }
  | {
      readonly type: 'pty-req';
      /** Value of TERM. */
      readonly term: string;
      readonly columns: number;
      readonly rows: number;
      readonly widthPixels: number;
      readonly heightPixels: number;
      readonly modes: readonly TerminalMode[];
    }
  | { readonly type: 'env'; readonly name: string; readonly value: Text }
  | {
      readonly type: 'window-change';
      readonly columns: number;
      readonly rows: number;
      readonly widthPixels: number;
      readonly heightPixels: number;
    }
  /** Signal names have no `SIG` in front. */
  | { readonly type: 'signal'; readonly signal: string }
  | { readonly type: 'break'; readonly lengthMs: number }
  /** The client lets the server reach its agent, OpenSSH PROTOCOL.agent §2. */
  | { readonly type: 'auth-agent-req@openssh.com' }
  /** The client lets programs of the server use its display, RFC 4254 §6.3.1. */
  | {
      readonly type: 'x11-req';
      /** The first program is the last. */
      readonly singleConnection: boolean;
      readonly protocol: string;
      /** In hexadecimal. */
      readonly cookie: string;
      readonly screen: number;
    }
  | { readonly type: 'exit-status'; readonly status: number }
  | {
      readonly type: 'exit-signal';
      readonly signal: string;
      readonly coreDumped: boolean;
      /** For display. Received text is already made safe to print. */
      readonly message: string;
    };

/** A request to send. */
export type SessionRequest = SessionRequestOf<string | Uint8Array>;
/** A request that was received. */
export type ReceivedSessionRequest = SessionRequestOf<Uint8Array>;
export type SessionRequestType = SessionRequest['type'];

/** Requests for which RFC 4254 §6 fixes want_reply to FALSE. */
const NEVER_ANSWERED: ReadonlySet<SessionRequestType> = /* @__PURE__ */ new Set<SessionRequestType>([
  'window-change',
  'signal',
  'exit-status',
  'exit-signal',
]);

/** What a process says when it ends: the only requests a server sends, RFC 4254 §6.10. */
export const isExitRequest = (type: string): boolean => type === 'exit-status' || type === 'exit-signal';

/** Largest request we send, in bytes: the 256 KiB packet that OpenSSH accepts, less 1 KiB for what surrounds it. */
const MAX_REQUEST = 255 * 1024;
/** Longest TERM we accept, in bytes. The longest names in terminfo are under 32. */
const MAX_TERM = 256;

/**
 * Encodes SSH_MSG_CHANNEL_REQUEST with recipient 0, to be filled in when the channel's number is known.
 *
 * @throws {ChannelsError} `CHANNELS_ARGUMENT` when a reply is wanted that never comes, or a value does not fit.
 */
export function encodeSessionRequest(request: SessionRequest, wantReply: boolean): Uint8Array {
  if (wantReply && NEVER_ANSWERED.has(request.type)) {
    throw channelsError('CHANNELS_ARGUMENT', {
      argument: 'wantReply',
      reason: `must be false: ${request.type} is never answered`,
    });
  }
  const writer = new WireWriter();
  writer.u8(SSH_MSG.CHANNEL_REQUEST).u32(0).text(request.type).bool(wantReply);
  writeBody(writer, request);
  if (writer.length > MAX_REQUEST) {
    throw channelsError('CHANNELS_ARGUMENT', {
      argument: request.type,
      reason: `request has ${writer.length} bytes, limit ${MAX_REQUEST}`,
    });
  }
  return writer.finish();
}

/**
 * Decodes what follows want_reply.
 *
 * @returns `undefined` when the request is unknown, or well-formed but not to be granted: text that is not
 *   UTF-8, malformed terminal modes, an absurd TERM. The answer is SSH_MSG_CHANNEL_FAILURE.
 * @throws {WireError} when `data` is not exactly one request of this name.
 */
export function decodeSessionRequest(name: string, data: Uint8Array): ReceivedSessionRequest | undefined {
  const reader = new WireReader(data);
  try {
    const request = readBody(name, reader);
    if (request !== undefined) reader.end(name);
    return request;
  } catch (error) {
    if (isWireError(error) && error.code === 'WIRE_UTF8') return undefined;
    throw error;
  }
}

function writeBody(writer: WireWriter, request: SessionRequest): void {
  switch (request.type) {
    case 'shell':
    case 'auth-agent-req@openssh.com':
      return;
    case 'exec':
      writer.string(bytesOf(request.command));
      return;
    case 'subsystem':
      writer.text(request.name);
      return;
    case 'pty-req':
      writer.text(request.term);
      writeSize(writer, request);
      writer.string(modesOf(request.modes));
      return;
    case 'env':
      writer.text(request.name).string(bytesOf(request.value));
      return;
    case 'window-change':
      writeSize(writer, request);
      return;
    case 'signal':
      writer.text(request.signal);
      return;
    case 'x11-req':
      writer.bool(request.singleConnection).text(request.protocol).text(request.cookie);
      writer.u32(uint32('screen', request.screen));
      return;
    case 'break':
      writer.u32(uint32('lengthMs', request.lengthMs));
      return;
    case 'exit-status':
      writer.u32(uint32('status', request.status));
      return;
    case 'exit-signal':
      writer.text(request.signal).bool(request.coreDumped).text(request.message).text('');
      return;
    default:
      request satisfies never;
  }
}

function readBody(name: string, reader: WireReader): ReceivedSessionRequest | undefined {
  switch (name) {
    case 'shell':
    case 'auth-agent-req@openssh.com':
      return { type: name };
    case 'exec':
      return { type: name, command: reader.string('exec.command') };
    case 'subsystem':
      return { type: name, name: reader.text('subsystem.name') };
    case 'pty-req': {
      const term = reader.text('pty-req.term');
      const size = readSize(reader);
      const modes = parseTerminalModes(reader.string('pty-req.modes'));
      if (modes === undefined || utf8(term).length > MAX_TERM) return undefined;
      return { type: name, term, ...size, modes };
    }
    case 'env':
      return { type: name, name: reader.text('env.name'), value: reader.string('env.value') };
    case 'window-change':
      return { type: name, ...readSize(reader) };
    case 'signal':
      return { type: name, signal: reader.text('signal.name') };
    case 'x11-req': {
      const singleConnection = reader.bool('x11-req.single connection');
      const protocol = reader.text('x11-req.protocol');
      const cookie = reader.text('x11-req.cookie');
      return { type: name, singleConnection, protocol, cookie, screen: reader.u32('x11-req.screen') };
    }
    case 'break':
      return { type: name, lengthMs: reader.u32('break.length') };
    case 'exit-status':
      return { type: name, status: reader.u32('exit-status.status') };
    case 'exit-signal': {
      const signal = printable(reader.string('exit-signal.name'), 64);
      const coreDumped = reader.bool('exit-signal.core dumped');
      const message = printable(reader.string('exit-signal.message'));
      reader.string('exit-signal.language');
      return { type: name, signal, coreDumped, message };
    }
    default:
      return undefined;
  }
}

interface Size {
  readonly columns: number;
  readonly rows: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

function writeSize(writer: WireWriter, size: Size): void {
  writer
    .u32(uint32('columns', size.columns))
    .u32(uint32('rows', size.rows))
    .u32(uint32('widthPixels', size.widthPixels))
    .u32(uint32('heightPixels', size.heightPixels));
}

function readSize(reader: WireReader): Size {
  const columns = reader.u32('columns');
  const rows = reader.u32('rows');
  const widthPixels = reader.u32('width');
  const heightPixels = reader.u32('height');
  return { columns, rows, widthPixels, heightPixels };
}

function modesOf(modes: readonly TerminalMode[]): Uint8Array {
  try {
    return encodeTerminalModes(modes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'is malformed';
    throw channelsError('CHANNELS_ARGUMENT', { argument: 'modes', reason }, { cause });
  }
}

function uint32(argument: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  throw channelsError('CHANNELS_ARGUMENT', { argument, reason: `must be a uint32, got ${value}` });
}

const bytesOf = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? utf8(value) : value);
