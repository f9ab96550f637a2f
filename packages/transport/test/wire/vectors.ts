import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Field, fromHex, isWireError, WireReader, type WireWriter } from '@nbs-ssh/transport/wire';

export interface VectorFile<V> {
  readonly source: string;
  readonly vectors: readonly V[];
}

export interface Refusal {
  readonly name: string;
  readonly hex: string;
  readonly code: string;
}

/** A file of `test-vectors/wire`. */
export function vectorFile<F>(name: string): F {
  const url = new URL(`../../../../test-vectors/wire/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as F;
}

export const hex = fromHex;

/** Reads one value and says what is left. */
export function readOne<T>(field: Field<T>, bytes: Uint8Array): { value: T; remaining: number } {
  const reader = new WireReader(bytes);
  const value = field.read(reader, 'value');
  return { value, remaining: reader.remaining };
}

export function written<T>(field: Field<T>, writer: WireWriter, value: T): Uint8Array {
  field.write(writer, value);
  return writer.finish();
}

/** For `assert.throws`: the peer broke the wire format in this way. */
export function wireFault(code: string): (error: unknown) => boolean {
  return (error) =>
    isWireError(error) && error.code === code && error.fault === 'peer' && error.disconnect === 2;
}

/** Every proper prefix of `bytes` is refused as too short. */
export function assertTruncationsRefused<T>(field: Field<T>, bytes: Uint8Array): void {
  for (let cut = 0; cut < bytes.length; cut += 1) {
    assert.throws(
      () => readOne(field, bytes.subarray(0, cut)),
      wireFault('WIRE_SHORT_READ'),
      `cut at ${cut}`,
    );
  }
}
