import type { PrivateKeyMaterial, RandomSource } from '@nbs-ssh/transport/crypto';
import { publicKeyOf } from '@nbs-ssh/transport/keys';
import { bytesToBigint, EMPTY, toBase64, WireWriter, wipe } from '@nbs-ssh/transport/wire';
import { MAGIC, NO_CIPHER_BLOCK, OPENSSH_LABEL } from './openssh-layout.ts';

/** Characters of base64 in a line, as ssh-keygen writes them. */
const LINE = 70;

/**
 * An unencrypted openssh-key-v1 file, OpenSSH PROTOCOL.key, as `ssh-keygen -N ''` writes it.
 *
 * @param random - For the check numbers; nothing secret depends on it.
 * @returns Text with a final newline. It is the key: whoever writes it to disk must use mode 0600.
 */
export function formatOpensshPrivateKey(
  key: PrivateKeyMaterial,
  comment: string,
  random: RandomSource,
): string {
  const check = random(4);
  const inner = new WireWriter(4096).fixed(check).fixed(check);
  writeKey(inner, key);
  inner.text(comment);
  for (let i = 1; inner.length % NO_CIPHER_BLOCK !== 0; i += 1) inner.u8(i);
  const body = inner.finish();
  const file = new WireWriter(8192)
    .fixed(MAGIC)
    .text('none')
    .text('none')
    .string(EMPTY)
    .u32(1)
    .string(publicKeyOf(key).blob)
    .string(body)
    .finish();
  const base64 = toBase64(file);
  wipe(body, file);
  const lines = [`-----BEGIN ${OPENSSH_LABEL}-----`];
  for (let at = 0; at < base64.length; at += LINE) lines.push(base64.slice(at, at + LINE));
  lines.push(`-----END ${OPENSSH_LABEL}-----`, '');
  return lines.join('\n');
}

function writeKey(writer: WireWriter, key: PrivateKeyMaterial): void {
  switch (key.type) {
    case 'ed25519':
      writer.text('ssh-ed25519').string(key.publicKey);
      writer.u32(64).fixed(key.seed).fixed(key.publicKey);
      return;
    case 'ecdsa':
      writer.text(`ecdsa-sha2-${key.curve}`).text(key.curve).string(key.point);
      writer.mpint(bytesToBigint(key.secret));
      return;
    case 'rsa':
      writer.text('ssh-rsa').mpint(key.n).mpint(key.e).mpint(key.d);
      writer.mpint(key.iqmp).mpint(key.p).mpint(key.q);
  }
}
