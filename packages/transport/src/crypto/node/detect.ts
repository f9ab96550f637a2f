import { toHex } from '../../wire/index.ts';
import type { AeadCipherSuite, MacSuite, StreamCipherSuite } from '../cipher.ts';
import type { DhPower } from '../dh/finite-field.ts';
import type { DiffieHellman } from '../ecdh.ts';

// Deno and Bun have the names of `node:crypto` but not always all of its behaviour, so lists of names prove little:
// each suite of the platform is used once, on known bytes, when it is needed for the first time. That is cheap, and
// loading the provider costs nothing.

/** The platform's suite when `works` says so, else `fallback`; asked at the first use, and never again. */
export function aeadOrElse(
  fallback: AeadCipherSuite,
  platform: AeadCipherSuite,
  works: () => boolean,
): AeadCipherSuite {
  const choose = once(() => (quietly(works) ? platform : fallback));
  return { ...fallback, sealer: (keys) => choose().sealer(keys), opener: (keys) => choose().opener(keys) };
}

export function streamOrElse(
  fallback: StreamCipherSuite,
  platform: StreamCipherSuite,
  works: () => boolean,
): StreamCipherSuite {
  const choose = once(() => (quietly(works) ? platform : fallback));
  return {
    ...fallback,
    encryptor: (keys) => choose().encryptor(keys),
    decryptor: (keys) => choose().decryptor(keys),
  };
}

export function macOrElse(fallback: MacSuite, platform: MacSuite, works: () => boolean): MacSuite {
  const choose = once(() => (quietly(works) ? platform : fallback));
  return { ...fallback, create: (key) => choose().create(key) };
}

export function dhOrElse(
  fallback: DiffieHellman,
  platform: DiffieHellman,
  works: () => boolean,
): DiffieHellman {
  const choose = once(() => (quietly(works) ? platform : fallback));
  return {
    publicLength: fallback.publicLength,
    newSecret: fallback.newSecret,
    publicValue: (secret) => choose().publicValue(secret),
    shared: (secret, peer) => choose().shared(secret, peer),
  };
}

/** As {@link dhOrElse}; a group that the platform refuses is computed by `fallback` too. */
export function powerOrElse(fallback: DhPower, platform: DhPower, works: () => boolean): DhPower {
  const choose = once(() => (quietly(works) ? platform : fallback));
  const orElse = (compute: (power: DhPower) => bigint): bigint => {
    const power = choose();
    try {
      return compute(power);
    } catch (error) {
      if (power === fallback) throw error;
      return compute(fallback);
    }
  };
  return {
    publicValue: (group, secret) => orElse((power) => power.publicValue(group, secret)),
    shared: (group, secret, peer) => orElse((power) => power.shared(group, secret, peer)),
  };
}

/** Seals a known packet and opens it again. @param expected - The tag, in hex. */
export function aeadWorks(suite: AeadCipherSuite, expected: string): boolean {
  const packet = pattern(4 + 32 + suite.sealer(keysFor(suite)).tagLength);
  suite.sealer(keysFor(suite)).seal(7, packet);
  if (toHex(packet.subarray(-16)) !== expected) return false;
  return (
    suite.opener(keysFor(suite)).open(7, packet) &&
    toHex(packet.subarray(4, 36)) === toHex(pattern(36).subarray(4))
  );
}

/** @param expected - The last block of four, in hex; they are given in two calls, so that the counter must go on. */
export function streamWorks(suite: StreamCipherSuite, expected: string): boolean {
  const transform = suite.encryptor(keysFor(suite));
  const bytes = pattern(64);
  transform.apply(bytes.subarray(0, 16));
  transform.apply(bytes.subarray(16));
  return toHex(bytes.subarray(48)) === expected;
}

/** Decrypts what it has encrypted, in two calls again. For ciphers that work differently in the two directions. */
export function streamUndoes(suite: StreamCipherSuite): boolean {
  const bytes = pattern(64);
  suite.encryptor(keysFor(suite)).apply(bytes);
  const transform = suite.decryptor(keysFor(suite));
  transform.apply(bytes.subarray(0, 16));
  transform.apply(bytes.subarray(16));
  return toHex(bytes) === toHex(pattern(64));
}

/** @param expected - The first 16 bytes of the MAC, in hex. */
export function macWorks(suite: MacSuite, expected: string): boolean {
  const mac = suite.create(pattern(suite.keyLength));
  return toHex(mac.compute(0x01020304, pattern(40)).subarray(0, 16)) === expected;
}

/** @param expected - The public value of the known secret, in hex. */
export function x25519Works(dh: DiffieHellman, expected: string): boolean {
  const secret = pattern(dh.publicLength);
  const shared = dh.shared(secret, dh.publicValue(secret));
  return typeof shared !== 'string' && toHex(dh.publicValue(secret)) === expected;
}

function once<T>(choose: () => T): () => T {
  let chosen: T | undefined;
  return () => {
    chosen ??= choose();
    return chosen;
  };
}

function quietly(works: () => boolean): boolean {
  try {
    return works();
  } catch {
    return false;
  }
}

const keysFor = (suite: {
  readonly keyLength: number;
  readonly ivLength: number;
}): { key: Uint8Array; iv: Uint8Array } => ({
  key: pattern(suite.keyLength),
  iv: pattern(suite.ivLength),
});

/** Neither random nor secret: only for known answers. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) bytes[i] = 1 + i * 7;
  return bytes;
}
