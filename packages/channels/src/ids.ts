import type { Brand } from '@nbs-ssh/transport/wire';

/** Our number for a channel. Incoming messages carry this one. */
export type LocalChannelId = Brand<number, 'LocalChannelId'>;
/** The peer's number for the same channel. Outgoing messages carry this one. */
export type RemoteChannelId = Brand<number, 'RemoteChannelId'>;
/** Names a channel request that we sent, so that its reply can be matched. */
export type RequestId = Brand<number, 'RequestId'>;
/** Names a global request that we sent. */
export type GlobalRequestId = Brand<number, 'GlobalRequestId'>;
/** Names a channel request of the peer that waits for our answer. */
export type RequestToken = Brand<number, 'RequestToken'>;
/** Names a global request of the peer that waits for our answer. */
export type GlobalRequestToken = Brand<number, 'GlobalRequestToken'>;

export const localChannelId = (value: number): LocalChannelId => value as LocalChannelId;
export const remoteChannelId = (value: number): RemoteChannelId => value as RemoteChannelId;
export const requestId = (value: number): RequestId => value as RequestId;
export const globalRequestId = (value: number): GlobalRequestId => value as GlobalRequestId;
export const requestToken = (value: number): RequestToken => value as RequestToken;
export const globalRequestToken = (value: number): GlobalRequestToken => value as GlobalRequestToken;
