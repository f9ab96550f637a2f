import { writeFileSync } from 'node:fs';
import { formatPublicKeyLine, publicKeyOf } from '@nbs-ssh/transport/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateEd25519 } from '../../src/private-key/index.ts';
import {
  checkSigner,
  isRevoked,
  isSshsigError,
  parseAllowedSigners,
  parseRevokedKeys,
  principalsMatching,
  principalsOfKey,
  signerTime,
} from '../../src/sshsig/index.ts';
import { hasSshKeygen, workspace } from '../private-key/tools.ts';
import { crypto, ed25519, MESSAGE, sign } from './signing.ts';

const space = workspace();
afterAll(() => space.remove());
const publicKey = publicKeyOf(ed25519);
const K = formatPublicKeyLine(publicKey);
const OTHER = formatPublicKeyLine(publicKeyOf(generateEd25519(crypto)));
const NOW = 1_700_000_000;

const judge = (text: string, identity = 'me@x', namespace = 'file', now = NOW): string => {
  const verdict = checkSigner(crypto, parseAllowedSigners(text), { publicKey, identity, namespace, now });
  return verdict.type === 'allowed' ? `line ${verdict.entry.line}` : verdict.problem;
};

/** Lines, and what they allow. Every one is also given to ssh-keygen. */
const LINES: readonly (readonly [text: string, expected: string])[] = [
  [`me@x ${K}`, 'line 1'],
  [`me@x ${K} a comment`, 'line 1'],
  [`*@x,bob ${K}`, 'line 1'],
  [`me?x ${K}`, 'line 1'],
  [`"me@x,bob" ${K}`, 'line 1'],
  [`bob,me@x,, ${K}`, 'line 1'],
  [`,me@x ${K}`, 'line 1'],
  [`me@x\t${K}`, 'line 1'],
  [`  me@x \t ${K}`, 'line 1'],
  [`# remark\n\nme@x ${K}`, 'line 3'],
  [`!me@x,* ${K}`, 'unknown-signer'],
  [`*,!me@x ${K}`, 'unknown-signer'],
  [`ME@X ${K}`, 'unknown-signer'],
  [`me@y ${K}`, 'unknown-signer'],
  [`me@x ${OTHER}`, 'unknown-signer'],
  [`bob ${K}\nalice,me@x ${K}`, 'line 2'],
  [`me@x namespaces="file" ${K}`, 'line 1'],
  [`me@x NAMESPACES="file" ${K}`, 'line 1'],
  [`me@x namespaces="f*,!fill" ${K}`, 'line 1'],
  [`me@x namespaces="git,file" ${K}`, 'line 1'],
  [`me@x namespaces="a\\"b,file" ${K}`, 'line 1'],
  [`me@x namespaces="git" ${K}`, 'namespace-not-allowed'],
  [`me@x namespaces="*,!file" ${K}`, 'namespace-not-allowed'],
  [`me@x namespaces="" ${K}`, 'namespace-not-allowed'],
  [`me@x namespaces="git" ${K}\nme@x ${K}`, 'line 2'],
  [`me@x valid-after="20200101" ${K}`, 'line 1'],
  [`me@x valid-after="20200101Z",valid-before="20300101UTC" ${K}`, 'line 1'],
  [`me@x valid-after="20200101z",namespaces="file" ${K}`, 'line 1'],
  [`me@x valid-after="20200231" ${K}`, 'line 1'],
  [`me@x valid-after="202001011200" ${K}`, 'line 1'],
  [`me@x valid-after="20200101120059" ${K}`, 'line 1'],
  [`me@x valid-before="20200101" ${K}`, 'expired'],
  [`me@x valid-before="20200101" ${K}\nme@x ${K}`, 'line 2'],
  [`me@x valid-after="20300101" ${K}`, 'not-yet-valid'],
  [`me@x cert-authority ${K}`, 'unknown-signer'],
  [`me@x CERT-AUTHORITY,namespaces="file" ${K}`, 'unknown-signer'],
  [`me@x bogus ${K}`, 'unknown-signer'],
  [`me@x bogus ${K}\nme@x ${K}`, 'line 2'],
  [`me@x no-cert-authority ${K}`, 'unknown-signer'],
  [`me@x valid-after=20200101 ${K}`, 'unknown-signer'],
  [`me@x valid-after="2020010" ${K}`, 'unknown-signer'],
  [`me@x valid-after="20201301" ${K}`, 'unknown-signer'],
  [`me@x valid-after="202002282460" ${K}`, 'unknown-signer'],
  [`me@x valid-after="0x5000" ${K}`, 'unknown-signer'],
  [`me@x valid-after="19600101" ${K}`, 'unknown-signer'],
  [`me@x valid-after="" ${K}`, 'unknown-signer'],
  [`me@x valid-after="20300101",valid-before="20200101" ${K}`, 'unknown-signer'],
  [`me@x valid-after="20200101",valid-after="20210101" ${K}`, 'unknown-signer'],
  [`me@x namespaces="file",namespaces="file" ${K}`, 'unknown-signer'],
  [`me@x namespaces="file", ${K}`, 'unknown-signer'],
  [`me@x namespaces="file ${K}`, 'unknown-signer'],
  [`me@x namespaces="file"x ${K}`, 'unknown-signer'],
  [`me@x namespaces= ${K}`, 'unknown-signer'],
  [`"me@x ${K}\nme@x ${K}`, 'line 2'],
  [`me@x\nme@x ${K}`, 'line 2'],
  [`me@x ssh-ed25519 AAAA\nme@x ${K}`, 'line 2'],
  ['me@x', 'unknown-signer'],
  ['me@x ssh-ed25519', 'unknown-signer'],
  ['', 'unknown-signer'],
];

describe('allowed_signers', () => {
  it.each(LINES)('%#: %s', (text, expected) => {
    expect(judge(text)).toBe(expected);
  });

  it('gives each unusable line a warning without anything from the line', () => {
    const text = `me@x secret-option ${K}\n# fine\nme@x\nme@x ${K}\n"me ${K}\nme@x ssh-ed25519 AAAA\n\0\n`;
    const { entries, warnings } = parseAllowedSigners(text);
    expect(entries.map(({ line }) => line)).toEqual([4]);
    expect(warnings.map(({ line }) => line)).toEqual([1, 3, 5, 6, 7]);
    expect(JSON.stringify(warnings)).not.toContain('secret');
  });

  it('keeps its warnings bounded, and takes no line longer than its bound', () => {
    expect(parseAllowedSigners('x\n'.repeat(5000)).warnings).toHaveLength(100);
    const long = `me@x ${K} ${'c'.repeat(131_072)}`;
    expect(parseAllowedSigners(`${long}\nme@x ${K}`).entries.map(({ line }) => line)).toEqual([2]);
    expect(judge(`me@x${'*'.repeat(2000)} ${K}`)).toBe('unknown-signer');
    expect(judge(`!${'*'.repeat(2000)},me@x ${K}`)).toBe('unknown-signer');
  });

  it('is read to its end, whatever the quotes: exponential time would not end here', () => {
    for (const unit of ['\\"', '"\\"', 'namespaces="\\"', '"', '\\', ' "', ',']) {
      const text = `me@x ${unit.repeat(5000)} ${K}`;
      expect(parseAllowedSigners(text).warnings).toHaveLength(1);
    }
  });

  it('has limits that belong to the allowed time: after is inclusive, before too', () => {
    const text = `me@x valid-after="20200101Z",valid-before="20210101Z" ${K}`;
    const [from, to] = [Date.UTC(2020, 0, 1) / 1000, Date.UTC(2021, 0, 1) / 1000];
    expect([from - 1, from, to, to + 1].map((now) => judge(text, 'me@x', 'file', now))).toEqual([
      'not-yet-valid',
      'line 1',
      'line 1',
      'expired',
    ]);
  });

  it('takes local time where no Z stands behind it', () => {
    expect(signerTime('20200102030405Z')).toBe(Date.UTC(2020, 0, 2, 3, 4, 5) / 1000);
    expect(signerTime('20200102030405')).toBe(new Date(2020, 0, 2, 3, 4, 5).getTime() / 1000);
    for (const text of [
      '2020',
      '20200101ZZ',
      '20200101 ',
      '+20200101',
      '2020010112',
      '20201232',
      '20200001',
    ]) {
      expect(signerTime(text)).toBeUndefined();
    }
  });

  it('names who may sign with a key, and whom a name means', () => {
    const signers = parseAllowedSigners(
      `bob ${OTHER}\nalice,*@x valid-before="20200101" ${K}\nme@*,you ${K}\nme@x ${OTHER}`,
    );
    expect(principalsOfKey(crypto, signers, publicKey, NOW)).toEqual(['me@*', 'you']);
    expect(principalsOfKey(crypto, signers, publicKeyOf(generateEd25519(crypto)), NOW)).toEqual([]);
    expect(principalsMatching(signers, 'me@x')).toEqual(['alice,*@x', 'me@*,you', 'me@x']);
    expect(principalsMatching(signers, 'nobody')).toEqual([]);
  });
});

describe('revoked keys', () => {
  it('are found in a list of .pub lines', () => {
    expect(isRevoked(parseRevokedKeys(`# gone\n\n${OTHER} old\n${K} mine\n`), publicKey)).toBe(true);
    expect(isRevoked(parseRevokedKeys(`${OTHER}\n`), publicKey)).toBe(false);
    expect(isRevoked(parseRevokedKeys(''), publicKey)).toBe(false);
  });

  it('in a list that cannot be read as a whole are no list', () => {
    for (const [text, line] of [
      [`${K}\njunk\n`, 2],
      ['SSHKRL\n\0\0\0\0\x01', 1],
      [`ssh-ed25519 AAAA\n${K}`, 1],
    ] as const) {
      try {
        parseRevokedKeys(text);
        expect.unreachable();
      } catch (error) {
        expect(isSshsigError(error) && error.context).toMatchObject({ line });
      }
    }
  });
});

describe.skipIf(!hasSshKeygen)('allowed_signers, with ssh-keygen -Y', () => {
  beforeAll(() => {
    writeFileSync(space.path('message'), MESSAGE);
    writeFileSync(space.path('sig'), sign(ed25519));
  });
  const time = '20231114221320Z';
  const theirs = (command: string): string[] => {
    const output = space.run('sh', '-c', `ssh-keygen -Y ${command} -f signers 2>/dev/null < message || true`);
    return output.split('\n').filter((line) => line !== '' && line !== 'Could not verify signature.');
  };

  it('allows there what it allows here', () => {
    expect(signerTime(time)).toBe(NOW);
    for (const [text, expected] of LINES) {
      writeFileSync(space.path('signers'), `${text}\n`);
      const [good] = theirs(`verify -I me@x -n file -s sig -O verify-time=${time}`);
      expect([text, good !== undefined]).toEqual([text, expected.startsWith('line')]);
    }
  });

  it('gives there the principals that it gives here', () => {
    for (const [text] of LINES) {
      writeFileSync(space.path('signers'), `${text}\n`);
      const signers = parseAllowedSigners(text);
      // There, an empty name ends the list of the others.
      if (!/(^|,),|^,/.test(text)) {
        const found = theirs(`find-principals -s sig -O verify-time=${time}`);
        expect([text, principalsOfKey(crypto, signers, publicKey, NOW)]).toEqual([text, found]);
      }
      // There, an unusable line ends the search.
      if (signers.warnings.length > 0) continue;
      expect([text, principalsMatching(signers, 'me@x')]).toEqual([text, theirs('match-principals -I me@x')]);
    }
  });
});
