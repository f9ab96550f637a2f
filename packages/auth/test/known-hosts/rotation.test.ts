import { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
import { type PublicKey, parsePublicKey, publicKeyOf, signData } from '@nbs-ssh/transport/keys';
import { WireWriter } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import {
  checkHostKeyProofs,
  decodeHostKeys,
  encodeHostKeys,
  hostKeyProofData,
  parseKnownHosts,
  planHostKeys,
  withoutKnownHosts,
} from '../../src/known-hosts/index.ts';
import { generateEd25519 } from '../../src/private-key/index.ts';
import { testCrypto as crypto } from '../private-key/crypto.ts';

const privateKeys = Array.from({ length: 4 }, () => generateEd25519(crypto));
const keys = privateKeys.map((key) => publicKeyOf(key));
const [A, B, C, D] = keys as [PublicKey, PublicKey, PublicKey, PublicKey];
const line = (names: string, key: PublicKey): string =>
  `${names} ${key.keyType} ${Buffer.from(key.blob).toString('base64')}`;
const plan = (
  files: readonly string[],
  offered: readonly PublicKey[],
  shown = A,
  data = encodeHostKeys(offered),
) => {
  const announced = decodeHostKeys(data);
  if (announced === undefined) throw new Error('malformed');
  return planHostKeys(
    files.map((text, index) => parseKnownHosts(text, `file-${index}`)),
    { host: 'Alpha.example', port: 22 },
    announced,
    (key) => !Buffer.from(key.blob).equals(D.blob),
    shown,
    crypto,
  );
};

describe('what an announcement of host keys changes', () => {
  it('is to learn what no file has, and to forget what the host has no more', () => {
    const text = [line('alpha.example', A), line('alpha.example', B), line('beta.example', C)].join('\n');
    expect(plan([text], [A, C])).toMatchObject({
      type: 'update',
      unknown: [{ blob: C.blob }],
      obsolete: [{ line: 2 }],
    });
    expect(plan([text, line('alpha.example', C)], [A, B, C])).toMatchObject({ unknown: [], obsolete: [] });
  });

  it('never forgets the key that was just shown, nor one of a type that is not known here', () => {
    const odd = new WireWriter().text('ssh-of-the-future').string(new Uint8Array(9)).finish();
    const text = [
      line('alpha.example', A),
      `alpha.example ssh-of-the-future ${Buffer.from(odd).toString('base64')}`,
    ].join('\n');
    const data = new WireWriter().string(B.blob).string(odd).finish();
    expect(plan([text], [], A, data)).toMatchObject({ unknown: [{ blob: B.blob }], obsolete: [] });
  });

  it('forgets no line of another file than the first, and nobody else’s', () => {
    const first = line('alpha.example', A);
    const second = [line('alpha.example', B), line('beta.example', C)].join('\n');
    expect(plan([first, second], [A])).toMatchObject({ unknown: [], obsolete: [] });
  });

  it('takes a name with the address beside it for the host alone, as older versions of ssh wrote it', () => {
    for (const names of ['alpha.example,192.0.2.7', 'alpha.example,2001:db8::7', 'ALPHA.example']) {
      expect(plan([`${line(names, A)}\n${line(names, B)}`], [A])).toMatchObject({ obsolete: [{ line: 2 }] });
    }
  });

  it('is nothing where a line of the host speaks of others too', () => {
    for (const names of [
      '*.example',
      'alpha.example,beta.example',
      'alpha.example,!x',
      '?lpha.example,1.2.3.4',
    ]) {
      expect(plan([`${line('alpha.example', A)}\n${line(names, B)}`], [A, C])).toEqual({
        type: 'skip',
        reason: 'pattern',
      });
    }
  });

  it('is nothing where the host is known by its CA, or not by a line of the first file', () => {
    const authority = `@cert-authority ${line('*', B)}`;
    expect(plan([line('alpha.example', A), authority], [A, C])).toEqual({
      type: 'skip',
      reason: 'authority',
    });
    expect(plan(['', line('alpha.example', A)], [A, C])).toEqual({ type: 'skip', reason: 'not-known' });
    expect(plan([line('alpha.example', B)], [A, C])).toEqual({ type: 'skip', reason: 'not-known' });
  });

  it('T092 is not to learn what was revoked or is not wanted', () => {
    const text = `${line('alpha.example', A)}\n@revoked ${line('alpha.example', B)}`;
    expect(plan([text], [A, B, D])).toMatchObject({ unknown: [], obsolete: [] });
  });

  it('T092 looks at 32 of 1000 keys, and forgets nothing because of those that it did not see', () => {
    const many = new WireWriter();
    for (let i = 0; i < 1000; i += 1) many.string(publicKeyOf(generateEd25519(crypto)).blob);
    const announced = decodeHostKeys(many.finish());
    expect(announced?.keys).toHaveLength(32);
    const text = [line('alpha.example', A), line('alpha.example', B)].join('\n');
    const result = plan([text], [], A, many.finish());
    expect(result).toMatchObject({ obsolete: [] });
    expect(result.type === 'update' && result.unknown).toHaveLength(32);
  });

  it('is nothing when the announcement is cut anywhere between its strings', () => {
    const data = encodeHostKeys([A, B]);
    const whole = [0, data.length / 2, data.length];
    for (let cut = 0; cut <= data.length; cut += 1) {
      expect(decodeHostKeys(data.subarray(0, cut)) === undefined).toBe(!whole.includes(cut));
    }
  });
});

describe('a proof of host keys', () => {
  const sessionId = new Uint8Array(32).fill(7);
  const proofs = (indexes: readonly number[], session = sessionId): Uint8Array => {
    const writer = new WireWriter();
    for (const index of indexes) {
      const [key, secret] = [keys[index] as PublicKey, privateKeys[index] as (typeof privateKeys)[number]];
      writer.string(signData(nobleProvider, 'ssh-ed25519', secret, hostKeyProofData(session, key.blob)));
    }
    return writer.finish();
  };
  const check = (answer: Uint8Array, allowed = ['ssh-ed25519']): boolean =>
    checkHostKeyProofs(nobleProvider, [A, B], sessionId, allowed, answer);

  it('is one signature for each key, in order', () => {
    expect(check(proofs([0, 1]))).toBe(true);
    expect(check(proofs([1, 0]))).toBe(false);
    expect(check(proofs([0]))).toBe(false);
    expect(check(proofs([0, 0]))).toBe(false);
    expect(check(proofs([0, 1, 2]))).toBe(false);
    expect(check(new Uint8Array(0))).toBe(false);
  });

  it('is good for this session and these algorithms only', () => {
    expect(check(proofs([0, 1], new Uint8Array(32)))).toBe(false);
    expect(check(proofs([0, 1]), ['rsa-sha2-512'])).toBe(false);
  });

  it('is refused when it is cut at any byte, has bytes behind it, or has any bit flipped', () => {
    const good = proofs([0, 1]);
    for (let cut = 0; cut < good.length; cut += 1) expect(check(good.subarray(0, cut))).toBe(false);
    expect(check(Uint8Array.of(...good, 0))).toBe(false);
    for (let at = 0; at < good.length; at += 1) {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      expect(check(bad)).toBe(false);
    }
  });
});

describe('a text without some lines', () => {
  it('keeps every other byte', () => {
    const text = `# first\r\n\n${line('a', A)}\n${line('b', B)}\r\nbroken\n${line('a', C)}`;
    const isOfB = ({ blob }: { readonly blob: Uint8Array }): boolean =>
      Buffer.from(blob).equals(parsePublicKey(B.blob).blob);
    expect(withoutKnownHosts(text, isOfB)).toBe(`# first\r\n\n${line('a', A)}\nbroken\n${line('a', C)}`);
    expect(withoutKnownHosts(text, () => false)).toBe(text);
  });
});
