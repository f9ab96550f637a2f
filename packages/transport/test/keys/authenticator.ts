import { createHash } from 'node:crypto';
import type { PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { encodePublicKey, type PublicKey } from '@nbs-ssh/transport/keys';
import { bytesToBigint, concat, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { newKey, PROVIDERS, suite } from '../crypto/signatures/fixtures.ts';

export type AuthenticatorType = 'sk-ed25519' | 'sk-ecdsa';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** A FIDO authenticator in software: signs as OpenSSH PROTOCOL.u2f says, with whatever flags are wanted. */
export class Authenticator {
  readonly publicKey: PublicKey;
  readonly #key: PrivateKeyMaterial;
  readonly #application: string;

  constructor(type: AuthenticatorType, application = 'ssh:') {
    this.#application = application;
    this.#key = newKey(type === 'sk-ed25519' ? 'ssh-ed25519' : 'ecdsa-sha2-nistp256');
    this.publicKey = encodePublicKey(
      this.#key.type === 'ed25519'
        ? { type: 'sk-ed25519', publicKey: this.#key.publicKey, application }
        : {
            type: 'sk-ecdsa',
            curve: 'nistp256',
            point: this.#key.type === 'ecdsa' ? this.#key.point : new Uint8Array(0),
            application,
          },
    );
  }

  /** @param flags - 1: touched. 4: the user was verified, for example with a PIN. */
  sign(data: Uint8Array, flags: number, counter = 7, application = this.#application): Uint8Array {
    const tail = new WireWriter().u8(flags).u32(counter).finish();
    const signed = concat(sha256(utf8(application)), tail, sha256(data));
    const ed25519 = this.#key.type === 'ed25519';
    const plain = suite(PROVIDERS[1].signatures, ed25519 ? 'ssh-ed25519' : 'ecdsa-sha2-nistp256');
    const raw = plain.sign(this.#key, signed, () => new Uint8Array(0));
    const body = ed25519
      ? raw
      : new WireWriter()
          .mpint(bytesToBigint(raw.subarray(0, 32)))
          .mpint(bytesToBigint(raw.subarray(32)))
          .finish();
    return concat(new WireWriter().text(this.publicKey.keyType).string(body).finish(), tail);
  }
}
