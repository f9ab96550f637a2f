import { printable } from '@nbs-ssh/transport/wire';
import type { ForwardHandle } from '../forward/handle.ts';
import type { ForwardEnd, ForwardSpec } from '../ssh-config/forward.ts';

/** `local forward 8080 to web:80`, as it was asked for. */
export function showSpec({ type, listen, target }: ForwardSpec): string {
  const to = target === undefined ? '' : ` to ${end(target)}`;
  return `${type} forward ${end(listen)}${to}`;
}

function end(of: ForwardEnd): string {
  if ('path' in of) return printable(of.path);
  return of.host === undefined ? String(of.port) : hostPort(of.host, of.port);
}

/** The same of one that is there, with the port that was chosen. */
export function showForward(handle: ForwardHandle): string {
  const { localHost, localPort, localPath, remoteHost, remotePort, remotePath } = handle;
  const here = localPath ?? (localPort === undefined ? undefined : hostPort(localHost ?? '', localPort));
  const there = remotePath ?? (remotePort === undefined ? undefined : hostPort(remoteHost ?? '', remotePort));
  const { type } = handle.intent;
  const ends = type === 'local' || type === 'dynamic' ? [here, there] : [there, here];
  return `${type === 'remote-dynamic' ? 'remote' : type} forward ${ends
    .filter((each) => each !== undefined)
    .map((each) => printable(each))
    .join(' to ')}`;
}

/** `3 connections, 1 open, 120 bytes sent, 3000 received`. */
export function showTraffic({ stats }: ForwardHandle): string {
  const { connections, active, failed, bytesSent, bytesReceived } = stats;
  return [
    `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    `${active} open`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    `${bytesSent} bytes sent`,
    `${bytesReceived} received`,
  ].join(', ');
}

function hostPort(host: string, port: number): string {
  const name = host === '' ? '*' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}
