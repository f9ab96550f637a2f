// SOCKS as clients send it, by hand.
import { concat, fromHex, toHex, utf8 } from '@nbs-ssh/transport/wire';
import { type SocksOutput, SocksServer } from '../../src/index.ts';

/** Methods of version 5: no authentication. */
export const METHODS: Uint8Array = fromHex('050100');
const PORT = fromHex('1f90');

export const name5 = (name: Uint8Array): Uint8Array =>
  concat(fromHex('05010003'), Uint8Array.of(name.length), name, PORT);
export const ipv4 = (address = '7f000001'): Uint8Array => concat(fromHex(`05010001${address}`), PORT);
export const ipv6 = (address: string): Uint8Array => concat(fromHex(`05010004${address}`), PORT);
export const socks4 = (address = '7f000001', user = 'me'): Uint8Array =>
  concat(fromHex('0401'), PORT, fromHex(address), utf8(user), Uint8Array.of(0));
export const socks4a = (name: Uint8Array, user = ''): Uint8Array =>
  concat(socks4('00000001', user), name, Uint8Array.of(0));

/** One output in a line: what is written in hex, what is asked for, or the code of what is wrong. */
export function line(output: SocksOutput): string {
  if (output.type === 'write') return toHex(output.bytes);
  if (output.type === 'refused') return output.error.code;
  const { protocol, host, port } = output.request;
  return `${protocol} ${host} ${port} +${toHex(output.early)}`;
}

export function outputs(server: SocksServer): string[] {
  const lines: string[] = [];
  for (let output = server.poll(); output !== undefined; output = server.poll()) lines.push(line(output));
  return lines;
}

/** What a new server says to these pieces, and most bytes it kept. */
export function exchange(...pieces: readonly Uint8Array[]): {
  readonly lines: readonly string[];
  readonly held: number;
  readonly server: SocksServer;
} {
  const server = new SocksServer();
  const lines: string[] = [];
  let held = 0;
  for (const piece of pieces) {
    server.receive(piece);
    held = Math.max(held, server.held);
    lines.push(...outputs(server));
  }
  return { lines, held, server };
}

export const said = (...pieces: readonly Uint8Array[]): readonly string[] => exchange(...pieces).lines;
