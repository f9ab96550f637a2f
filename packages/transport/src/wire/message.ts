import { wireError } from './errors.ts';
import type { Field } from './field.ts';
import { WireReader } from './reader.ts';
import { WireWriter } from './writer.ts';

/** One field codec per property of `M`. Property order is wire order. */
export type Layout<M> = { readonly [K in keyof M]-?: Field<M[K]> };

/** Turns one SSH message into bytes and back. Stateless, so one instance serves every connection. */
export interface MessageCodec<M> {
  /** Name as the RFC prints it, for errors and traces. */
  readonly name: string;
  /** Message number, RFC 4250 §4.1.2. */
  readonly number: number;
  /** @throws {WireError} when `payload` is not exactly one well-formed message of this kind. */
  readonly decode: (payload: Uint8Array) => M;
  readonly encode: (message: M) => Uint8Array;
}

/** A codec from a layout. Trailing bytes are an error, always. */
export function message<M extends object>(name: string, number: number, layout: Layout<M>): MessageCodec<M> {
  const fields = Object.entries(layout) as [keyof M & string, Field<M[keyof M & string]>][];
  return {
    name,
    number,
    decode: (payload) => {
      const reader = new WireReader(payload);
      const received = reader.u8(name);
      if (received !== number) {
        throw wireError('WIRE_MESSAGE_NUMBER', { message: name, expected: number, received });
      }
      const out = {} as M;
      for (const [key, field] of fields) out[key] = field.read(reader, `${name}.${key}`);
      reader.end(name);
      return out;
    },
    encode: (value) => {
      const writer = new WireWriter();
      writer.u8(number);
      for (const [key, field] of fields) field.write(writer, value[key]);
      return writer.finish();
    },
  };
}
