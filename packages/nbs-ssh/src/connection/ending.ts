import { printable, type TraceValue } from '@nbs-ssh/transport/wire';
import { ConnectionClosed, type SSHError } from '../errors/classes.ts';

/** Whether the end is what the caller wanted, by `close()`. */
export const isGraceful = (error: SSHError): boolean =>
  error instanceof ConnectionClosed && error.code === 'CONNECT_CLOSED';

/** Tells the trace why a connection is over, and by whom. */
export function tellEnd(
  error: SSHError,
  emit: (name: string, fields: Record<string, TraceValue>) => void,
): void {
  const graceful = isGraceful(error);
  if (!graceful) {
    emit('session.error', {
      error_type: error.errorType,
      code: error.code,
      message: printable(error.message, 1024),
      phase: error.phase ?? null,
      ...(error.context.hop === undefined ? {} : { hop: error.context.hop }),
    });
  }
  const network = error.fault === 'network' && error.code !== 'CONNECT_TIMEOUT';
  const by = error.code === 'TRANSPORT_DISCONNECTED' ? 'peer' : network ? 'network' : 'us';
  emit('session.closed', {
    reason: graceful ? 'closed by us' : printable(error.message, 256),
    code: error.code,
    by,
  });
}
