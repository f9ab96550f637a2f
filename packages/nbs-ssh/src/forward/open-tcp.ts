import { type ByteDuplex, pipeOver } from '@nbs-ssh/session';
import { openChannel, type TcpOpener } from './open-channel.ts';

export interface OpenTcpOptions {
  /** Where the connection came from, told to the server for its log. Default `127.0.0.1` and 0. */
  readonly originHost?: string;
  readonly originPort?: number;
  /** Gives up opening. Once the pipe is open it has no effect. */
  readonly signal?: AbortSignal;
}

/** A byte pipe to `host:port` beyond the server. @throws as {@link openChannel} */
export async function openTcp(
  opener: TcpOpener,
  host: string,
  port: number,
  { originHost = '127.0.0.1', originPort = 0, signal }: OpenTcpOptions = {},
): Promise<ByteDuplex> {
  const end = { remoteHost: host, remotePort: port };
  const { duplex } = await openChannel(
    opener,
    end,
    { originHost, originPort },
    (start) => pipeOver(start, opener.toPublic),
    signal,
  );
  return duplex;
}
