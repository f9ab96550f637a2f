export { type ChannelPhase, type ChannelState, LEGAL_MESSAGES } from './channel-state.ts';
export {
  DEFAULT_LIMITS,
  type MultiplexerLimits,
  type MultiplexerOptions,
  type OpenOptions,
  type ReceiveSizes,
} from './config.ts';
export { type ChannelsError, type ChannelsErrors, channelsError, isChannelsError } from './errors.ts';
export {
  DIRECT_STREAMLOCAL,
  DIRECT_TCPIP,
  type DirectTcpip,
  decodeDirectStreamlocal,
  decodeDirectTcpip,
  decodeForwardedStreamlocal,
  decodeForwardedTcpip,
  encodeDirectStreamlocal,
  encodeDirectTcpip,
  encodeForwardedStreamlocal,
  encodeForwardedTcpip,
  FORWARDED_STREAMLOCAL,
  FORWARDED_TCPIP,
  type ForwardedTcpip,
  type Streamlocal,
} from './forward-opens.ts';
export {
  CANCEL_STREAMLOCAL_FORWARD,
  CANCEL_TCPIP_FORWARD,
  decodeForwardedPort,
  decodeStreamlocalForward,
  decodeTcpipForward,
  encodeForwardedPort,
  encodeStreamlocalForward,
  encodeTcpipForward,
  STREAMLOCAL_FORWARD,
  TCPIP_FORWARD,
  type TcpipForward,
} from './forward-requests.ts';
export type {
  GlobalRequestId,
  GlobalRequestToken,
  LocalChannelId,
  RemoteChannelId,
  RequestId,
  RequestToken,
} from './ids.ts';
export { isConnectionMessage, OpenFailureReason } from './messages.ts';
export { Multiplexer } from './multiplexer.ts';
export type { ChannelEvent, GlobalEvent, MuxError, MuxOutput, SendOutput } from './output.ts';
export type { DataStream } from './send-queue.ts';
export type {
  ReceivedSessionRequest,
  SessionRequest,
  SessionRequestOf,
  SessionRequestType,
} from './session-requests.ts';
export { isSocksError, type SocksError, type SocksErrors, socksError } from './socks/errors.ts';
export { type SocksOutput, SocksServer } from './socks/server.ts';
export type { SocksFailure, SocksRequest } from './socks/types.ts';
export {
  encodeTerminalModes,
  MAX_TERMINAL_MODES,
  parseTerminalModes,
  type TerminalMode,
  TerminalOpcode,
} from './terminal-modes.ts';
export { creditAfterRead } from './window.ts';
export { decodeX11Open, X11_CHANNEL, type X11Open } from './x11/open.ts';
export {
  COOKIE_LENGTH,
  encodeX11Setup,
  MIT_MAGIC_COOKIE,
  type X11Setup,
  type X11SetupProblem,
  X11SetupReader,
  type X11SetupResult,
} from './x11/setup.ts';
