import type { TraceEvent, TraceValue } from '@nbs-ssh/transport/wire';

/** One side's KEXINIT, shortened. */
export function offer(...kex: string[]): Record<string, TraceValue> {
  return {
    kex,
    host_key: ['ssh-ed25519', 'rsa-sha2-512'],
    cipher_cs: ['chacha20-poly1305@openssh.com', 'aes256-gcm@openssh.com'],
    cipher_sc: ['chacha20-poly1305@openssh.com'],
    mac_cs: ['hmac-sha2-256-etm@openssh.com'],
    mac_sc: ['hmac-sha2-256-etm@openssh.com'],
    compression_cs: ['none'],
    compression_sc: ['none'],
    strict: true,
    number: 1,
  };
}

export const FINGERPRINT = 'SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDkHyeBRCjq4hyX9wE';

/** A session that connects, logs in, runs one command and closes. Times are monotonic milliseconds. */
export const SESSION: readonly TraceEvent[] = [
  trace(100, 'session.connect.started', { host: 'db.corp.example', port: 2222, username: 'alice' }),
  trace(105, 'session.tcp.connected', {
    host: 'db.corp.example',
    port: 2222,
    address: '10.1.2.3',
    duration_ms: 5,
  }),
  trace(105, 'transport.identification.sent', { line: 'SSH-2.0-nbs-ssh_0.1.0' }),
  trace(112, 'transport.identification.received', {
    line: 'SSH-2.0-OpenSSH_9.2p1 Debian-2',
    software: 'OpenSSH_9.2p1',
    pre_lines: 0,
  }),
  trace(112, 'transport.kexinit.sent', offer('mlkem768x25519-sha256', 'curve25519-sha256')),
  trace(113, 'transport.kexinit.received', offer('sntrup761x25519-sha512', 'curve25519-sha256')),
  trace(113, 'transport.kex.negotiated', {
    kex: 'curve25519-sha256',
    host_key: 'ssh-ed25519',
    cipher_cs: 'chacha20-poly1305@openssh.com',
    cipher_sc: 'chacha20-poly1305@openssh.com',
    mac_cs: 'hmac-sha2-256-etm@openssh.com',
    mac_sc: 'hmac-sha2-256-etm@openssh.com',
    compression_cs: 'none',
    compression_sc: 'none',
    strict_kex: true,
    number: 1,
    guess_discarded: false,
  }),
  trace(118, 'transport.hostkey.received', {
    key_type: 'ssh-ed25519',
    fingerprint: FINGERPRINT,
    algorithm: 'ssh-ed25519',
  }),
  trace(119, 'transport.hostkey.verdict', {
    verdict: 'known',
    fingerprint: FINGERPRINT,
    file: '/home/alice/.ssh/known_hosts',
    line: 7,
    policy: 'strict',
  }),
  trace(121, 'transport.kex.done', { number: 1, duration_ms: 9 }),
  trace(122, 'auth.service.requested', {}),
  trace(123, 'auth.attempt', {
    method: 'publickey',
    username: 'alice',
    fingerprint: FINGERPRINT,
    algorithm: 'ssh-ed25519',
    stage: 'sign',
  }),
  trace(130, 'auth.result', {
    method: 'publickey',
    username: 'alice',
    result: 'success',
    remaining: [],
    duration_ms: 7,
    fingerprint: FINGERPRINT,
    algorithm: 'ssh-ed25519',
  }),
  trace(130, 'auth.success', { method: 'publickey' }),
  trace(131, 'session.ready', { duration_ms: 31 }),
  trace(132, 'channels.open', { channel: 0, type: 'session', direction: 'out' }),
  trace(134, 'channels.opened', { channel: 0 }),
  trace(135, 'session.exec.started', { command: 'uname -a; exit 3', streaming: false, channel: 0 }),
  trace(145, 'session.exec.done', {
    command: 'uname -a; exit 3',
    streaming: false,
    duration_ms: 10,
    exit_code: 3,
    signal: null,
    stdout_len: 80,
    stderr_len: 0,
    cancelled: false,
  }),
  trace(150, 'session.closed', { reason: 'closed by the user', code: 11, by: 'us' }),
];

export function trace(time: number, name: string, fields: Record<string, TraceValue>): TraceEvent {
  return { time, name, fields };
}

/** Unix milliseconds at the traces' zero. */
export const EPOCH = 1_700_000_000_000;
