import type { CryptoProvider, DhGroup, GroupSizes, KexSuite } from '../crypto/index.ts';
import { bytesToBigint, WireWriter } from '../wire/index.ts';

/** Everything that both ends saw, in the order of RFC 5656 §4. */
export interface ExchangeTranscript {
  /** Identification lines without their endings, V_C and V_S. */
  readonly clientLine: Uint8Array;
  readonly serverLine: Uint8Array;
  /** Payloads of both SSH_MSG_KEXINIT, I_C and I_S. */
  readonly clientInit: Uint8Array;
  readonly serverInit: Uint8Array;
  /** K_S */
  readonly hostKey: Uint8Array;
  /** min, n, max, p and g of a group exchange by {@link encodeGroup}, RFC 4419 §3; empty in the other methods. */
  readonly group: Uint8Array;
  /** Q_C and Q_S, or e and f as bodies of mpints. */
  readonly clientPublic: Uint8Array;
  readonly serverPublic: Uint8Array;
  /** K, already encoded by {@link encodeSharedSecret}. */
  readonly sharedSecret: Uint8Array;
}

/** H = HASH(V_C ‖ V_S ‖ I_C ‖ I_S ‖ K_S ‖ [group] ‖ Q_C ‖ Q_S ‖ K), RFC 5656 §4, RFC 4253 §8 and RFC 4419 §3. */
export function exchangeHash(crypto: CryptoProvider, suite: KexSuite, seen: ExchangeTranscript): Uint8Array {
  const writer = new WireWriter(4096)
    .string(seen.clientLine)
    .string(seen.serverLine)
    .string(seen.clientInit)
    .string(seen.serverInit)
    .string(seen.hostKey)
    .fixed(seen.group)
    .string(seen.clientPublic)
    .string(seen.serverPublic)
    .fixed(seen.sharedSecret);
  return crypto.hash(suite.hash, writer.finish());
}

/** What both ends of a group exchange agreed on before their values: min ‖ n ‖ max ‖ p ‖ g, RFC 4419 §3. */
export function encodeGroup({ min, preferred, max }: GroupSizes, { p, g }: DhGroup): Uint8Array {
  return new WireWriter(1100).u32(min).u32(preferred).u32(max).mpint(p).mpint(g).finish();
}

/** K as the method wants it: an mpint in the classic ones, a string in the post-quantum hybrids. */
export function encodeSharedSecret(suite: KexSuite, secret: Uint8Array): Uint8Array {
  const writer = new WireWriter(secret.length + 5);
  if (suite.sharedSecretEncoding === 'string') return writer.string(secret).finish();
  return writer.mpint(bytesToBigint(secret)).finish();
}
