import {
  isKeysError,
  type PublicKey,
  parseKeyOrCertificate,
  parsePublicKeyLine,
} from '@nbs-ssh/transport/keys';
import { NO_OPTIONS, optionsLength, parseSignerOptions, type SignerOptions } from './signer-options.ts';

/** One usable line of an allowed_signers file, ssh-keygen(1) "ALLOWED SIGNERS". */
export interface AllowedSigner {
  /** Counted from 1. */
  readonly line: number;
  /** Pattern list of those who sign with the key, as it stands. */
  readonly principals: string;
  readonly publicKey: PublicKey;
  readonly options: SignerOptions;
}

/** A line that was skipped. It allows nobody anything. */
export interface AllowedSignersWarning {
  readonly line: number;
  /** In words, without anything from the line. */
  readonly problem: string;
}

export interface AllowedSigners {
  readonly entries: readonly AllowedSigner[];
  readonly warnings: readonly AllowedSignersWarning[];
}

/** Longest line looked at, in characters: the longest certificate takes 87,400, the rest is for names. */
const MAX_LINE = 131_072;
/** Warnings kept for one file; a binary file would otherwise give one for each line. */
const MAX_WARNINGS = 100;

/** Reads an allowed_signers file. Total: bad lines become warnings. */
export function parseAllowedSigners(text: string): AllowedSigners {
  const entries: AllowedSigner[] = [];
  const warnings: AllowedSignersWarning[] = [];
  let number = 0;
  for (let start = 0; start < text.length; ) {
    number += 1;
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const result =
      end - start > MAX_LINE ? 'the line is too long' : parseLine(text.slice(start, end).trim(), number);
    if (typeof result === 'object') entries.push(result);
    else if (result !== undefined && warnings.length < MAX_WARNINGS) {
      warnings.push({ line: number, problem: result });
    }
    start = end + 1;
  }
  return { entries, warnings };
}

function parseLine(text: string, line: number): AllowedSigner | string | undefined {
  if (text === '' || text.startsWith('#')) return undefined;
  if (text.includes('\0')) return 'the line has a NUL';
  // Names with spaces stand in quotes.
  const [whole = '', quoted, plain] = /^(?:"([^"]*)"|([^"\s]\S*))(?=[ \t]|$)[ \t]*/.exec(text) ?? [];
  const principals = quoted ?? plain;
  if (principals === undefined || principals === '') return 'the names of the signers are malformed';
  const rest = text.slice(whole.length);
  if (rest === '') return 'there is no key';
  const publicKey = readKey(rest);
  if (typeof publicKey === 'object') return { line, principals, publicKey, options: NO_OPTIONS };
  return parseWithOptions(rest, line, principals);
}

function parseWithOptions(text: string, line: number, principals: string): AllowedSigner | string {
  const length = optionsLength(text);
  const publicKey = readKey(text.slice(length));
  if (typeof publicKey === 'string') return publicKey;
  const options = parseSignerOptions(text.slice(0, length));
  return typeof options === 'string' ? options : { line, principals, publicKey, options };
}

function readKey(text: string): PublicKey | string {
  try {
    return parsePublicKeyLine(text, parseKeyOrCertificate)?.publicKey ?? 'there is no key';
  } catch (error) {
    if (!isKeysError(error)) throw error;
    return 'the key cannot be used, or an option is malformed';
  }
}
