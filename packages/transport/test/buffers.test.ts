import assert from 'node:assert/strict';
import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { describe, it } from 'vitest';
import { type Overrides, pump, type Role, twins } from './support/twins.ts';

/** What a socket of Node emits: slices of a shared block, of a class whose own `slice` copies nothing. */
function pieces(bytes: Uint8Array, cut: number): readonly Buffer[] {
  const block = Buffer.from(new ArrayBuffer(bytes.length + 3), cut % 4);
  block.set(bytes);
  const at = Math.min(cut, bytes.length);
  return [block.subarray(0, at), block.subarray(at, bytes.length)];
}

const SUITE: Overrides = {
  crypto: nobleProvider,
  algorithms: { ciphers: ['chacha20-poly1305@openssh.com'] },
};

describe('a handshake whose bytes come as Buffers of Node', () => {
  for (const role of ['client', 'server'] as const satisfies readonly Role[]) {
    it(`${role}: succeeds wherever they are cut`, () => {
      let longest = 1;
      for (let cut = 0; cut < longest; cut += 1) {
        const pair = twins(SUITE);
        const end = pair[role];
        pair.client.start();
        pair.server.start();
        pump(pair, (from, bytes) => {
          if (from === role) return [bytes];
          longest = Math.max(longest, bytes.length);
          for (const piece of pieces(bytes, cut)) {
            end.machine.receive(piece);
            end.settle();
          }
          return [];
        });
        assert.ok(end.ready && end.error === undefined, `cut at ${cut}`);
      }
    });
  }
});
