/** A TCP port on this side. */
export interface LocalPort {
  readonly localHost: string;
  readonly localPort: number;
}

/** A Unix socket on this side. */
export interface LocalPath {
  readonly localPath: string;
}

/** A TCP port on the server's side. */
export interface RemotePort {
  readonly remoteHost: string;
  readonly remotePort: number;
}

/** A Unix socket on the server's side. */
export interface RemotePath {
  readonly remotePath: string;
}

export type LocalEnd = LocalPort | LocalPath;
export type RemoteEnd = RemotePort | RemotePath;

/** What comes to the local end leaves at the remote end. */
export type LocalForwardIntent = { readonly type: 'local' } & LocalEnd & RemoteEnd;
/** What comes to the remote end leaves at the local end. */
export type RemoteForwardIntent = { readonly type: 'remote' } & LocalEnd & RemoteEnd;
/** What comes to the local end says by SOCKS where it wants to leave the server. */
export type DynamicForwardIntent = { readonly type: 'dynamic' } & LocalPort;
/** What comes to the remote end says by SOCKS where it wants to leave this side. */
export type RemoteDynamicForwardIntent = { readonly type: 'remote-dynamic' } & RemotePort;

/** What a forward is for, as it was asked for: plain data, from which it can be set up again. */
export type ForwardIntent =
  | LocalForwardIntent
  | RemoteForwardIntent
  | DynamicForwardIntent
  | RemoteDynamicForwardIntent;

/** Where listening ends, when nothing else is said: loopback, of both families. */
export const LOOPBACK = 'localhost';

export const localEndOf = (intent: LocalEnd): LocalEnd =>
  'localPath' in intent
    ? { localPath: intent.localPath }
    : { localHost: intent.localHost, localPort: intent.localPort };

export const remoteEndOf = (intent: RemoteEnd): RemoteEnd =>
  'remotePath' in intent
    ? { remotePath: intent.remotePath }
    : { remoteHost: intent.remoteHost, remotePort: intent.remotePort };

/** For messages: `host:port`, `[v6]:port` or a path. */
export function showEnd(end: LocalEnd | RemoteEnd): string {
  if ('localPath' in end) return end.localPath;
  if ('remotePath' in end) return end.remotePath;
  const [host, port] = 'localPort' in end ? [end.localHost, end.localPort] : [end.remoteHost, end.remotePort];
  const name = host === '' ? '*' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}
