import { assertLinear } from '@nbs-ssh/testing';
import { fingerprint, type PublicKey, parsePublicKey, publicKeyOf } from '@nbs-ssh/transport/keys';
import { toBase64, WireWriter } from '@nbs-ssh/transport/wire';
import { describe, expect, it } from 'vitest';
import {
  formatKnownHostsLine,
  type HostVerdict,
  knownKeyTypes,
  lookupHost,
  parseKnownHosts,
} from '../../src/known-hosts/index.ts';
import { wildcardMatches } from '../../src/known-hosts/match.ts';
import { generateEd25519 } from '../../src/private-key/index.ts';
import { testCrypto as crypto } from '../private-key/crypto.ts';

const ed25519 = (seed: number): PublicKey =>
  publicKeyOf(generateEd25519({ random: () => new Uint8Array(32).fill(seed) }));
const OURS = ed25519(1);
const OTHER = ed25519(2);
const RSA = parsePublicKey(
  new WireWriter()
    .text('ssh-rsa')
    .mpint(65_537n)
    .mpint((1n << 2047n) + 1n)
    .finish(),
);
const key = (publicKey: PublicKey): string => `${publicKey.keyType} ${toBase64(publicKey.blob)}`;
const salt = new Uint8Array(20).fill(7);

function look(text: string, host = 'example.com', port = 22, address?: string): HostVerdict {
  return lookupHost([parseKnownHosts(text, 'known_hosts')], { host, port, address }, OURS, crypto);
}
const verdict = (...args: Parameters<typeof look>): string => look(...args).verdict;

describe('a verdict on a host key', () => {
  it('is trusted when a line has the host and the key, and names the line', () => {
    expect(look(`# comment\n\nexample.com ${key(OURS)} a comment\n`)).toEqual({
      verdict: 'trusted',
      file: 'known_hosts',
      line: 3,
    });
  });

  it('is unknown without any line for the host, and names where else the key stands', () => {
    expect(look('')).toEqual({ verdict: 'unknown', others: [] });
    const hashed = formatKnownHostsLine('third.example', 22, OURS, { hash: { salt, hmac: crypto.hmac } });
    expect(look(`other.example,10.0.0.1 ${key(OURS)}\n${hashed}\nexample.org ${key(OTHER)}`)).toEqual({
      verdict: 'unknown',
      others: [
        { file: 'known_hosts', line: 1, names: 'other.example,10.0.0.1' },
        { file: 'known_hosts', line: 2, names: undefined },
      ],
    });
  });

  it('is changed when the host is known with another key, and gives its fingerprint', () => {
    expect(look(`example.com ${key(OTHER)}\n`)).toEqual({
      verdict: 'changed',
      known: [
        {
          file: 'known_hosts',
          line: 1,
          keyType: 'ssh-ed25519',
          fingerprint: fingerprint(crypto.hash, OTHER.blob),
        },
      ],
    });
  });

  it('is changed when the host is known with keys of other types only, as in OpenSSH', () => {
    expect(verdict(`example.com ${key(RSA)}\n`)).toBe('changed');
  });

  it('is changed when the host is known only with a key type we cannot use', () => {
    const blob = new WireWriter().text('ssh-dss').text('x').finish();
    expect(verdict(`example.com ssh-dss ${toBase64(blob)}\n`)).toBe('changed');
  });

  it('is trusted when one of several lines has the key, in any file', () => {
    expect(verdict(`example.com ${key(RSA)}\nexample.com ${key(OTHER)}\nexample.com ${key(OURS)}`)).toBe(
      'trusted',
    );
    const files = [
      parseKnownHosts(`example.com ${key(OTHER)}\n`, 'user'),
      parseKnownHosts(`\nexample.com ${key(OURS)}\n`, 'system'),
    ];
    expect(lookupHost(files, { host: 'example.com', port: 22 }, OURS, crypto)).toEqual({
      verdict: 'trusted',
      file: 'system',
      line: 2,
    });
  });

  it('is revoked when any line revokes the key for the host, wherever it stands', () => {
    const good = `example.com ${key(OURS)}\n`;
    expect(look(`${good}@revoked * ${key(OURS)}\n`)).toEqual({
      verdict: 'revoked',
      file: 'known_hosts',
      line: 2,
    });
    expect(verdict(`@revoked example.com ${key(OURS)}\n${good}`)).toBe('revoked');
    expect(verdict(`@revoked example.org ${key(OURS)}\n${good}`)).toBe('trusted');
    expect(verdict(`@revoked * ${key(OTHER)}\n${good}`)).toBe('trusted');
  });

  it('is revoked on every port and for the address that was dialled', () => {
    expect(verdict(`@revoked example.com ${key(OURS)}\n`, 'example.com', 2222)).toBe('revoked');
    expect(verdict(`@revoked 192.0.2.1 ${key(OURS)}\n`, 'example.com', 22, '192.0.2.1')).toBe('revoked');
  });

  it('does not become trusted by the address alone', () => {
    expect(verdict(`192.0.2.1 ${key(OURS)}\n`, 'example.com', 22, '192.0.2.1')).toBe('unknown');
  });

  it('never follows from a @cert-authority line, neither trusted nor changed', () => {
    expect(verdict(`@cert-authority example.com ${key(OURS)}\n`)).toBe('unknown');
    expect(verdict(`@cert-authority * ${key(OTHER)}\n`)).toBe('unknown');
    expect(look(`@cert-authority example.com ${key(OURS)}\n`)).toEqual({ verdict: 'unknown', others: [] });
  });

  for (const [title, names, host, port, expected] of [
    ['upper case in the file', 'EXAMPLE.Com', 'example.com', 22, 'trusted'],
    ['upper case in the question', 'example.com', 'eXaMpLe.CoM', 22, 'trusted'],
    ['a list', 'a.example,example.com,b.example', 'example.com', 22, 'trusted'],
    ['a star', '*.com', 'example.com', 22, 'trusted'],
    ['a star for nothing', 'example.com*', 'example.com', 22, 'trusted'],
    ['a question mark', 'exampl?.com', 'example.com', 22, 'trusted'],
    ['a question mark for nothing', 'example.com?', 'example.com', 22, 'unknown'],
    ['a negation first', '!example.com,*.com', 'example.com', 22, 'unknown'],
    ['a negation last', '*.com,!example.com', 'example.com', 22, 'unknown'],
    ['a negated wildcard', '*,!*.com', 'example.com', 22, 'unknown'],
    ['a negation of another host', '*.com,!other.com', 'example.com', 22, 'trusted'],
    ['a negation alone', '!other.com', 'example.com', 22, 'unknown'],
    ['a port', '[example.com]:2222', 'example.com', 2222, 'trusted'],
    ['a port in another case', '[EXAMPLE.com]:2222', 'Example.com', 2222, 'trusted'],
    ['another port', '[example.com]:2223', 'example.com', 2222, 'unknown'],
    ['a port for port 22', '[example.com]:22', 'example.com', 22, 'unknown'],
    ['the bare name on another port', 'example.com', 'example.com', 2222, 'trusted'],
    ['a wildcard over ports', '[example.com]:*', 'example.com', 2222, 'trusted'],
    ['a suffix is no match', 'le.com', 'example.com', 22, 'unknown'],
    ['brackets are no character class', 'exampl[e].com', 'example.com', 22, 'unknown'],
    ['IPv6', '2001:db8::1', '2001:DB8::1', 22, 'trusted'],
    ['IPv6 with a port', '[2001:db8::1]:2222', '2001:db8::1', 2222, 'trusted'],
    ['IPv6 with a zone', 'fe80::1%eth0', 'fe80::1%eth0', 22, 'trusted'],
    ['IPv6 with another zone', 'fe80::1%eth0', 'fe80::1%eth1', 22, 'unknown'],
    ['a Kelvin sign is no k', 'ok.example', 'o\u212a.example', 22, 'unknown'],
    ['a pattern of 1,023 characters', `example.com,${'*'.repeat(1023)}`, 'example.com', 22, 'unknown'],
  ] as const) {
    it(`takes names as OpenSSH does: ${title}`, () => {
      expect(verdict(`${names} ${key(OURS)}\n`, host, port)).toBe(expected);
    });
  }

  it('on another port is unknown, not changed, when only the bare name is known with another key', () => {
    expect(verdict(`example.com ${key(OTHER)}\n`, 'example.com', 2222)).toBe('unknown');
  });

  it('on another port does not fall back to the bare name when the port is known with another key', () => {
    expect(verdict(`[example.com]:2222 ${key(OTHER)}\nexample.com ${key(OURS)}\n`, 'example.com', 2222)).toBe(
      'changed',
    );
  });
});

describe('known_hosts lines', () => {
  it('that are written are found again, plain and hashed, and in any case', () => {
    for (const [host, port] of [
      ['Example.COM', 22],
      ['example.com', 2222],
      ['2001:db8::1', 22],
      ['fe80::1%eth0', 22_222],
    ] as const) {
      for (const hash of [undefined, { salt, hmac: crypto.hmac }]) {
        const line = formatKnownHostsLine(host, port, OURS, { hash });
        if (hash !== undefined) expect(line).not.toContain(host);
        expect(verdict(line, host.toUpperCase().replace('%ETH', '%eth'), port)).toBe('trusted');
        expect(verdict(line, `x${host}`, port)).toBe('unknown');
        expect(verdict(line, host, port === 22 ? 23 : 22)).toBe(port === 22 ? 'trusted' : 'unknown');
      }
    }
  });

  it('are not written for a host name that would mean something else in the file', () => {
    for (const host of [
      '',
      'a b',
      'a\nb',
      'a,b',
      '*',
      'a?',
      '!a',
      '#a',
      '|1|a',
      '@revoked',
      'a\0b',
      'a\u0085b',
    ]) {
      expect(() => formatKnownHostsLine(host, 22, OURS)).toThrow(RangeError);
    }
  });

  for (const [title, line, problem] of [
    ['a marker nobody knows', `@trusted example.com ${key(OURS)}`, 'marker'],
    ['two markers', `@revoked @revoked example.com ${key(OURS)}`, 'marker'],
    ['no key', 'example.com', 'missing-key'],
    ['no base64', 'example.com ssh-ed25519', 'missing-key'],
    ['a comment in place of the key', 'example.com # nothing here', 'missing-key'],
    ['a key of protocol 1', 'example.com 1024 35 123456789', 'key-type'],
    ['base64 with a stray character', `example.com ${key(OURS)}!`, 'key'],
    ['base64 cut short', `example.com ${key(OURS).slice(0, -1)}`, 'key'],
    ['a type that is not the one inside', `example.com ssh-rsa ${toBase64(OURS.blob)}`, 'key'],
    ['an empty key', 'example.com ssh-ed25519 AAAA', 'key'],
    ['a hash of another kind', `|2|${toBase64(salt)}|${toBase64(salt)} ${key(OURS)}`, 'hashed-name'],
    ['a hash with a short salt', `|1|AAAA|${toBase64(salt)} ${key(OURS)}`, 'hashed-name'],
    ['a NUL byte', `example.com\0 ${key(OURS)}`, 'nul-byte'],
    ['65,537 characters', `${'a,'.repeat(40_000)} ${key(OURS)}`, 'line-too-long'],
  ] as const) {
    it(`become a warning and no verdict: ${title}`, () => {
      const text = `\n${line}\nexample.org ${key(OURS)}\n`;
      const parsed = parseKnownHosts(text, 'f');
      expect(parsed.warnings).toEqual([{ file: 'f', line: 2, problem }]);
      expect(parsed.entries.map((entry) => entry.line)).toEqual([3]);
      expect(verdict(line)).toBe('unknown');
    });
  }

  it('are read with CR LF, tabs, leading white space and no final newline', () => {
    for (const text of [
      `example.com ${key(OURS)}\r\n`,
      `\t example.com\t\t${key(OURS).replace(' ', '\t')}\tcomment`,
      `@cert-authority * ${key(OTHER)}\r\nexample.com ${key(OURS)}`,
    ]) {
      expect(verdict(text)).toBe('trusted');
    }
  });

  it('give an answer, never an exception, wherever the file is cut', () => {
    const text = `@revoked x ${key(OTHER)}\n${formatKnownHostsLine('example.com', 22, OURS, { hash: { salt, hmac: crypto.hmac } })}\n`;
    for (let cut = 0; cut < text.length - 1; cut += 1) {
      // A key cut between two groups of base64 is still a key, and not ours: the host stays pinned.
      expect(['unknown', 'changed']).toContain(verdict(text.slice(0, cut)));
    }
    expect(verdict(text)).toBe('trusted');
  });

  it('of a binary file give at most 100 warnings', () => {
    expect(parseKnownHosts('\u0001\u0002\n'.repeat(10_000), 'f').warnings).toHaveLength(100);
  });

  it('name the key types of a host in file order, without revoked keys and certificate authorities', () => {
    const files = [
      parseKnownHosts(`example.com ${key(RSA)}\n@cert-authority * ecdsa-sha2-nistp256 AAAA\n`, 'a'),
      parseKnownHosts(`*.com ${key(OURS)}\nexample.com ${key(RSA)}\nother ${key(OURS)}\n`, 'b'),
    ];
    expect(knownKeyTypes(files, { host: 'Example.com', port: 22 }, crypto)).toEqual([
      'ssh-rsa',
      'ssh-ed25519',
    ]);
    expect(knownKeyTypes(files, { host: 'example.com', port: 2222 }, crypto)).toEqual([
      'ssh-rsa',
      'ssh-ed25519',
    ]);
    expect(knownKeyTypes(files, { host: 'nowhere', port: 22 }, crypto)).toEqual([]);
    const revoked = parseKnownHosts(`@revoked * ${key(RSA)}\n`, 'c');
    expect(knownKeyTypes([...files, revoked], { host: 'example.com', port: 22 }, crypto)).toEqual([
      'ssh-ed25519',
    ]);
  });
});

describe('wildcards', () => {
  it('agree with a recursive matcher on every short pattern and text', () => {
    const reference = (pattern: string, text: string): boolean => {
      if (pattern === '') return text === '';
      if (pattern.startsWith('*')) {
        return reference(pattern.slice(1), text) || (text !== '' && reference(pattern, text.slice(1)));
      }
      return (
        text !== '' &&
        (pattern[0] === '?' || pattern[0] === text[0]) &&
        reference(pattern.slice(1), text.slice(1))
      );
    };
    const words = (alphabet: string, length: number): string[] =>
      length === 0
        ? ['']
        : words(alphabet, length - 1).flatMap((word) => [word, ...[...alphabet].map((c) => word + c)]);
    const texts = new Set(words('ab', 4));
    for (const pattern of new Set(words('ab*?', 4))) {
      for (const text of texts) {
        if (wildcardMatches(pattern, text) !== reference(pattern, text))
          expect([pattern, text]).toBe('equal');
      }
    }
  });

  it('that are made to explode take time in proportion to the name, up to 10 KB', () => {
    for (const pattern of [
      `${'*a'.repeat(500)}b`,
      `*${'a'.repeat(1000)}b`,
      '*?'.repeat(500),
      '*'.repeat(1000),
    ]) {
      const entries = parseKnownHosts(`${pattern},x ${key(OURS)}\n`, 'f');
      assertLinear(1280, (size) => {
        const { verdict } = lookupHost([entries], { host: 'a'.repeat(size), port: 22 }, OURS, crypto);
        expect(verdict).toBe('unknown');
      });
    }
  });

  it('take time in proportion to the name, up to the longest that is looked up', () => {
    for (const pattern of [`*${'a'.repeat(500)}b`, `${'*a'.repeat(500)}b`]) {
      assertLinear(128, (size) => expect(wildcardMatches(pattern, 'a'.repeat(size))).toBe(false));
    }
  });
});
