import { readFileSync, rmSync } from 'node:fs';
import type { PrivateKeyMaterial, SignatureSuite } from '@nbs-ssh/transport/crypto';
import { certificateType, type PublicKey, publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { WireReader, WireWriter } from '@nbs-ssh/transport/wire';
import { runOk } from './command.ts';
import type { OpensshBinaries } from './openssh-versions.ts';
import type { KeyFile } from './ssh-keys.ts';

/** Arguments of `ssh-keygen -s`, by what they mean. */
export interface CertificateOptions {
  readonly host?: boolean;
  readonly keyId?: string;
  readonly serial?: bigint;
  readonly principals?: readonly string[];
  /** `-V`, for example `-5m:+1h`. Default: from five minutes ago for a day. */
  readonly validity?: string;
  /** `-O`, for example `source-address=127.0.0.0/8`. */
  readonly options?: readonly string[];
  /** Signature algorithm of an RSA CA, `-t`. */
  readonly signatureAlgorithm?: string;
}

/** `PATH-cert.pub` beside a key, made by the real `ssh-keygen`. */
export interface CertificateFile {
  readonly path: string;
  /** `type base64 comment`. */
  readonly line: string;
}

/** Has the CA certify the key. A certificate that the key has already is replaced. */
export async function certify(
  binaries: OpensshBinaries,
  ca: KeyFile,
  key: KeyFile,
  options: CertificateOptions = {},
): Promise<CertificateFile> {
  const { host = false, keyId = 'test', principals = [], validity = '-5m:+1d', serial } = options;
  const args = ['-q', '-s', ca.path, '-I', keyId, '-V', validity];
  if (host) args.push('-h');
  if (principals.length > 0) args.push('-n', principals.join(','));
  if (serial !== undefined) args.push('-z', String(serial));
  for (const option of options.options ?? []) args.push('-O', option);
  if (options.signatureAlgorithm !== undefined) args.push('-t', options.signatureAlgorithm);
  const path = `${key.path}-cert.pub`;
  rmSync(path, { force: true });
  await runOk(binaries.sshKeygen, [...args, `${key.path}.pub`], {
    env: { ...process.env, ...binaries.env },
  });
  return { path, line: readFileSync(path, 'utf8').trim() };
}

/** What a forged certificate says. Anything goes: it is for what `ssh-keygen` would never make. */
export interface ForgedFields {
  readonly keyType?: string;
  readonly nonce?: Uint8Array;
  readonly serial?: bigint;
  /** 1 is a user's, 2 a host's. */
  readonly type?: number;
  readonly keyId?: string | Uint8Array;
  readonly principals?: readonly (string | Uint8Array)[];
  readonly validAfter?: bigint;
  readonly validBefore?: bigint;
  readonly criticalOptions?: readonly ForgedOption[];
  readonly extensions?: readonly ForgedOption[];
  readonly reserved?: Uint8Array;
  /** In place of the CA's public key. */
  readonly signatureKey?: Uint8Array;
  readonly signatureAlgorithm?: string;
  /** In place of the CA's signature. */
  readonly signature?: Uint8Array;
}

/** A text becomes a `string` inside the data, as in real options; bytes are the data. */
export type ForgedOption = readonly [name: string, value?: string | Uint8Array];

interface Signer {
  readonly signatures: readonly SignatureSuite[];
  readonly random: (length: number) => Uint8Array;
}

/** Blob of a certificate for `key`, signed by `ca`. Everything not given is as a friendly CA would have it. */
export function forgeCertificate(
  signer: Signer,
  ca: PrivateKeyMaterial,
  key: PublicKey,
  fields: ForgedFields = {},
): Uint8Array {
  const body = keyFields(key);
  const writer = new WireWriter()
    .text(fields.keyType ?? certificateType(key.keyType))
    .string(fields.nonce ?? signer.random(32))
    .fixed(body)
    .u64(fields.serial ?? 0n)
    .u32(fields.type ?? 1);
  put(writer, fields.keyId ?? 'forged');
  const principals = new WireWriter();
  for (const principal of fields.principals ?? []) put(principals, principal);
  writer
    .string(principals.finish())
    .u64(fields.validAfter ?? 0n)
    .u64(fields.validBefore ?? 0xffff_ffff_ffff_ffffn)
    .string(options(fields.criticalOptions))
    .string(options(fields.extensions))
    .string(fields.reserved ?? new Uint8Array(0))
    .string(fields.signatureKey ?? publicKeyOf(ca).blob);
  const signed = writer.finish().slice();
  const algorithm = fields.signatureAlgorithm ?? defaultAlgorithm(ca);
  const signature = fields.signature ?? signData(signer, algorithm, ca, signed);
  return new WireWriter().fixed(signed).string(signature).finish().slice();
}

/** What follows the type in the key's blob. */
function keyFields(key: PublicKey): Uint8Array {
  const reader = new WireReader(key.blob);
  reader.text('key type');
  return reader.rest();
}

function defaultAlgorithm(ca: PrivateKeyMaterial): string {
  const { keyType } = publicKeyOf(ca);
  return keyType === 'ssh-rsa' ? 'rsa-sha2-512' : keyType;
}

function options(list: readonly ForgedOption[] = []): Uint8Array {
  const writer = new WireWriter();
  for (const [name, value] of list) {
    writer.text(name);
    if (typeof value === 'string') writer.string(new WireWriter().text(value).finish());
    else writer.string(value ?? new Uint8Array(0));
  }
  return writer.finish();
}

function put(writer: WireWriter, value: string | Uint8Array): void {
  if (typeof value === 'string') writer.text(value);
  else writer.string(value);
}
