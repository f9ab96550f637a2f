/** The sentence without the code in front of it: public errors carry the code as a field. */
export function textOf(error: { readonly code: string; readonly message: string }): string {
  return error.message.startsWith(`${error.code}: `)
    ? error.message.slice(error.code.length + 2)
    : error.message;
}
