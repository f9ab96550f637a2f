import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findProgram,
  type KeyType,
  makeKey,
  runOk,
  type ScratchDir,
  type Sshd,
  scratchDir,
  sshdAvailable,
  startSshd,
  systemOpenssh,
} from '@nbs-ssh/testing';
import { createKeyAuth, KeyLoadError, PrivateKey, PublicKey } from 'nbs-ssh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from './lab.ts';
import { login, refused } from './logins.ts';

const PASSPHRASE = 'öffne dich';
const TYPES: readonly KeyType[] = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'];
const ECDSA: readonly KeyType[] = ['ecdsa-256', 'ecdsa-384', 'ecdsa-521'];

/** How a file is written by the real tool from the OpenSSH key file of its type. */
interface Format {
  readonly name: string;
  readonly types: readonly KeyType[];
  readonly write: (place: Place, type: KeyType, path: string, passphrase: string) => Promise<void>;
  /** What becomes of a changed byte in the private part, plain and encrypted. */
  readonly flipped: readonly [plain: string, encrypted: string];
}

interface Place {
  readonly dir: string;
  /** The OpenSSH key file of a type. */
  readonly source: (type: KeyType) => string;
}

const run = async (program: string, ...args: readonly string[]): Promise<void> => {
  await runOk(program, [...args]);
};

const copy = (from: string, to: string): void => writeFileSync(to, readFileSync(from), { mode: 0o600 });

const sshKeygen = (format: string | undefined): Format['write'] => {
  const options = format === undefined ? [] : ['-m', format];
  return async ({ source }, type, path, passphrase) => {
    copy(source(type), path);
    await run('ssh-keygen', '-q', '-p', '-P', '', '-N', passphrase, ...options, '-f', path);
  };
};

/** Keys of Ed25519 are OpenSSL's own, because ssh-keygen does not export them. */
const openssl =
  (...options: readonly string[]): Format['write'] =>
  async (place, type, path, passphrase) => {
    const plain = `${path}.plain`;
    if (type === 'ed25519') copy(join(place.dir, 'openssl-ed25519'), plain);
    else await sshKeygen('PEM')(place, type, plain, '');
    const how = passphrase === '' ? ['-nocrypt'] : [...options, '-passout', `pass:${passphrase}`];
    await run('openssl', 'pkcs8', '-topk8', '-in', plain, '-out', path, ...how);
  };

const puttygen =
  (parameters: string): Format['write'] =>
  async ({ dir, source }, type, path, passphrase) => {
    const file = join(dir, 'passphrase');
    writeFileSync(file, passphrase);
    const how = ['--new-passphrase', file, '--ppk-param', parameters];
    await run('puttygen', source(type), '-O', 'private', '-o', path, ...how);
  };

// Where nothing authenticates the file, or the passphrase itself does, a changed byte looks like a wrong passphrase.
const FORMATS: readonly Format[] = [
  {
    name: 'OpenSSH',
    types: TYPES,
    write: sshKeygen(undefined),
    flipped: ['invalid_format', 'invalid_format'],
  },
  {
    name: 'PKCS#1',
    types: ['rsa'],
    write: sshKeygen('PEM'),
    flipped: ['invalid_format', 'invalid_format'],
  },
  {
    name: 'SEC1',
    types: ECDSA,
    write: sshKeygen('PEM'),
    flipped: ['invalid_format', 'invalid_format'],
  },
  {
    name: 'PKCS#8 of ssh-keygen',
    types: [...ECDSA, 'rsa'],
    write: sshKeygen('PKCS8'),
    flipped: ['invalid_format', 'invalid_format'],
  },
  {
    name: 'PKCS#8 of openssl, PBKDF2',
    types: TYPES,
    write: openssl(),
    flipped: ['invalid_format', 'invalid_format'],
  },
  {
    name: 'PKCS#8 of openssl, scrypt',
    types: TYPES,
    write: openssl('-scrypt'),
    flipped: ['invalid_format', 'invalid_format'],
  },
  {
    name: 'PuTTY 2',
    types: TYPES,
    write: puttygen('version=2'),
    flipped: ['invalid_format', 'wrong_passphrase'],
  },
  {
    name: 'PuTTY 3',
    types: TYPES,
    // Two passes: as many as fit a tenth of a second of puttygen's, which is the default, take a second of ours.
    write: puttygen('version=3,passes=2'),
    flipped: ['invalid_format', 'wrong_passphrase'],
  },
];

/** PKCS#8 holds of an Ed25519 key only the seed, and any 32 bytes are one: seen are changes in front of and behind it. */
const SEED_ONLY = [
  [0.1, 0.95],
  ['invalid_format', 'wrong_passphrase'],
] as const;

const tools = ['openssl', 'puttygen'].filter((name) => findProgram(name) === undefined);
if (tools.length > 0) console.warn(`the matrix of key files is skipped: not installed: ${tools.join(', ')}`);

describe.skipIf(!sshdAvailable() || tools.length > 0)('a key file logs in to OpenSSH', () => {
  let scratch: ScratchDir;
  let sshd: Sshd;
  let place: Place;
  beforeAll(async () => {
    scratch = scratchDir('key-formats');
    const dir = scratch.path;
    const peer = systemOpenssh();
    if (!peer.available) throw new Error(peer.reason);
    const keys = await Promise.all(TYPES.map((type) => makeKey(peer.binaries, dir, `source-${type}`, type)));
    const own = join(dir, 'openssl-ed25519');
    await run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', own);
    const { stdout } = await runOk('openssl', ['pkey', '-in', own, '-pubout']);
    place = { dir, source: (type) => join(dir, `source-${type}`) };
    sshd = await startSshd({
      authorizedKeys: [...keys.map(({ publicLine }) => publicLine), PublicKey.parse(stdout).line],
    });
  });
  afterAll(async () => {
    await sshd?.stop();
    scratch?.remove();
  });

  for (const format of FORMATS) {
    for (const type of format.types) {
      for (const passphrase of ['', PASSPHRASE]) {
        const encrypted = passphrase !== '';
        const title = `${format.name}, ${type}, ${encrypted ? 'encrypted' : 'plain'}`;

        it(`${title}; and says what is wrong when it cannot`, async () => {
          const path = join(place.dir, title.replace(/[^a-z0-9]+/gi, '-'));
          await format.write(place, type, path, passphrase);
          const auth = createKeyAuth(path, encrypted ? { passphrase } : {});
          const attempts = await login(sshd, { auth });
          expect(attempts.at(-1)).toMatchObject({ status: 'success', method: 'publickey' });

          if (encrypted) {
            expect(await reason(createKeyAuth(path, { passphrase: 'battery staple' }))).toBe(
              'wrong_passphrase',
            );
            expect(await reason(createKeyAuth(path))).toBe('passphrase_required');
          }
          const text = readFileSync(path, 'utf8');
          expect(await reasonOf(text.slice(0, text.length * 0.6), passphrase)).toBe('invalid_format');
          const seed = type === 'ed25519' && format.name.startsWith('PKCS#8');
          const [where, expected] = seed ? SEED_ONLY : [0.6, format.flipped];
          const which = encrypted ? 1 : 0;
          const at = typeof where === 'number' ? where : where[which];
          expect(await reasonOf(flip(text, at), passphrase)).toBe(expected[which]);
        });
      }
    }
  }

  it('PuTTY 3 with the costs that puttygen chooses, while timers go on', async () => {
    const path = join(place.dir, 'default.ppk');
    await puttygen('version=3')(place, 'ed25519', path, PASSPHRASE);
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    await PrivateKey.fromFile(path, { passphrase: PASSPHRASE });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
    await login(sshd, { auth: createKeyAuth(path, { passphrase: PASSPHRASE }) });
  });

  async function reason(auth: ReturnType<typeof createKeyAuth>): Promise<string> {
    const error = await refused(sshd, { auth });
    expect(error).toBeInstanceOf(KeyLoadError);
    expect(JSON.stringify(error) + error.message).not.toContain('battery');
    return (error as KeyLoadError).reason;
  }

  /** The same error without a server: the file is read in the same way. */
  async function reasonOf(text: string, passphrase: string): Promise<string> {
    const path = join(place.dir, 'damaged');
    writeFileSync(path, text, { mode: 0o600 });
    const options = passphrase === '' ? {} : { passphrase };
    const error = await rejection(PrivateKey.fromFile(path, options));
    expect(error).toBeInstanceOf(KeyLoadError);
    return (error as KeyLoadError).reason;
  }
});

/** Changes one character of the private half. @param where - How far into it, from 0 to 1. */
function flip(text: string, where: number): string {
  const putty = text.indexOf('Private-Lines');
  const start = text.indexOf('\n', Math.max(putty, text.indexOf('DEK-Info'), 0)) + 1;
  const end = text.indexOf(putty < 0 ? '\n-----END' : '\nPrivate-MAC');
  let at = start + Math.floor((end - start) * where);
  if (text[at] === '\n') at += 1;
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}
