// Loads private keys, and says how a file was refused.
import { formatPublicKeyLine } from '@nbs-ssh/transport/keys';
import { Secret } from '@nbs-ssh/transport/wire';
import { expect } from 'vitest';
import { isPrivateKeyError } from '../../src/private-key/errors.ts';
import { type ParsedPrivateKey, parsePrivateKey, unlockPrivateKey } from '../../src/private-key/index.ts';
import { testCrypto as crypto } from './crypto.ts';

export const PASSPHRASE = 'correct horse';
export const load = (text: string | Uint8Array, passphrase?: string): ParsedPrivateKey =>
  parsePrivateKey(text, {
    crypto,
    passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
  });
/** What {@link load} makes of it without blocking. */
export const unlock = (text: string | Uint8Array, passphrase: string): Promise<ParsedPrivateKey> =>
  unlockPrivateKey(text, { crypto, passphrase: new Secret(passphrase) });
export const line = (key: ParsedPrivateKey): string => formatPublicKeyLine(key.publicKey, key.comment);

/** The reason of the refusal; anything thrown that is no private-key error fails the test. */
export function reason(text: string | Uint8Array, passphrase?: string): string {
  try {
    parsePrivateKey(text, {
      crypto,
      passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
    });
    return 'loaded';
  } catch (error) {
    if (!isPrivateKeyError(error)) throw error;
    if (passphrase !== undefined && passphrase !== '')
      expect(JSON.stringify(error) + error.message).not.toContain(passphrase);
    return error.context.reason;
  }
}

export function unarmor(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]*-----/g, ''), 'base64');
}

export function armor(bytes: Uint8Array, label = 'OPENSSH PRIVATE KEY'): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${label}-----\n`;
}
