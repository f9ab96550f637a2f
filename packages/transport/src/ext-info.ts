import { transportError } from './errors.ts';
import { ExtInfo } from './messages.ts';
import { fromUtf8, isWireError, printable, utf8, WireReader, WireWriter } from './wire/index.ts';

/** Extensions one SSH_MSG_EXT_INFO may name. Deployed servers send two to four. */
const MAX_EXTENSIONS = 64;
/** Bytes of all pairs together. */
const MAX_BYTES = 65_536;
/** RFC 8308 §2.4 allows a server two, after NEWKEYS and before USERAUTH_SUCCESS; one more is tolerated. */
export const MAX_EXT_INFO_MESSAGES = 3;

export interface Extensions {
  readonly names: readonly string[];
  /** Names of `server-sig-algs`, RFC 8308 §3.1; `undefined` when the extension is absent. */
  readonly serverSigAlgs: readonly string[] | undefined;
}

/** @throws {TransportError} `TRANSPORT_EXT_INFO`; {@link WireError} when the message is malformed. */
export function readExtInfo(payload: Uint8Array): Extensions {
  const { count, pairs } = ExtInfo.decode(payload);
  // Each pair has two lengths, so a count that cannot fit is refused before any work.
  if (count > MAX_EXTENSIONS || pairs.length > MAX_BYTES || count > pairs.length / 8) {
    throw transportError('TRANSPORT_EXT_INFO', { reason: `${count} extensions in ${pairs.length} bytes` });
  }
  const reader = new WireReader(pairs);
  const names: string[] = [];
  let serverSigAlgs: readonly string[] | undefined;
  for (let i = 0; i < count; i += 1) {
    const name = printable(reader.string('extension-name'), 64);
    const value = reader.string('extension-value');
    if (names.includes(name)) throw transportError('TRANSPORT_EXT_INFO', { reason: `"${name}" twice` });
    names.push(name);
    if (name === 'server-sig-algs') serverSigAlgs = readNames(value);
  }
  reader.end('SSH_MSG_EXT_INFO');
  return { names, serverSigAlgs };
}

function readNames(value: Uint8Array): readonly string[] {
  if (value.length === 0) return [];
  try {
    return fromUtf8(value)
      .split(',')
      .filter((name) => name !== '');
  } catch (error) {
    if (isWireError(error)) throw error;
    throw transportError('TRANSPORT_EXT_INFO', { reason: 'server-sig-algs is not a name-list' });
  }
}

/** What a server tells its clients: its signature algorithms, and that it answers ping@openssh.com. */
export function serverExtInfo(serverSigAlgs: readonly string[]): Uint8Array {
  const pairs = new WireWriter()
    .text('server-sig-algs')
    .string(utf8(serverSigAlgs.join(',')))
    .text('ping@openssh.com')
    .text('0');
  return ExtInfo.encode({ count: 2, pairs: pairs.finish() });
}
