import { decodeHostKeys, encodeHostKeys, hostKeyProofData } from '@nbs-ssh/auth';
import type { HostKey } from '@nbs-ssh/transport';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import { plainKeyOf, signatureAlgorithmsFor, signData } from '@nbs-ssh/transport/keys';
import { equalBytes, WireWriter } from '@nbs-ssh/transport/wire';

/** What `hostkeys-00@openssh.com` tells: every host key once, without certificates. */
export function hostKeyAnnouncement(hostKeys: readonly HostKey[]): Uint8Array {
  return encodeHostKeys(hostKeys.map((key) => plainKeyOf(key.publicKey)));
}

/**
 * Answers `hostkeys-prove-00@openssh.com`, OpenSSH PROTOCOL §2.5: one signature for each key that was asked about.
 *
 * @param negotiated - Host key algorithm of the key exchange: an RSA key signs in the way that this client took.
 * @param allowed - Signature algorithms of the configuration, most wanted first.
 * @returns `undefined`, for a refusal, when something else than our host keys is asked about, or one of them twice:
 *   a signature costs time.
 */
export function proveHostKeys(
  crypto: Pick<CryptoProvider, 'signatures' | 'random'>,
  hostKeys: readonly HostKey[],
  sessionId: Uint8Array,
  negotiated: string | undefined,
  allowed: readonly string[],
  request: Uint8Array,
): Uint8Array | undefined {
  const { keys = [], blobs = [], truncated = true } = decodeHostKeys(request) ?? {};
  if (truncated || keys.length === 0 || keys.length !== blobs.length) return undefined;
  const writer = new WireWriter();
  for (const { blob } of keys) {
    const own = hostKeys.find((key) => equalBytes(plainKeyOf(key.publicKey).blob, blob));
    if (own === undefined) return undefined;
    const fitting = signatureAlgorithmsFor(plainKeyOf(own.publicKey).keyType);
    const algorithm = [negotiated, ...allowed].find((name) => name !== undefined && fitting.includes(name));
    if (algorithm === undefined) return undefined;
    writer.string(signData(crypto, algorithm, own.privateKey, hostKeyProofData(sessionId, blob)));
  }
  return writer.finish();
}
