// Messages of a peer, by hand.
import { EMPTY } from '@nbs-ssh/transport/wire';
import { Multiplexer, type MultiplexerOptions } from '../src/index.ts';
import { ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure, GlobalRequest } from '../src/messages.ts';

export const confirmation = (
  recipient: number,
  sender: number,
  maxPacket = 1000,
  window = 1000,
): Uint8Array =>
  ChannelOpenConfirmation.encode({ recipient, sender, window, maxPacket, typeSpecific: EMPTY });
export const refusal = (recipient: number, reason = 1, description = EMPTY): Uint8Array =>
  ChannelOpenFailure.encode({ recipient, reason, description, language: EMPTY });
export const opening = (sender: number, channelType = 'session', maxPacket = 1000): Uint8Array =>
  ChannelOpen.encode({ channelType, sender, window: 1000, maxPacket, typeSpecific: EMPTY });
export const global = (name: string, wantReply: boolean): Uint8Array =>
  GlobalRequest.encode({ name, wantReply, data: EMPTY });
export const client = (options: Partial<MultiplexerOptions> = {}): Multiplexer =>
  new Multiplexer({ role: 'client', ...options });
export const numbers = (sent: readonly Uint8Array[]): (number | undefined)[] =>
  sent.map((payload) => payload[0]);
