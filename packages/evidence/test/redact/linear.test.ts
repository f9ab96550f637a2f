import { assert, describe, it } from 'vitest';
import { Redactor } from '../../src/index.ts';

/** Bytes. Small, so that even a quadratic expression ends the test in seconds instead of hanging it. */
const SMALL = 16_384;
const GROWTH = 8;
/** Eight times the text may take three times what is linear; quadratic would be eight times. */
const TOLERANCE = 3;
/** Milliseconds of processor time for what has nothing to do with the text, such as collecting garbage. */
const SLACK = 100;

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
      assertLinear((size) => unit.repeat(Math.ceil(size / unit.length)));
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
      assertLinear((size) => prefix + 'xY3'.repeat(Math.ceil(size / 3)));
    });
  }

  it('10 MB are redacted like a little, with a million things to find', () => {
    const line = 'ssh me@10.0.0.1 password="a b" https://u:p@host/x ';
    const once = redactor.redactText(line);
    assert.notInclude(once, 'a b');
    assert.equal(redactor.redactText(line.repeat(200_000)), once.repeat(200_000));
  });
});

function assertLinear(textOf: (size: number) => string): void {
  const bound = GROWTH * TOLERANCE * processorTime(textOf(SMALL), 0) + SLACK;
  assert.isAtMost(processorTime(textOf(SMALL * GROWTH), bound), bound);
}

/** Milliseconds, the best of up to three runs: other work on the machine is not ours. */
function processorTime(text: string, enough: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3 && best > enough; run += 1) {
    const before = process.cpuUsage();
    assert.notInclude(redactor.redactText(text), '[redacted:failed]');
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
