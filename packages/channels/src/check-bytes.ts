/** The length as the engine knows it; `bytes.length` can be shadowed. Throws for what is no typed array. */
const intrinsicLength = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  'byteLength',
)?.get as (this: unknown) => number;

/** @throws {TypeError} unless `bytes` is a Uint8Array that says the truth about its length. */
export function checkBytes(bytes: unknown): void {
  if (bytes instanceof Uint8Array && intrinsicLength.call(bytes) === bytes.length) return;
  throw new TypeError('write takes a Uint8Array');
}
