import { seededRandom } from '@nbs-ssh/testing';
import {
  allAlgorithms,
  DEFAULT_LIMITS,
  DEFAULT_REKEY,
  type HostKey,
  type TransportConfig,
  TransportMachine,
  type TransportOutput,
} from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { concat, type SshError, type TraceEvent } from '@nbs-ssh/transport/wire';
import { newKey } from '../crypto/signatures/fixtures.ts';

export type Role = 'client' | 'server';

/** Made once: tests are about what is done with a key, not about the key. */
const keys = new Map<string, HostKey>();

export function hostKey(keyType = 'ssh-ed25519', name = 'a'): HostKey {
  const id = `${keyType} ${name}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  const privateKey = newKey(keyType);
  const made = { privateKey, publicKey: publicKeyOf(privateKey) };
  keys.set(id, made);
  return made;
}

export type Overrides = Omit<Partial<TransportConfig>, 'algorithms' | 'limits' | 'rekey'> & {
  readonly algorithms?: Partial<TransportConfig['algorithms']>;
  readonly limits?: Partial<TransportConfig['limits']>;
  readonly rekey?: Partial<TransportConfig['rekey']>;
};

export function config(role: Role, overrides: Overrides = {}, seed: string | number = 1): TransportConfig {
  const crypto: CryptoProvider = {
    ...(overrides.crypto ?? nodeProvider),
    random: seededRandom(`${seed} ${role}`),
  };
  return {
    role,
    hostKeys: role === 'server' ? [hostKey()] : [],
    software: `Test_${role}`,
    strictKex: 'offer',
    serverSigAlgs: role === 'server' ? ['ssh-ed25519', 'rsa-sha2-512'] : [],
    trace: undefined,
    tracePackets: true,
    ...overrides,
    crypto,
    algorithms: { ...allAlgorithms(crypto), ...FAST, ...overrides.algorithms },
    limits: { ...DEFAULT_LIMITS, ...overrides.limits },
    rekey: { ...DEFAULT_REKEY, ...overrides.rekey },
  };
}

/** The cheapest methods, so that thousands of handshakes stay affordable. */
const FAST = { kex: ['curve25519-sha256'] };

/** One end of a connection in memory, and all it said. */
export class End {
  readonly role: Role;
  readonly machine: TransportMachine;
  readonly events: TraceEvent[] = [];
  readonly outputs: TransportOutput[] = [];
  /** Copies of the messages for the layers above. */
  readonly messages: Uint8Array[] = [];
  /** Everything sent so far. */
  readonly sent: Uint8Array[] = [];
  /** Whether host key questions are answered with yes at once. */
  trusts = true;
  now = 0;

  constructor(machineConfig: TransportConfig) {
    this.role = machineConfig.role;
    this.machine = new TransportMachine({
      ...machineConfig,
      trace: (event) => this.events.push(event),
    });
  }

  start(): this {
    this.machine.start(this.now);
    return this;
  }

  get error(): SshError | undefined {
    const last = this.outputs.findLast((output) => output.type === 'failed');
    return last?.type === 'failed' ? last.error : undefined;
  }

  get code(): string | undefined {
    return this.error?.code;
  }

  get context(): Readonly<Record<string, unknown>> {
    return (this.error?.context ?? {}) as Readonly<Record<string, unknown>>;
  }

  get ready(): boolean {
    return this.outputs.some((output) => output.type === 'ready');
  }

  /** Reason of the SSH_MSG_DISCONNECT that this end sent. */
  get goodbye(): unknown {
    return this.events.find((event) => event.name === 'transport.disconnect.sent')?.fields['code'];
  }

  event(name: string): TraceEvent['fields'] | undefined {
    return this.events.findLast((event) => event.name === name)?.fields;
  }

  count(name: string): number {
    return this.events.filter((event) => event.name === name).length;
  }

  /** Packets in one direction as `[number, sequence]`. */
  packets(direction: 'sent' | 'received'): (readonly [number, number])[] {
    return this.events
      .filter((event) => event.name === 'transport.packet' && event.fields['direction'] === direction)
      .map((event) => [event.fields['number'] as number, event.fields['sequence'] as number] as const);
  }

  receive(bytes: Uint8Array | undefined): void {
    this.machine.receive(bytes?.slice());
    this.settle();
  }

  /** Polls until the machine waits. */
  settle(): void {
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) {
      if (output.type === 'message') this.messages.push(output.payload.slice());
      this.outputs.push(output);
      if (output.type === 'effect' && this.trusts) this.machine.resolveHostKey(undefined);
    }
    // What is due at once is work that the machine does in parts.
    if (this.machine.deadline() !== undefined && (this.machine.deadline() as number) <= this.now)
      this.tick(this.now);
  }

  /** Everything there is to send, as one array; empty when there is nothing. */
  take(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let part = this.machine.takeBytes(); part !== undefined; part = this.machine.takeBytes())
      parts.push(part);
    const bytes = concat(...parts);
    if (bytes.length > 0) this.sent.push(bytes);
    return bytes;
  }

  tick(now: number): void {
    this.now = now;
    this.machine.tick(now);
    this.settle();
  }
}

export interface Twins {
  readonly client: End;
  readonly server: End;
}

export function twins(
  both: Overrides = {},
  client: Overrides = {},
  server: Overrides = {},
  seed: string | number = 1,
): Twins {
  return {
    client: new End(config('client', { ...both, ...client }, seed)),
    server: new End(config('server', { ...both, ...server }, seed)),
  };
}

/** What may happen to bytes on their way. */
export type Wire = (from: Role, bytes: Uint8Array) => readonly Uint8Array[];

const straight: Wire = (_from, bytes) => [bytes];

/** Carries bytes between both ends until both are silent. */
export function pump({ client, server }: Twins, wire: Wire = straight): void {
  for (let quiet = false; !quiet; ) {
    quiet = true;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.settle();
      const bytes = from.take();
      if (bytes.length === 0) continue;
      quiet = false;
      for (const segment of wire(from.role, bytes)) to.receive(segment);
    }
  }
}

/** A pair that has finished its first exchange. */
export function connected(...options: Parameters<typeof twins>): Twins {
  const pair = twins(...options);
  pair.client.start();
  pair.server.start();
  pump(pair);
  if (!pair.client.ready || !pair.server.ready || pair.client.error || pair.server.error) {
    throw new Error('the twins did not connect', { cause: pair.client.error ?? pair.server.error });
  }
  return pair;
}

/** The same, after authentication as the layers above would report it. */
export function authenticated(...options: Parameters<typeof twins>): Twins {
  const pair = connected(...options);
  pair.client.machine.setAuthenticated();
  pair.server.machine.setAuthenticated();
  return pair;
}

/** A message of a layer above, with a number of its own and recognisable content. */
export function message(number: number, length: number, fill = number): Uint8Array {
  const payload = new Uint8Array(length).fill(fill & 0xff);
  payload[0] = number;
  return payload;
}

export const other = (role: Role): Role => (role === 'client' ? 'server' : 'client');

export function oneByOne(_from: Role, bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}
