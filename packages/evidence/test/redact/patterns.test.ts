import { assert, describe, it } from 'vitest';
import { Redactor } from '../../src/index.ts';
import { isSensitiveKey } from '../../src/redact/keys.ts';
import { FINGERPRINT } from '../sample.ts';

const redact = (text: string): string => new Redactor().redactText(text);

const LINE = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW';

describe('patterns', () => {
  const PEM = `-----BEGIN OPENSSH PRIVATE KEY-----\n${LINE}\nQyNTUxOQ==\n-----END OPENSSH PRIVATE KEY-----`;
  for (const [name, text, expected] of [
    ['a private key', `a\n${PEM}\nb`, 'a\n[redacted:pem]\nb'],
    ['a private key without its end', `a\n${PEM.slice(0, 90)}`, 'a\n[redacted:pem]'],
    ['a private key without its beginning', `note:\n${PEM.slice(40)}\nb`, 'note:[redacted:pem]\nb'],
    ['a private key with escaped line ends', `a ${PEM.replaceAll('\n', '\\n')} b`, 'a [redacted:pem] b'],
    ['a password in a URL', 'ftp://bob:hunter2@h/x', 'ftp://bob:[redacted:url]@h/x'],
    ['a password with @ in a URL', 'ftp://bob:p@ss@h/x', 'ftp://bob:[redacted:url]@h/x'],
    ['both passwords of joined URLs', 'a://u:p@://v:q@', 'a://u:[redacted:url]@://v:[redacted:url]@'],
    ['a basic header', 'Authorization: Basic Ym9iOng=\nHost: h', 'Authorization: [redacted:header]\nHost: h'],
    ['a bearer token', 'used bearer abcdef1234', 'used bearer [redacted:header]'],
    ['a cookie', 'Set-Cookie: sid=abc; Path=/\r\nX: y', 'Set-Cookie: [redacted:header]\r\nX: y'],
    ['a header in JSON', '{"Authorization": "Basic abc"}', '{"Authorization": "[redacted:header]"}'],
    ['password=', 'x password=hunter2 y', 'x password=[redacted:value] y'],
    ['a key of several words', 'DB_PASSWORD=a', 'DB_PASSWORD=[redacted:value]'],
    ['a camel-case key', 'dbPassword: a', 'dbPassword: [redacted:value]'],
    ['a JSON value', '{"api_key": "a b", "n": 1}', '{"api_key": "[redacted:value]", "n": 1}'],
    ['a JSON value in JSON', '{\\"token\\": \\"a b\\"}', '{\\"token\\": \\"[redacted:value]\\"}'],
    ['a quoted value', "secret='a b' c", "secret='[redacted:value]' c"],
    ['a value after another assignment', 'a: password: x', 'a: password: [redacted:value]'],
    ['a long flag', 'run --password hunter2 -v', 'run --password [redacted:flag] -v'],
    ['a long flag with =', 'run --api-key=abc', 'run --api-key=[redacted:flag]'],
    ['a flag of mysql', 'mysql -u root -phunter2 db', 'mysql -u root -p[redacted:flag] db'],
    ['a flag of sshpass', 'sshpass -p hunter2 ssh h', 'sshpass -p [redacted:flag] ssh h'],
    ['a flag of curl', 'curl -u bob:hunter2 h', 'curl -u bob:[redacted:flag] h'],
    ['an AWS key', 'id AKIAIOSFODNN7EXAMPLE.', 'id [redacted:token].'],
    ['a GitHub token', `t ghp_${'a1'.repeat(18)}`, 't [redacted:token]'],
    ['a Slack token', 'xoxb-1234567890-abc', '[redacted:token]'],
    ['a JWT', 'jwt eyJhbGciOiJI.eyJzdWIiOiIx.abc-_ x', 'jwt [redacted:jwt] x'],
    ['long base64', `x ${LINE} y`, 'x [redacted:base64] y'],
    ['long hex', `x ${'0123456789abcdef'.repeat(4)} y`, 'x [redacted:hex] y'],
  ] as const) {
    it(`remove ${name}`, () => assert.equal(redact(text), expected));
  }

  for (const text of [
    `key fingerprint is ${FINGERPRINT}`,
    'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48',
    'diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512',
    'sk-ssh-ed25519-cert-v01@openssh.com sk-ecdsa-sha2-nistp256@openssh.com',
    'kex-strict-s-v00@openssh.com chacha20-poly1305@openssh.com curve25519-sha256@libssh.org',
    'Permission denied (publickey,password).',
    'ssh -p 22 host && mkdir -p a/b',
    'the password authentication failed; basic authentication too',
    'mapping=1 bypass: yes spinning=2 tokenizer=x keyboard: us monkey=2',
    'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3',
    'took 12:34:56 on 2024-01-02, std::string, version 1.2.3',
    'cat /etc/ssh/sshd_config /usr/lib/x86_64-linux-gnu/libcrypto.so.3 and/or N/A',
    'listening on 0.0.0.0 and ::, localhost',
    'exit status 127: command not found',
  ]) {
    it(`keep: ${text}`, () => assert.equal(redact(text), text));
  }
});

describe('identifiers', () => {
  for (const [name, text, expected] of [
    ['private IPv4', 'to 192.168.1.7:22', 'to <ipv4-private-1>:22'],
    ['loopback', 'to 127.0.0.1 and ::1.', 'to <ipv4-loopback-1> and <ipv6-loopback-1>.'],
    [
      'public, and the same one twice',
      '8.8.8.8 1.1.1.1 8.8.8.8',
      '<ipv4-public-1> <ipv4-public-2> <ipv4-public-1>',
    ],
    ['IPv6 in brackets', '[2001:db8::1]:22', '[<ipv6-public-1>]:22'],
    ['link-local IPv6', 'fe80::1%eth0', '<ipv6-linklocal-1>%eth0'],
    ['unique local IPv6', 'fd00::1', '<ipv6-private-1>'],
    ['mapped IPv4', '::ffff:10.0.0.1', '<ipv6-private-1>'],
    ['the same IPv6 in two spellings', '2001:db8::1 2001:DB8:0:0:0:0:0:1', '<ipv6-public-1> <ipv6-public-1>'],
    ['user@host', 'ssh alice@db.example.com.', 'ssh <user-1>@<host-1>.'],
    ['a home directory', 'open /home/alice/notes.txt: no', 'open <path-1>: no'],
    [
      'a well-known file',
      '~/.ssh/id_ed25519 and /home/a/.ssh/known_hosts',
      '<path-1>/id_ed25519 and <path-2>/known_hosts',
    ],
    ['a Windows path', 'C:\\Users\\alice\\x.txt', '<path-1>'],
  ] as const) {
    it(`become pseudonyms: ${name}`, () => assert.equal(redact(text), expected));
  }

  it('do not take a pseudonym that the text has from before', () => {
    assert.equal(redact('<ipv4-public-4> 8.8.8.8'), '<ipv4-public-4> <ipv4-public-5>');
  });
});

describe('sensitive keys', () => {
  it('match whole words only', () => {
    for (const key of [
      'password',
      'db_password',
      'dbPassword',
      'API-KEY',
      'apiKey',
      'private.key',
      'auth_token',
      'pin',
    ]) {
      assert.isTrue(isSensitiveKey(key), key);
    }
    for (const key of [
      'mapping',
      'bypass',
      'spin',
      'tokenizer',
      'key',
      'host_key',
      'keyboard',
      'compass',
      'passive',
    ]) {
      assert.isFalse(isSensitiveKey(key), key);
    }
  });
});
