import type { AgentIdentity } from '@nbs-ssh/auth';
import type { CryptoProvider } from '@nbs-ssh/transport/crypto';
import {
  fingerprint,
  isKeysError,
  type PublicKey,
  parseKeyOrCertificate,
  plainKeyOf,
} from '@nbs-ssh/transport/keys';
import { equalBytes, fromBase64, printable, WireWriter } from '@nbs-ssh/transport/wire';
import { agentError } from '../errors/agent.ts';
import { AgentError } from '../errors/classes.ts';

/** Longest comment shown, in characters. */
const MAX_COMMENT = 256;

/** A key of an agent, as people see it. */
export interface AgentKey {
  readonly publicKey: PublicKey;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** Escaped. */
  readonly comment: string;
}

/** What an agent's list comes to: keys that can be offered, and why the others cannot. */
export interface UsableKeys {
  readonly keys: readonly AgentKey[];
  readonly unusable: readonly AgentError[];
}

/**
 * Sorts out an agent's list.
 *
 * @param wanted - Fingerprints, comments or public key lines, most wanted first; only these keys then count. Keys that
 *   one word names keep the agent's order.
 */
export function usableKeys(
  identities: readonly AgentIdentity[],
  wanted: readonly string[] | undefined,
  hash: CryptoProvider['hash'],
): UsableKeys {
  if (identities.length === 0) {
    return { keys: [], unusable: [agentError('empty', 'the agent has no keys, or is locked')] };
  }
  const parsed = identities.map((identity) => parse(identity, hash));
  const chosen = wanted === undefined ? parsed : choose(parsed, wanted);
  if (chosen.length === 0) {
    const text = `none of the agent's ${identities.length} keys is one that was asked for`;
    return { keys: [], unusable: [agentError('no_match', text)] };
  }
  return {
    keys: chosen.flatMap(({ key }) => (key instanceof AgentError ? [] : [key])),
    unusable: chosen.flatMap(({ key }) => (key instanceof AgentError ? [key] : [])),
  };
}

interface Parsed {
  readonly blob: Uint8Array;
  readonly comment: string;
  readonly fingerprint: string;
  readonly key: AgentKey | AgentError;
}

function parse({ blob, comment }: AgentIdentity, hash: CryptoProvider['hash']): Parsed {
  const shown = printable(comment, MAX_COMMENT);
  try {
    const publicKey = parseKeyOrCertificate(blob);
    // Of a certificate people know the key in it, as OpenSSH shows it.
    const print = fingerprint(hash, plainKeyOf(publicKey).blob);
    return { blob, comment, fingerprint: print, key: { publicKey, fingerprint: print, comment: shown } };
  } catch (error) {
    if (!isKeysError(error)) throw error;
    const print = fingerprint(hash, blob);
    const text = `the agent's key ${print} cannot be used (${error.code})`;
    const known = { fingerprint: print, comment: shown, code: error.code, originalError: error };
    return { blob, comment, fingerprint: print, key: agentError('unsupported', text, known) };
  }
}

function choose(parsed: readonly Parsed[], wanted: readonly string[]): readonly Parsed[] {
  const chosen = new Set<Parsed>();
  for (const word of wanted) {
    const names = matcher(word);
    for (const candidate of parsed) if (names(candidate)) chosen.add(candidate);
  }
  return [...chosen];
}

function matcher(word: string): (candidate: Parsed) => boolean {
  if (word.startsWith('SHA256:')) {
    const plain = word.replace(/=+$/, '');
    return (candidate) => candidate.fingerprint === plain;
  }
  const wanted = blobOf(word);
  if (wanted === undefined) return ({ comment }) => comment === word;
  return ({ blob, key }) =>
    equalBytes(blob, wanted) ||
    (!(key instanceof AgentError) && equalBytes(plainKeyOf(key.publicKey).blob, wanted));
}

/** The key of a line `keytype base64 [comment]`; a comment of several words is no such line. */
function blobOf(word: string): Uint8Array | undefined {
  const [keyType = '', base64 = ''] = word.trim().split(/[ \t]+/);
  const blob = fromBase64(base64);
  const start = new WireWriter().text(keyType).finish();
  return blob !== undefined && equalBytes(blob.subarray(0, start.length), start) ? blob : undefined;
}
