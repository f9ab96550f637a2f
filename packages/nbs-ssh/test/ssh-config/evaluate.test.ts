import { describe, expect, it } from 'vitest';
import { evaluate, memoryEnvironment, refusal, settingsFor } from './memory.ts';

describe('the value of an option', () => {
  it('is the first one of a block that applies', async () => {
    const text = 'Host other\n User x\nHost h*\n User y\n Port 1\nHost *\n User z\n Port 2\n BatchMode yes';
    expect(await settingsFor(text)).toMatchObject({ user: 'y', port: 1, batchMode: true });
  });

  it('comes from the command line before all files', async () => {
    const said = { User: 'said', Port: '3' };
    const settings = await settingsFor('User file\nPort 2', 'host', memoryEnvironment({}), said);
    expect(settings).toMatchObject({ user: 'said', port: 3 });
  });

  it('adds up for keys, certificates, forwards and SendEnv, and does so for SetEnv in one line only', async () => {
    const text =
      'IdentityFile a\nIdentityFile b\nIdentityFile a\nCertificateFile c\nLocalForward 1 a:1\nLocalForward 2 b:2\n' +
      'LocalForward 1 a:1\nDynamicForward 3\nRemoteForward 4 c:4\nSendEnv S*\nSetEnv A=1 B=2 A=3\nSetEnv C=4';
    const settings = await settingsFor(text);
    expect(settings.identityFiles).toEqual(['a', 'b']);
    expect(settings.certificateFiles).toEqual(['c']);
    expect(settings.forwards.map(({ type }) => type)).toEqual(['local', 'local', 'dynamic', 'remote']);
    expect(settings.env).toEqual({ SOCK: '/run/agent', A: '1', B: '2' });
  });

  it('may be taken back by none and by ClearAllForwardings', async () => {
    const text =
      'ProxyCommand none\nProxyJump a\nUserKnownHostsFile none\nLocalForward 1 a:1\nClearAllForwardings yes\n' +
      'RemoteCommand none\nIdentityFile none\nIdentityAgent none';
    expect(await settingsFor(text)).toMatchObject({
      proxyCommand: undefined,
      proxyJump: [],
      userKnownHostsFiles: [],
      forwards: [],
      remoteCommand: undefined,
      identityFiles: [],
      identityAgent: 'none',
    });
  });

  it('has home, tokens and variables put in', async () => {
    const text =
      `HostName %h.example\nIdentityFile ~/k-%h-%n-%r-%p-%u-%L-%l-%i-%%\nUserKnownHostsFile ~other/kh\n` +
      `IdentityAgent $SOCK\nProxyJump gw.%h\nRemoteCommand run %n`;
    expect(await settingsFor(text)).toMatchObject({
      hostName: 'host.example',
      identityFiles: ['/home/me/k-host.example-host-me-22-me-here-here.example.net-1000-%'],
      userKnownHostsFiles: ['/home/other/kh'],
      identityAgent: '/run/agent',
      proxyJump: [{ host: 'gw.host.example' }],
      remoteCommand: 'run host',
    });
  });

  it('has tokens and variables put in for a user, but those that are made of the user', async () => {
    const { user } = await settingsFor(`User $\u007bSOCK}-%n-%u-%%`);
    expect(user).toBe('/run/agent-host-me-%');
  });

  it.each([
    ['User %r', 'token %r'],
    ['User %C', 'token %C'],
    ['IdentityFile %z', 'token %z'],
    ['IdentityFile a%', 'token %'],
    ['HostName %n', 'token %n'],
    ['ProxyCommand nc %u', 'token %u'],
    [`UserKnownHostsFile $\u007bNONE}/x`, 'not set'],
    ['IdentityFile ~nobody/x', 'no such user'],
  ])('is refused when it is %s', async (text, words) => {
    const error = await refusal(settingsFor(text));
    expect(error).toMatchObject({ code: 'CONFIG_TOKEN', message: expect.stringContaining(words) });
  });
});

describe('Match', () => {
  it.each([
    ['all', true],
    ['!all', false],
    ['host host', true],
    ['host HOST', true],
    ['host=host', true],
    ['host "other,host"', true],
    ['host *,!host', false],
    ['!host other', true],
    ['originalhost host user me localuser me', true],
    ['user root', false],
    ['user me all', true],
    ['tagged fast', true],
    ['tagged slow', false],
    ['command "run *"', true],
    ['command ""', false],
    ['sessiontype exec', true],
    ['version nbs*', true],
    ['canonical', false],
    ['!canonical', true],
  ])('%s %s', async (criteria, expected) => {
    const { settings } = await evaluate(
      `Tag fast\nMatch ${criteria}\nPort 5`,
      'host',
      memoryEnvironment({}),
      {
        command: 'run it',
      },
    );
    expect(settings.port).toBe(expected ? 5 : undefined);
  });

  it('final sees what the first pass came to, and changes nothing that it gave', async () => {
    const text =
      'Match final host real\n User late\n Port 7\nHost host\n HostName real\n Port 6\nHost real\n Tag second';
    const { settings, hostName } = await evaluate(text);
    expect(hostName).toBe('real');
    expect(settings).toMatchObject({ user: 'late', port: 6, tag: 'second' });
  });

  it('T177 exec runs nothing unless that is allowed, and says so', async () => {
    const { settings, warnings } = await evaluate('Match exec true\nPort 5\nMatch !exec true\nPort 6');
    expect(settings.port).toBeUndefined();
    expect(warnings.map(({ line, level }) => [line, level])).toEqual([
      [1, 'warning'],
      [3, 'warning'],
    ]);
  });

  it('exec runs the command with its tokens where the criteria before it hold, and only there', async () => {
    const commands: string[] = [];
    const environment = memoryEnvironment(
      {},
      {
        exec: async (command) => {
          commands.push(command);
          return command.startsWith('yes') ? 0 : 1;
        },
      },
    );
    const text =
      'Match host nobody exec "no 1"\nPort 1\nMatch exec "no %h"\nPort 2\nMatch !exec "no 3" exec "yes %p %r"\nPort 3';
    const { settings } = await evaluate(text, 'host', environment);
    expect(settings.port).toBe(3);
    expect(commands).toEqual(['no host', 'no 3', 'yes 22 me']);
  });

  it('T177 exec is not asked once the block is lost', async () => {
    const environment = memoryEnvironment({}, { exec: () => Promise.reject(new Error('it was run')) });
    await evaluate('Match user nobody exec "anything %h"', 'host', environment);
  });

  it('localnetwork is reported, and its block does not apply, negated or not', async () => {
    const { settings, warnings } = await evaluate('Match !localnetwork 10.0.0.0/8\nPort 5');
    expect(settings.port).toBeUndefined();
    expect(warnings[0]).toMatchObject({ level: 'warning', text: expect.stringContaining('localnetwork') });
  });
});

describe('Include', () => {
  const files = {
    '/home/me/.ssh/one': 'User one\nHost never\nPort 9',
    '/home/me/.ssh/d/b.conf': 'Tag b',
    '/home/me/.ssh/d/a.conf': 'Tag a',
    '/abs': 'BatchMode yes',
    '/etc/ssh/sys': 'User system',
  };

  it('reads relative, home and absolute paths, wildcards in order, and passes over what is not there', async () => {
    const { settings, files: read } = await evaluate(
      'Include one d/*.conf missing none-* ~/.ssh/one /abs',
      'host',
      memoryEnvironment(files),
    );
    expect(settings).toMatchObject({ user: 'one', tag: 'a', batchMode: true });
    expect(read).toEqual([
      '/config',
      '/home/me/.ssh/one',
      '/home/me/.ssh/d/a.conf',
      '/home/me/.ssh/d/b.conf',
      '/abs',
    ]);
  });

  it('applies nothing of a file whose block does not apply, and ends a block of that file with it', async () => {
    const environment = memoryEnvironment({ '/x': 'Host *\nPort 9\nMatch all\nPort 9', '/y': 'Host nobody' });
    const text = 'Host other\nInclude /x\nHost host\nInclude /y\nUser here';
    expect((await evaluate(text, 'host', environment)).settings).toMatchObject({ user: 'here' });
    expect((await evaluate(text, 'host', environment)).settings.port).toBeUndefined();
  });

  it('has tokens and variables', async () => {
    const environment = memoryEnvironment({ '/home/me/host': 'Port 4' });
    expect((await evaluate(`Include $\u007bHOME}/%n`, 'host', environment)).settings.port).toBe(4);
  });

  it('of a system file is relative to its folder, and knows no home', async () => {
    const environment = memoryEnvironment(files);
    const sources = [{ path: '/config', own: false, checkOwner: false, required: true }];
    expect((await evaluate('Include sys', 'host', environment, { sources })).settings.user).toBe('system');
    const error = await refusal(evaluate('Include ~/x', 'host', environment, { sources }));
    expect(error.problems).toMatchObject([{ file: '/config', line: 1, reason: 'include' }]);
  });

  it('reports what is wrong in included files, also of blocks that do not apply', async () => {
    const environment = memoryEnvironment({ '/x': 'Port 1\nColour red', '/y': 'Port 0' });
    const error = await refusal(evaluate('Host other\nInclude /x /y\nNope 1', 'host', environment));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.problems.map(({ file, line, reason }) => [file, line, reason])).toEqual([
      ['/x', 2, 'unknown_option'],
      ['/y', 1, 'invalid_value'],
      ['/config', 3, 'unknown_option'],
    ]);
  });

  it.each([
    ['itself', { '/a': 'Include /a' }],
    ['in a circle', { '/a': 'Include /b', '/b': 'Include /c', '/c': 'Include /a' }],
  ])('T177 refuses a file that includes %s', async (_, circle) => {
    const error = await refusal(evaluate('Include /a', 'host', memoryEnvironment(circle)));
    expect(error).toMatchObject({
      code: 'CONFIG_LIMIT',
      message: expect.stringContaining('includes itself'),
    });
  });

  it('T177 goes 16 files deep and refuses the 17th', async () => {
    const chain = (depth: number) =>
      Object.fromEntries(
        Array.from({ length: depth }, (_, at) => [
          `/f${at + 1}`,
          at + 1 === depth ? 'Port 5' : `Include /f${at + 2}`,
        ]),
      );
    expect((await evaluate('Include /f1', 'host', memoryEnvironment(chain(16)))).settings.port).toBe(5);
    const error = await refusal(evaluate('Include /f1', 'host', memoryEnvironment(chain(17))));
    expect(error).toMatchObject({ code: 'CONFIG_LIMIT', context: { file: '/f17' } });
  });

  it('T177 refuses more files than anybody has, also when each includes many', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`/d/${at}`, 'Include /e/*']));
    const more = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`/e/${at}`, 'User x']));
    const error = await refusal(evaluate('Include /d/*', 'host', memoryEnvironment({ ...many, ...more })));
    expect(error).toMatchObject({ code: 'CONFIG_LIMIT', context: { option: 'Include' } });
  });
});

describe('names', () => {
  const HOSTILE = [
    '-oProxyCommand=x',
    'a b',
    'a;b',
    'a$(id)',
    'a`id`',
    'a|b',
    'a&b',
    'a<b',
    "a'b",
    'a"b',
    'a\nb',
    'a\0b',
  ];
  const environment = memoryEnvironment({}, { exec: () => Promise.reject(new Error('a shell was started')) });

  it.each([...HOSTILE, 'a\\b', 'a$b', 'a{b}', ''])('T177 %j is no host', async (host) => {
    const error = await refusal(evaluate('Port 1', host, environment));
    expect(error.code).toBe('CONFIG_UNSAFE_NAME');
  });

  it.each(HOSTILE.filter((name) => name !== 'a b'))(
    'T177 %j is no user on the command line',
    async (user) => {
      const error = await refusal(settingsFor('Port 1', 'host', environment, { User: user }));
      expect(['CONFIG_UNSAFE_NAME', 'CONFIG_INVALID']).toContain(error.code);
    },
  );

  it.each([
    ['HostName "a;b"\nMatch exec "nc %h"', 'host'],
    ['User a$b\nMatch exec "id %r"', 'host'],
    ['User "DOM\\\\me"\nMatch exec "id %r"', 'host'],
    ['HostKeyAlias $(id)\nMatch exec "nc %k"', 'host'],
    ['HostName -x\nProxyCommand nc %h', 'host'],
    ['HostName "$(id)"\nProxyCommand nc %h', 'host'],
    ['User "a b"\nProxyCommand nc %r', 'host'],
  ])('T177 %j puts nothing into a command that a shell would act on', async (text, host) => {
    const error = await refusal(settingsFor(text, host, environment));
    expect(error.code).toBe('CONFIG_UNSAFE_NAME');
  });

  it('may have what is harmless: dots, colons, percent signs, a domain of Windows', async () => {
    expect(await settingsFor('HostName %h\nUser DOM\\me', 'a-b_c.example')).toMatchObject({
      user: 'DOM\\me',
    });
    expect(await settingsFor('ProxyCommand nc %h %p', 'fe80::1')).toMatchObject({
      proxyCommand: { argv: ['nc', 'fe80::1', '22'] },
    });
  });
});

describe('ProxyCommand', () => {
  it.each([
    ['nc -x "a b" %h %p', ['nc', '-x', 'a b', 'host', '22']],
    ['exec nc %h', ['nc', 'host']],
    ['~/bin/p %n', ['/home/me/bin/p', 'host']],
    ["sh -c 'nc %h %p 2>/dev/null'", ['sh', '-c', 'nc host 22 2>/dev/null']],
    ['ssh -W [%h]:%p gw', ['ssh', '-W', '[host]:22', 'gw']],
    ['nc %h %p 2>/dev/null', undefined],
    ['nc %h | cat', undefined],
    ['echo "$HOME"', undefined],
    ['nc `which x`', undefined],
  ])('T177 %s is a program and its arguments, or nothing', async (command, argv) => {
    expect((await settingsFor(`ProxyCommand ${command}`)).proxyCommand?.argv).toEqual(argv);
  });

  it('and ProxyJump exclude each other: the first one counts', async () => {
    expect(await settingsFor('ProxyJump a\nProxyCommand x')).toMatchObject({ proxyCommand: undefined });
    expect(await settingsFor('ProxyCommand x\nProxyJump a')).toMatchObject({ proxyJump: [] });
    expect(await settingsFor('ProxyJump none\nProxyCommand x')).toMatchObject({
      proxyCommand: { argv: ['x'] },
    });
  });
});

describe('what is not done', () => {
  it('is a warning or a note with its place, once, and nothing when it asks for nothing', async () => {
    const text =
      'KnownHostsCommand /x\nKnownHostsCommand none\nGSSAPIAuthentication yes\nCompression no\nCompression yes\nMatch final all\nTunnel yes';
    const { warnings } = await evaluate(text);
    expect(warnings.map(({ line, option, level }) => [line, option, level])).toEqual([
      [1, 'KnownHostsCommand', 'warning'],
      [3, 'GSSAPIAuthentication', 'note'],
      [7, 'Tunnel', 'warning'],
    ]);
  });

  it('is refused where going on would be less safe', async () => {
    const error = await refusal(evaluate('RevokedHostKeys /etc/revoked'));
    expect(error).toMatchObject({
      code: 'CONFIG_UNSUPPORTED',
      context: { line: 1, option: 'RevokedHostKeys' },
    });
    await evaluate('RevokedHostKeys none\nHost other\nRevokedHostKeys /x');
  });

  it('may be allowed by IgnoreUnknown, from its line on', async () => {
    await evaluate('IgnoreUnknown fan*\nFancy 1');
    await refusal(evaluate('Fancy 1\nIgnoreUnknown fan*'));
    await refusal(evaluate('IgnoreUnknown other\nFancy 1'));
  });

  it('keeps lists of the file within bounds', async () => {
    const lines = Array.from({ length: 101 }, (_, at) => `IdentityFile f${at}`).join('\n');
    const error = await refusal(evaluate(lines));
    expect(error.problems).toMatchObject([{ line: 101 }]);
  });
});
