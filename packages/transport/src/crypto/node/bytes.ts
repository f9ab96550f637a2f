/** A plain array with its own memory: a Buffer's `slice` shares, and small Buffers share one pool. */
export const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);
