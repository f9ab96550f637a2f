import { readFileSync } from 'node:fs';
import { patternListMatches } from '@nbs-ssh/auth';
import { describe, expect, it } from 'vitest';
import { ConfigError, LineProblem } from '../../src/ssh-config/errors.ts';
import { matchesGlob } from '../../src/ssh-config/glob.ts';
import { parseConfig } from '../../src/ssh-config/parse.ts';
import { matchesHostLine } from '../../src/ssh-config/pattern.ts';
import { CONFIG_OPTIONS } from '../../src/ssh-config/table.ts';
import { UNSUPPORTED_OPTIONS } from '../../src/ssh-config/unsupported.ts';
import { splitKeyword, splitWords } from '../../src/ssh-config/words.ts';
import { generateConfig } from './generate.ts';

describe('words of a line', () => {
  it.each([
    ['Port 22', 'Port', '22'],
    ['Port=22', 'Port', '22'],
    ['Port = 22', 'Port', '22'],
    ['  \tPort\t=\t22', 'Port', '22'],
    ['Port == 22', 'Port', '= 22'],
    ['"Port" 22', 'Port', '22'],
    ['Po"rt" 22', 'Port', '22'],
    ['Port', 'Port', ''],
    ['', '', ''],
  ])('takes the keyword off %j', (line, keyword, rest) => {
    expect(splitKeyword(line)).toEqual({ keyword, rest });
  });

  it.each([
    ['a b\tc', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['a"b c"d', ['ab cd']],
    ['a\\ b', ['a b']],
    ['"a\\"b" \'a\\\'b\'', ['a"b', "a'b"]],
    ['"a\\ b" a\\x', ['a\\ b', 'a\\x']],
    ['a\\\\b', ['a\\b']],
    ['a # b', ['a']],
    ['a#b "#c"', ['a#b', '#c']],
    ['""', ['']],
    ['# all', []],
    ['', []],
  ])('splits %j as OpenSSH does', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each(['"a', "a 'b", 'a"', '\\"a" b'])('refuses %j, where a quote is not closed', (text) => {
    expect(() => splitWords(text)).toThrow(LineProblem);
  });
});

describe('patterns', () => {
  it.each([
    ['a.example', ['*.example'], true],
    ['a.example', ['*.example', '!a*'], false],
    ['a.example', ['!b*'], false],
    ['A', ['a'], false],
    ['a', ['?'], true],
    ['a', [], false],
  ])('says whether %s is meant by Host %j', (host, patterns, expected) => {
    expect(matchesHostLine(host, patterns)).toBe(expected);
  });

  it.each([
    ['a', 'b,a', true],
    ['a', 'a,!a', false],
    ['a', '', false],
    ['a', `${'x'.repeat(2000)},a`, false],
  ])('says whether %s is in the list %s', (text, list, expected) => {
    expect(patternListMatches(list, text)).toBe(expected);
  });

  it('T178 takes no more than the product of the lengths for wildcards that almost match', () => {
    const name = `${'a'.repeat(10_240)}b`;
    expect(matchesHostLine(name, ['*a'.repeat(500)])).toBe(false);
    expect(matchesGlob(name, '*a'.repeat(500))).toBe(false);
    expect(matchesGlob(name, `${'*a'.repeat(500)}*b`)).toBe(true);
  });

  it.each([
    ['a.conf', '*.conf', true],
    ['.a.conf', '*.conf', false],
    ['.a', '.?', true],
    ['b1', 'b[0-9]', true],
    ['bx', 'b[!0-9]', true],
    ['b]', 'b[]]', true],
    ['b[', 'b[', true],
    ['a*', 'a\\*', true],
    ['ab', 'a\\*', false],
    ['-', '[a-]', true],
  ])('says whether the file %s is meant by %s', (name, pattern, expected) => {
    expect(matchesGlob(name, pattern)).toBe(expected);
  });
});

describe('parseConfig', () => {
  const parse = (text: string) => parseConfig(text, 'f', {});

  it('tells file, line and option of everything that is wrong', () => {
    const problems = parse('Port 22\nPort x\n\n# c\nUser\nHost "a\nMatch color red\n').flatMap((line) =>
      line.type === 'wrong' ? [line.problem] : [],
    );
    expect(problems).toEqual([
      { file: 'f', line: 2, option: 'Port', reason: 'invalid_value', text: expect.stringContaining('"x"') },
      { file: 'f', line: 5, option: 'User', reason: 'syntax', text: 'User: a value is missing' },
      { file: 'f', line: 6, option: 'Host', reason: 'syntax', text: 'Host: a quote is not closed' },
      { file: 'f', line: 7, option: 'Match', reason: 'syntax', text: 'Match: there is no criterion "color"' },
    ]);
  });

  it.each([
    ['User a\0b', 'NUL'],
    [`User ${'x'.repeat(20_000)}`, 'too long'],
    ['"User a', 'not closed'],
    ['User a b', 'more than'],
    ['Host ""', 'empty'],
    ['LocalForward 1', 'missing'],
    ['LocalForward 0 a:1', 'must be'],
    ['LocalForward [::1:1 a:1', 'bracket'],
    ['DynamicForward a:b:c', 'must be'],
    ['ProxyJump a,,b', 'must be'],
    ['ProxyJump -oX', 'must be'],
    ['ProxyJump a$(id)', 'must be'],
    [`ProxyJump ${'a,'.repeat(20)}b`, '16'],
    ['RekeyLimit 8', '16 bytes'],
    ['RekeyLimit 99999999999999999999', 'must be'],
    ['ConnectTimeout 1y', 'time'],
    ['ConnectTimeout 99999999999', 'time'],
    ['Ciphers rot13', 'rot13'],
    ['Ciphers aes*', 'aes*'],
    ['SendEnv A=b', 'names'],
    ['SetEnv A', 'NAME=value'],
    ['IdentityAgent $1', 'variable'],
    [`IdentityAgent $\u007bNONE}`, 'set'],
    ['Match', 'missing'],
    ['Match host', 'needs a value'],
    ['Match host a user b all', 'combined'],
    ['Match all host a', 'combined'],
  ])('refuses %s', (text, words) => {
    const [line] = parse(text);
    expect(line).toMatchObject({ type: 'wrong', problem: { text: expect.stringContaining(words) } });
  });

  it('escapes what it quotes', () => {
    const [line] = parse('Port \u001b[31mred\u202e');
    expect(line?.type === 'wrong' && line.problem.text).not.toMatch(/[\u001b\u202e]/);
  });

  it('T177 gives lines or problems for every beginning of a file, and throws nothing', () => {
    for (let seed = 0; seed < 5; seed += 1) {
      const text = generateConfig(seed, '/tmp').files.get('config') ?? '';
      for (let end = 0; end <= text.length; end += 1) {
        for (const line of parse(text.slice(0, end))) expect(line.line).toBeGreaterThan(0);
      }
    }
  });

  it('gives lines or problems for any bytes', () => {
    const bytes = new Uint8Array(4096).map((_, at) => (at * 7919) % 256);
    expect(() => parse(new TextDecoder().decode(bytes))).not.toThrow();
  });

  it('refuses a file that is too long', () => {
    expect(() => parse('#'.repeat(2_000_000))).toThrow(ConfigError);
  });
});

describe('docs/ssh-config.md', () => {
  it('has every option of the tables', () => {
    const text = readFileSync(new URL('../../../../docs/ssh-config.md', import.meta.url), 'utf8');
    const names = [...CONFIG_OPTIONS, ...UNSUPPORTED_OPTIONS].map(({ name }) => name);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
