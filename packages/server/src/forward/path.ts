import { normalize } from 'node:path/posix';
import { utf8 } from '@nbs-ssh/transport/wire';
import { invalidTarget, type Refusal } from './refused.ts';

/** Longest path of a Unix socket in bytes: `sockaddr_un` has room for 108 on Linux and 104 elsewhere, with its NUL. */
const MAX_PATH = process.platform === 'linux' ? 107 : 103;

/** Reads the path of a Unix socket. @returns it without `.`, `..` and doubled slashes. */
export function parsePath(text: string): string | Refusal {
  if (!text.startsWith('/') || /\p{Cc}/u.test(text)) return invalidTarget('not an absolute path');
  const path = normalize(text);
  if (path.endsWith('/')) return invalidTarget('not the path of a socket');
  if (utf8(path).length > MAX_PATH) return invalidTarget(`the path has more than ${MAX_PATH} bytes`);
  return path;
}
