import { constants } from 'node:fs';
import { copyFile, realpath, unlink } from 'node:fs/promises';
import {
  type FoundHost,
  findKnownHosts,
  hashKnownHosts,
  isKnownHostsError,
  withoutKnownHosts,
} from '@nbs-ssh/auth';
import { rewriteKnownHosts } from '@nbs-ssh/auth/node';
import { nodeProvider } from '@nbs-ssh/transport/crypto/node';
import { parsePublicKey } from '@nbs-ssh/transport/keys';
import { printable } from '@nbs-ssh/transport/wire';
import { PublicKey } from '../../keys/public-key.ts';
import { defaultKnownHostsPaths, expandPath } from '../../platform/platform.ts';
import { fileFailure, KeygenFailure } from './errors.ts';
import { readText } from './files.ts';
import type { KeygenOptions } from './options.ts';

interface Output {
  readonly say: (line: string) => void;
  readonly tell: (line: string) => void;
}

/** Shows the lines of a host, or their fingerprints. @throws {KeygenFailure} with exit status 1 when there is none. */
export async function findHost(options: KeygenOptions, { say }: Output): Promise<void> {
  const path = fileOf(options);
  const host = options.find ?? '';
  const found = findKnownHosts(await readText(path), host, nodeProvider);
  if (found.length === 0) throw absent(host, path);
  for (const { entry, text, hashed } of found) {
    if (!options.quiet)
      say(`# Host ${printable(host, 1024)} found: line ${entry.line} ${MARKS[entry.marker]}`);
    if (options.fingerprints) {
      say(`${printable(host, 1024)} ${described(text, entry, options)}`);
    } else {
      say(options.hash ? hashed() : text);
    }
  }
}

/** Takes a host out. Lines of CAs and of revoked keys stay, as with ssh-keygen. The file as it was stays beside it. */
export async function removeHost(options: KeygenOptions, { say, tell }: Output): Promise<void> {
  const path = fileOf(options);
  const host = options.remove ?? '';
  const plain = (text: string): ReadonlySet<number> =>
    new Set(
      findKnownHosts(text, host, nodeProvider).flatMap(({ entry }) =>
        entry.marker === 'none' ? [entry.line] : [],
      ),
    );
  const before = plain(await readText(path));
  if (before.size === 0) {
    tell(`Host ${printable(host, 1024)} not found in ${printable(path, 1024)}`);
    return;
  }
  for (const line of before) if (!options.quiet) say(`# Host ${printable(host, 1024)} found: line ${line}`);
  await rewrite(path, say, (text) => {
    const lines = plain(text);
    return withoutKnownHosts(text, ({ line }) => lines.has(line));
  });
}

/** Hides the names of all hosts. The file as it was, with its names, stays beside it until somebody deletes it. */
export async function hashHosts(options: KeygenOptions, { say, tell }: Output): Promise<void> {
  const path = fileOf(options);
  const shown = printable(path, 1024);
  const { hashed, patterns, warnings } = hashKnownHosts(await readText(path), nodeProvider);
  for (const { line, names } of patterns) {
    tell(`${shown}:${line}: ignoring host name with wildcard: ${printable(names, 64)}`);
  }
  for (const { line } of warnings) tell(`${shown}:${line}: invalid line, which stays as it is`);
  if (hashed === 0) return;
  const old = await rewrite(path, say, (text) => hashKnownHosts(text, nodeProvider).text);
  tell(`WARNING: ${old} contains unhashed entries`);
  tell('Delete this file to ensure privacy of hostnames');
}

/** @returns the name of the file as it was, to be shown. */
async function rewrite(
  path: string,
  say: (line: string) => void,
  change: (text: string) => string,
): Promise<string> {
  const shown = printable(path, 1024);
  try {
    // Beside the file itself, as ssh-keygen, and never through a link that somebody has put there.
    const old = `${await realpath(path)}.old`;
    await unlink(old).catch(() => {});
    await copyFile(path, old, constants.COPYFILE_EXCL);
    await rewriteKnownHosts(path, change);
    say(`${shown} updated.`);
    say(`Original contents retained as ${printable(old, 1024)}`);
    return printable(old, 1024);
  } catch (error) {
    if (!isKnownHostsError(error)) throw fileFailure(shown, 'written', error);
    throw new KeygenFailure(`${error.message}.`, 'Check the path, and that the file is yours.');
  }
}

function described(
  text: string,
  { marker, blob }: FoundHost['entry'],
  { fingerprintHash }: KeygenOptions,
): string {
  const fields = text.trim().split(/[ \t]+/);
  const words = fields.slice(marker === 'none' ? 3 : 4);
  const key = new PublicKey(parsePublicKey(blob), words.join(' '));
  const comment = key.comment === '' ? '' : ` ${printable(key.comment, 1024)}`;
  return `${key.label} ${key.fingerprint(fingerprintHash)}${comment}`;
}

function fileOf({ file }: KeygenOptions): string {
  return file === undefined ? (defaultKnownHostsPaths()[0] ?? '') : expandPath(file);
}

function absent(host: string, path: string): KeygenFailure {
  const text = `Host ${printable(host, 1024)} is not in ${printable(path, 1024)}.`;
  return new KeygenFailure(text, 'Look for [host]:port when the port is not 22.', 1);
}

const MARKS = { none: '', 'cert-authority': 'CA', revoked: 'REVOKED' } as const;
