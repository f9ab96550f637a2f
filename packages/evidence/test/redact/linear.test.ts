import { assertLinear } from '@nbs-ssh/testing';
import { assert, describe, it } from 'vitest';
import { Redactor } from '../../src/index.ts';

/** Bytes. Small, so that even a quadratic expression ends the test in seconds instead of hanging it. */
const SMALL = 16_384;

const redactor = new Redactor();
redactor.register('aaaaaaaaaaaaaaaaaaab');
redactor.register('correct horse battery staple');

describe('T225 redaction of adversarial text takes time in proportion to its length', () => {
  for (const unit of [
    'a',
    'a=',
    'password',
    'password=',
    'pass ',
    'password="',
    'token: \\"',
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    '-----BEGIN ',
    '://a:',
    '://a:b@',
    'x@',
    'a.',
    '1.1.1.',
    '10.0.0.1 ',
    ':',
    '1:',
    'f::',
    '~',
    '~a',
    '/a',
    '/home/x ',
    'C:\\',
    'mysql ',
    ' -p',
    ' -u x',
    'eyJ',
    'eyJabcdefgh.',
    '--',
    '--password ',
    'Authorization:',
    'bearer ',
    'sk-',
    'SG.',
    'ghp_',
    '0123456789abcdefABCDEFghij ',
    'abcdefABCDEF0123456789klmnopqrs+/',
    ')',
    '\\',
    '[redacted:',
    '<host-',
    '[redacted:value]',
    '<host-1>',
  ]) {
    it(JSON.stringify(unit), () => {
      redactsLinearly((size) => unit.repeat(Math.ceil(size / unit.length)));
    });
  }

  for (const prefix of [
    'bearer ',
    '--',
    '--password ',
    'password=',
    'password="',
    'Authorization: ',
    '://',
    '://a:',
    '~',
    '/',
    'C:\\',
    'x@',
    'eyJ',
    'eyJabcdefgh.',
    'mysql -p',
    'curl -u ',
    'curl -u a:',
    'ghp_',
    'AIza',
    'sk-',
    '-----BEGIN PRIVATE KEY-----',
  ]) {
    it(`${JSON.stringify(prefix)} and one long word`, () => {
      redactsLinearly((size) => prefix + 'xY3'.repeat(Math.ceil(size / 3)));
    });
  }

  it('10 MB are redacted like a little, with a million things to find', () => {
    const line = 'ssh me@10.0.0.1 password="a b" https://u:p@host/x ';
    const once = redactor.redactText(line);
    assert.notInclude(once, 'a b');
    assert.equal(redactor.redactText(line.repeat(200_000)), once.repeat(200_000));
  });
});

function redactsLinearly(textOf: (size: number) => string): void {
  const texts = new Map([SMALL, SMALL * 8].map((size) => [size, textOf(size)] as const));
  assertLinear(SMALL, (size) => {
    assert.notInclude(redactor.redactText(texts.get(size) ?? ''), '[redacted:failed]');
  });
}
