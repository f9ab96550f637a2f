import type { AlgorithmOffers, EventData, SSHEvent } from '@nbs-ssh/evidence';
import { printable } from '@nbs-ssh/transport/wire';

/**
 * What `-v` prints for an event, a line each. Level 1 and 2 tell the phases, 3 each packet too.
 */
export function describeEvent(event: SSHEvent, level: number): readonly string[] {
  switch (event.eventType) {
    case 'CONNECT':
      return [connect(event.data)];
    case 'KEX':
      return kex(event.data);
    case 'HOST_KEY':
      return [hostKey(event.data)];
    case 'AUTH':
      return [auth(event.data)];
    case 'FORWARD':
      return forward(event.data);
    case 'EXEC':
      return [exec(event.data)];
    case 'KEEPALIVE_SENT':
      return level < 2 ? [] : ['asked the server for a sign of life'];
    case 'KEEPALIVE_RECEIVED':
      return level < 2 ? [] : [`the server is alive${took(event.data.rtt_ms)}`];
    case 'KEEPALIVE_TIMEOUT':
      return [`the server missed ${event.data.missed ?? '?'} signs of life`];
    case 'DISCONNECT':
      return [`disconnected by ${event.data.by ?? 'the network'}: ${shown(event.data.reason)}`];
    case 'ERROR':
      return [`${shown(event.data.error_type)} (${shown(event.data.code)}): ${shown(event.data.message)}`];
    case 'PACKET':
      return level < 3 ? [] : [packet(event.data)];
    default:
      return [];
  }
}

function connect(data: EventData['CONNECT']): string {
  const at = `${shown(data.host)} port ${data.port ?? '?'}`;
  if (data.status === 'initiating') return `connecting to ${at} as ${shown(data.username)}`;
  if (data.status === 'tcp') return `TCP connection to ${shown(data.address)}${took(data.duration_ms)}`;
  return `logged in on ${at} by ${shown(data.auth_method)}${took(data.duration_ms)}`;
}

function kex(data: EventData['KEX']): readonly string[] {
  if (data.status === 'failed') {
    return ['key exchange failed', ...(data.offers === undefined ? [] : describeOffers(data.offers))];
  }
  const names = [data.kex, data.host_key, data.cipher_cs, data.mac_cs];
  const back = data.cipher_sc === data.cipher_cs ? '' : `, back ${shown(data.cipher_sc)}`;
  const rekey = (data.number ?? 1) > 1 ? ` (number ${data.number}, ${shown(data.cause)})` : '';
  const list = names.filter((name) => name != null && name !== '').map(shown);
  const strict = data.strict_kex === true ? ', strict' : '';
  const insecure = (data.insecure ?? []).map((name) => `${shown(name)} is insecure, and is used`);
  return [`keys exchanged: ${list.join(', ')}${back}${strict}${rekey}${took(data.duration_ms)}`, ...insecure];
}

/** Both sides' lists, a line each. */
export function describeOffers(both: AlgorithmOffers): readonly string[] {
  const lines: string[] = [];
  for (const [side, offer] of [['we offer', both.client] as const, ['server offers', both.server] as const]) {
    for (const [slot, names] of Object.entries(offer ?? {})) {
      lines.push(`  ${side} ${slot}: ${Array.isArray(names) ? names.map(shown).join(', ') : shown(names)}`);
    }
  }
  return lines;
}

function hostKey(data: EventData['HOST_KEY']): string {
  const place = data.file === undefined ? '' : ` at ${shown(data.file)}:${data.line ?? '?'}`;
  return `host key ${shown(data.key_type)} ${shown(data.fingerprint)}${certificate(data)}: ${shown(data.verdict)}${place}`;
}

/** Who certified the key, and why that does not count. */
function certificate(data: EventData['HOST_KEY'] | EventData['AUTH']): string {
  if (data.ca_fingerprint === undefined) return '';
  const problem = data.certificate_problem === undefined ? '' : `, ${shown(data.certificate_problem)}`;
  return ` (certificate "${shown(data.key_id)}" of CA ${shown(data.ca_fingerprint)}${problem})`;
}

function auth(data: EventData['AUTH']): string {
  const what = `${shown(data.method)}${data.fingerprint === undefined ? '' : ` ${shown(data.fingerprint)}`}${certificate(data)}`;
  const rest =
    data.remaining === undefined || data.status === 'success'
      ? ''
      : `, the server takes ${data.remaining.map(shown).join(', ') || 'nothing'}`;
  const why = data.reason === undefined ? '' : ` (${shown(data.reason)})`;
  const stage = data.status === 'attempt' && data.stage !== undefined ? ` ${shown(data.stage)}` : '';
  return `login ${what}: ${data.status}${stage}${why}${data.status === 'attempt' ? '' : rest}${took(data.duration_ms)}`;
}

function exec(data: EventData['EXEC']): string {
  const end = data.signal == null ? `exit ${data.exit_code ?? 'unknown'}` : `signal ${shown(data.signal)}`;
  const bytes = `${data.stdout_len ?? 0} + ${data.stderr_len ?? 0} bytes`;
  return `command ended: ${end}, ${bytes}${took(data.duration_ms)}`;
}

function forward(data: EventData['FORWARD']): readonly string[] {
  // What goes wrong is told in any case.
  if (data.forward_type === 'x11')
    return data.status === 'established' ? ['programs of the server may use the display here'] : [];
  const what = `${shown(data.forward_type)} forward ${forwardEnds(data)}`;
  switch (data.status) {
    case 'established':
      return [`${what}: listening${data.actual_port === undefined ? '' : `, port ${data.actual_port}`}`];
    case 'closed':
      return [
        `${what}: closed, ${data.connections ?? 0} connections, ${data.bytes_sent ?? 0} bytes sent, ${data.bytes_received ?? 0} received`,
      ];
    case 'connection_failed':
      // Others are told in any case.
      return data.reason === 'broken' || data.reason === 'withdrawn' ? [`${what}: ${shown(data.error)}`] : [];
    case 'failed':
    case 'replayed':
    case 'replay_failed':
      return [`${what}: ${data.status}${data.error === undefined ? '' : `, ${shown(data.error)}`}`];
    default:
      return [];
  }
}

function forwardEnds(data: EventData['FORWARD']): string {
  const local =
    data.local_path ?? (data.local_port === undefined ? undefined : `${data.local_host}:${data.local_port}`);
  const remote =
    data.remote_path ??
    (data.remote_port === undefined ? undefined : `${data.remote_host}:${data.remote_port}`);
  const ends = data.forward_type?.startsWith('remote') === true ? [remote, local] : [local, remote];
  return ends
    .filter((end) => end !== undefined)
    .map(shown)
    .join(' to ');
}

function packet(data: EventData['PACKET']): string {
  return `packet ${shown(data.direction)} ${shown(data.name)} (${data.number ?? '?'}), ${data.length ?? 0} bytes`;
}

const took = (ms: number | undefined): string => (ms === undefined ? '' : `, ${ms.toFixed(1)} ms`);
const shown = (value: unknown): string => (value == null ? '?' : printable(String(value), 512));
