/** Makes a forgotten case of a union a compile error. */
export function unreachable(value: never): never {
  throw new TypeError(`unreachable: ${String(value)}`);
}
