import { randomInteger, seededRandom } from '@nbs-ssh/testing';

/** A generated configuration: its files by name, the first one to be read first. */
export interface GeneratedConfig {
  readonly files: ReadonlyMap<string, string>;
  readonly hosts: readonly string[];
}

/** Names that are asked for. */
const HOSTS = [
  'alpha',
  'beta.example.org',
  'web-1.prod.example.org',
  'DB.Example.ORG',
  '10.0.0.7',
  '2001:DB8:0::1',
] as const;

const PATTERNS = [
  'alpha',
  '*',
  '*.example.org',
  '*.EXAMPLE.org',
  'beta*',
  'web-?.prod.*',
  '10.0.*',
  '10.0.0.?',
  '*:*',
  '?eta.*',
  'nobody',
  'DB.*',
  '**a',
] as const;

/** Writes one configuration. The same seed gives the same one. */
export function generateConfig(seed: number, folder: string): GeneratedConfig {
  const writer = new Writer(seed, folder);
  return writer.config();
}

class Writer {
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #folder: string;

  constructor(seed: number, folder: string) {
    this.#random = seededRandom(seed);
    this.#folder = folder;
  }

  config(): GeneratedConfig {
    const files = new Map<string, string>();
    files.set('config', `IgnoreUnknown use*,FANCY\n${this.#file(3 + this.#below(30), true)}`);
    for (let at = 0; at < 3; at += 1) files.set(`part-${at}.conf`, this.#file(1 + this.#below(8), false));
    return { files, hosts: [this.#pick(HOSTS), this.#pick(HOSTS)] };
  }

  #file(lines: number, includes: boolean): string {
    const text: string[] = [];
    for (let at = 0; at < lines; at += 1) {
      const dice = this.#below(100);
      if (this.#below(400) === 0) text.push(this.#wrongLine());
      else if (dice < 8) text.push(this.#hostLine());
      else if (dice < 18) text.push(this.#matchLine());
      else if (dice < 21 && includes) text.push(this.#includeLine());
      else if (dice < 24) text.push(this.#pick(['', '   ', '# a comment', '\t# User nobody', '#']));
      else text.push(this.#optionLine());
    }
    return `${text.join(this.#chance(5) ? '\r\n' : '\n')}${this.#chance(90) ? '\n' : ''}`;
  }

  #hostLine(): string {
    const patterns = Array.from({ length: 1 + this.#below(3) }, () => {
      const pattern = this.#pick(PATTERNS);
      return this.#chance(20) ? `!${pattern}` : pattern;
    });
    return this.#line('Host', patterns);
  }

  #matchLine(): string {
    if (this.#chance(12)) return this.#plainLine('Match', ['all']);
    const words: string[] = [];
    for (let at = 0; at <= this.#below(3); at += 1) {
      const negated = this.#chance(20) ? '!' : '';
      const list = (values: readonly string[]): string =>
        Array.from(
          { length: 1 + this.#below(2) },
          () => `${this.#chance(15) ? '!' : ''}${this.#pick(values)}`,
        ).join(',');
      const [name, value] = this.#pick<readonly [string, string]>([
        ['host', list(PATTERNS)],
        ['originalhost', list(PATTERNS)],
        ['user', list(['bob', 'root', 'a*', '*', 'eve'])],
        ['localuser', list(['root', '*', 'nobody'])],
        ['final', ''],
        ['canonical', ''],
        ['exec', this.#pick(['true', 'false', '"test %h = alpha"', '"test %n != %h"', '"test %p -gt 1000"'])],
      ]);
      words.push(`${negated}${this.#case(name)}`, ...(value === '' ? [] : [value]));
    }
    return this.#plainLine('Match', words);
  }

  #includeLine(): string {
    const name = this.#pick([
      'part-0.conf',
      'part-*.conf',
      'part-[12].conf',
      'part-?.conf',
      'missing',
      'none-*',
    ]);
    return this.#line('Include', [`${this.#folder}/${name}`]);
  }

  #optionLine(): string {
    const [name, values] = this.#pick(Object.entries(VALUES));
    const value = this.#pick(values);
    return COMMANDS.has(name)
      ? `${this.#indent()}${this.#case(name)}${this.#separator()}${value.join(' ')}`
      : this.#line(name, value);
  }

  #wrongLine(): string {
    const [name = '', ...words] = this.#pick(WRONG);
    return this.#plainLine(
      name,
      words.map((word) => (word === '' || word.includes(' ') ? `"${word}"` : word)),
    );
  }

  /** A line whose words are quoted in any way that means the same. */
  #line(name: string, words: readonly string[]): string {
    const quoted = words.map((word) => this.#quote(word)).join(this.#pick([' ', ' ', '  ', '\t']));
    const comment = this.#chance(8) ? this.#pick([' # why', ' #', '\t#x "']) : '';
    return `${this.#indent()}${this.#case(name)}${this.#separator()}${quoted}${comment}${this.#tail()}`;
  }

  #plainLine(name: string, words: readonly string[]): string {
    return `${this.#indent()}${this.#case(name)}${this.#pick([' ', '\t', '  '])}${words.join(' ')}${this.#tail()}`;
  }

  #quote(word: string): string {
    const escaped = word.replace(/["\\]/g, '\\$&');
    const dice = this.#below(100);
    if (dice < 12 || /[ \t#"]/.test(word)) return `"${escaped}"`;
    if (dice < 18 && !/['\\]/.test(word)) return `'${word}'`;
    if (dice < 22 && word.length > 2)
      return `${word.slice(0, 2)}"${word.slice(2).replace(/["\\]/g, '\\$&')}"`;
    return word;
  }

  #indent(): string {
    return this.#pick(['', '', '  ', '\t', ' \t ']);
  }

  #tail(): string {
    return this.#pick(['', '', '', ' ', '\t', '  \f']);
  }

  #separator(): string {
    return this.#pick([' ', ' ', ' ', '=', ' = ', '\t', ' =', '= ', '   ']);
  }

  #case(name: string): string {
    const dice = this.#below(10);
    if (dice < 2) return name.toLowerCase();
    return dice < 4 ? name.toUpperCase() : name;
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent;
  }

  #below(limit: number): number {
    return randomInteger(this.#random, limit);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }
}

/** Options whose value is the rest of the line, so that quoting changes it. */
const COMMANDS: ReadonlySet<string> = new Set(['ProxyCommand', 'ProxyJump', 'RemoteCommand', 'LocalCommand']);

const FLAG = [['yes'], ['no'], ['YES'], ['True'], ['false']];
const TIMES = [['10'], ['90s'], ['1m30s'], ['2H'], ['1d'], ['0'], ['none'], ['1w1s']];
const HOME_VARIABLE = '$\u007bHOME}';
const TOKENS = '%d/%h-%n-%p-%r-%u-%i-%L-%l-%k-%%-%C';

/** Lines that ssh refuses, wherever they stand. */
const WRONG: readonly (readonly string[])[] = [
  ['Port', '0'],
  ['ServerAliveInterval', '1x'],
  ['ServerAliveCountMax', '-1'],
  ['RekeyLimit', '8'],
  ['UserKnownHostsFile', '/x', 'none'],
  ['StrictHostKeyChecking', 'maybe'],
  ['KexAlgorithms', 'nonsense'],
  ['HostKeyAlgorithms', 'ssh-nothing'],
  ['Ciphers', 'aes256-nothing'],
  ['LocalForward', '0', 'x:1'],
  ['LocalForward', '8085'],
  ['DynamicForward', 'x'],
  ['SendEnv', 'A=b'],
  ['SetEnv', 'novalue'],
  ['LogLevel', 'LOUD'],
  ['Unheard', 'of'],
  ['Port'],
  ['Host', ''],
  ['User', 'a', 'b'],
  ['Match', 'nothing', 'x'],
  ['Include', ''],
  ['IdentityFile', 'a b', 'c'],
];

/** Values by option. */
const VALUES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  HostName: [['%h'], ['%h.example.org'], ['Other.Example.net'], ['192.0.2.1'], ['2001:db8::1'], ['x%%y']],
  User: [['bob'], ['eve'], ['two words'], ['a"b'], ['DOMAIN\\user']],
  Port: [['22'], ['2222'], ['65535'], ['1']],
  AddressFamily: [['any'], ['inet'], ['inet6'], ['INET']],
  BindAddress: [['127.0.0.1'], ['*'], ['::1']],
  ConnectTimeout: TIMES,
  ConnectionAttempts: [['1'], ['3'], ['007']],
  ServerAliveInterval: TIMES,
  ServerAliveCountMax: [['0'], ['3'], ['100']],
  Compression: [['yes'], ['no']],
  RekeyLimit: [
    ['default'],
    ['default', 'none'],
    ['1G'],
    ['500M', '1h'],
    ['1.5G', '30m'],
    ['4096', '10'],
    ['0'],
    ['16k'],
  ],
  ProxyJump: [
    ['jump'],
    ['a@jump:2222'],
    ['j1,j2'],
    ['me@j1:1,ssh://x@j2:2'],
    ['none'],
    ['10.0.0.1'],
    ['NONE'],
    ['[::1]:22'],
  ],
  ProxyCommand: [['nc', '%h', '%p'], ['none'], ['ssh -W "%h:%p"  gw # not a comment'], ['connect %n %r']],
  IdentityFile: [['~/.ssh/id_a'], ['%d/id_%h'], ['none'], ['/keys/a b'], ['~/.ssh/id_a'], ['k1'], ['"q"']],
  CertificateFile: [['~/c-cert.pub'], ['%d/%u-cert.pub'], ['/c d']],
  IdentitiesOnly: FLAG,
  IdentityAgent: [
    ['none'],
    ['SSH_AUTH_SOCK'],
    ['~/agent.sock'],
    ['/run/%u/agent'],
    ['$SOME_SOCKET'],
    [`${HOME_VARIABLE}/agent`],
  ],
  ForwardAgent: [['yes'], ['no'], ['NO'], ['/tmp/agent'], ['~/a/%h']],
  PreferredAuthentications: [['publickey'], ['password,publickey'], ['keyboard-interactive']],
  PubkeyAuthentication: [...FLAG, ['unbound'], ['host-bound']],
  PasswordAuthentication: FLAG,
  KbdInteractiveAuthentication: FLAG,
  ChallengeResponseAuthentication: FLAG,
  HostbasedAuthentication: FLAG,
  NumberOfPasswordPrompts: [['1'], ['5']],
  BatchMode: FLAG,
  UserKnownHostsFile: [['~/kh'], ['/a b', '~/c'], ['none'], [`~/.ssh/kh/${TOKENS}`]],
  GlobalKnownHostsFile: [['/etc/kh'], ['none'], ['/etc/a', '/etc/b']],
  HostKeyAlias: [['alias'], ['Alias.Example']],
  HashKnownHosts: FLAG,
  UpdateHostKeys: [...FLAG, ['ask']],
  StrictHostKeyChecking: [...FLAG, ['ask'], ['off'], ['accept-new']],
  KexAlgorithms: [
    ['curve25519-sha256'],
    ['+diffie-hellman-group1-sha1'],
    ['-ecdh-*,curve*'],
    ['^ecdh-sha2-nistp521'],
  ],
  HostKeyAlgorithms: [['ssh-ed25519,rsa-sha2-512'], ['+ssh-rsa'], ['-*cert*'], ['^rsa-sha2-*'], ['ecdsa-*']],
  PubkeyAcceptedAlgorithms: [['+ssh-rsa'], ['ssh-ed25519'], ['-ssh-*']],
  PubkeyAcceptedKeyTypes: [['^rsa-sha2-512']],
  CASignatureAlgorithms: [['ssh-ed25519'], ['-rsa*'], ['+ssh-rsa']],
  Ciphers: [
    ['aes128-ctr,aes256-ctr'],
    ['-*-gcm@openssh.com'],
    ['^aes256-gcm@openssh.com'],
    ['+aes128-cbc,3des-cbc'],
  ],
  MACs: [['hmac-sha2-256'], ['-*-etm@*'], ['^hmac-sha2-512-etm@openssh.com'], ['+hmac-md5']],
  LocalForward: [
    ['8080', 'localhost:80'],
    ['127.0.0.1:8081', 'host:81'],
    ['[::1]:8082', '[2001:db8::2]:82'],
    ['*:8083', 'x:83'],
    ['/tmp/s-%h', '/tmp/t-%r'],
    ['8084', '/var/run/x'],
    [`${HOME_VARIABLE}/l.sock`, 'db:5432'],
    ['8080', 'localhost:80'],
  ],
  RemoteForward: [['9090', 'localhost:90'], ['1080'], ['0', 'x:91'], ['[::]:9092', 'y:92'], ['/r/s', 'z:93']],
  DynamicForward: [['1080'], ['127.0.0.1:1081'], ['[::1]:1082']],
  ClearAllForwardings: [['no'], ['no'], ['no'], ['yes']],
  ExitOnForwardFailure: FLAG,
  GatewayPorts: FLAG,
  SendEnv: [['LANG'], ['LC_*', 'TERM'], ['-LC_*'], ['-*']],
  SetEnv: [['A=b'], ['A=b', 'C=d e', 'A=z'], ['X='], ['Q="q"']],
  RequestTTY: [...FLAG, ['force'], ['auto']],
  RemoteCommand: [['echo hi'], ['none'], ['tmux attach -t "%u@%h" # kept'], ['run %d %l %C']],
  SessionType: [['none'], ['subsystem'], ['default']],
  StdinNull: FLAG,
  PermitLocalCommand: FLAG,
  LocalCommand: [['notify "%h"'], ['none']],
  LogLevel: [
    ['QUIET'],
    ['fatal'],
    ['ERROR'],
    ['Info'],
    ['VERBOSE'],
    ['DEBUG'],
    ['DEBUG1'],
    ['debug2'],
    ['DEBUG3'],
  ],
  IgnoreUnknown: [['nothing']],
  Fancy: [['a', 'b']],
  UseSomething: [['yes']],
  ForwardX11: FLAG,
  ControlMaster: [['auto'], ['no']],
  TCPKeepAlive: FLAG,
  CanonicalizeMaxDots: [['1']],
  Protocol: [['2']],
};
