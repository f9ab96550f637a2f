import {
  agentPrograms,
  fingerprintOf,
  type Sshd,
  sshdAvailable,
  startSshAgent,
  startSshd,
  watchForLeaks,
} from '@nbs-ssh/testing';
import {
  type Agent,
  type AgentUse,
  createAgent,
  PrivateKey,
  type SSHConnection,
  type SSHConnectionOptions,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { socketEndpoint } from '../../src/agent/endpoint.ts';
import { connectTo } from '../lab.ts';

const here = sshdAvailable() && agentPrograms() !== undefined;

describe.skipIf(!here)('an agent handed on to a real server (skipped where OpenSSH is absent)', () => {
  let sshd: Sshd;
  let second: Sshd;
  let agent: Agent;
  let uses: AgentUse[];
  let leaks: ReturnType<typeof watchForLeaks>;

  beforeAll(async () => {
    sshd = await startSshd({});
    second = await startSshd({ clientKeyTypes: ['rsa'] });
  });
  afterAll(async () => {
    await sshd?.stop();
    await second?.stop();
  });
  beforeEach(async () => {
    leaks = watchForLeaks();
    uses = [];
    const confirm = (use: AgentUse): boolean => {
      uses.push(use);
      return true;
    };
    agent = createAgent([{ key: await PrivateKey.fromFile(second.clientKey()), confirm: true }], { confirm });
  });
  afterEach(async () => {
    await agent.close();
    await leaks.assertClean();
  });

  const withAgent = (
    agentForward: NonNullable<SSHConnectionOptions['agentForward']>,
  ): Promise<SSHConnection> => connectTo(sshd, { agentForward });
  const hop = (): string =>
    `ssh -F none -o UserKnownHostsFile=${second.writeKnownHosts()} -o BatchMode=yes -p ${second.port} ${second.username}@127.0.0.1 echo there`;

  it('ssh-add there lists the keys here, in exec and in streamExec, one after the other and at once', async () => {
    await using connection = await withAgent(agent);
    const lists = await Promise.all([1, 2, 3].map(() => connection.exec('ssh-add -l')));
    for (const { stdout } of lists) expect(stdout).toContain(agent.keys[0]?.fingerprint ?? '');
    let output = '';
    for await (const { stream, data } of connection.streamExec('ssh-add -l; ssh-add -l')) {
      if (stream === 'stdout') output += data;
    }
    expect(output.trim().split('\n')).toHaveLength(2);
  });

  it('ssh there logs in at a second server, and the agent knows both hops', async () => {
    await using connection = await withAgent(agent);
    expect(await connection.exec(hop())).toMatchObject({ exitCode: 0, stdout: 'there\n' });
    const [first, last] = [sshd.hostKeys[0], second.hostKeys[0]];
    if (first === undefined || last === undefined) throw new Error('no host keys');
    const prints = [await fingerprintOf(sshd.binaries, first), await fingerprintOf(second.binaries, last)];
    expect(uses[0]?.sessions).toEqual([
      { hostKey: prints[0], forwarding: true },
      { hostKey: prints[1], forwarding: false },
    ]);
  });

  it('also with a real agent, found by SSH_AUTH_SOCK', async () => {
    await using real = await startSshAgent();
    await real.sshAdd(['-q', second.clientKey()]);
    const before = process.env['SSH_AUTH_SOCK'];
    process.env['SSH_AUTH_SOCK'] = real.socket;
    try {
      await using connection = await withAgent(true);
      expect(await connection.exec(hop())).toMatchObject({ exitCode: 0, stdout: 'there\n' });
    } finally {
      if (before === undefined) delete process.env['SSH_AUTH_SOCK'];
      else process.env['SSH_AUTH_SOCK'] = before;
    }
  });

  it('is off by default: the server gets no socket', async () => {
    await using connection = await connectTo(sshd);
    const { stdout } = await connection.exec('echo "[$SSH_AUTH_SOCK]"');
    expect(stdout).toBe('[]\n');
  });

  it('a server that does not allow it runs the command all the same', async () => {
    await using strict = await startSshd({ config: ['AllowAgentForwarding no'] });
    await using connection = await connectTo(strict, { agentForward: agent });
    expect((await connection.exec('echo "[$SSH_AUTH_SOCK]"')).stdout).toBe('[]\n');
  });

  it('an agent that cannot be reached is none there, and the connection goes on', async () => {
    await using connection = await withAgent(socketEndpoint('/nonexistent/agent'));
    // It says so, or dies of SIGPIPE when the socket is closed before it has written.
    const { exitCode, stdout } = await connection.exec('ssh-add -l');
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    expect((await connection.exec('echo on')).stdout).toBe('on\n');
  });

  it('a locked agent shows the other side nothing', async () => {
    agent.lock('shut');
    await using connection = await withAgent(agent);
    expect((await connection.exec('ssh-add -l')).exitCode).toBe(1);
  });

  it('what the server floods the agent with comes back by its own pace, byte for byte', async () => {
    await using connection = await withAgent(agent);
    // 40,000 times "list", answered in order; the reader there is slow to begin.
    const program = [
      'import os, socket, struct, threading',
      's = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"])',
      'n = 40000',
      't = threading.Thread(target=lambda: s.sendall(b"\\0\\0\\0\\1\\x0b" * n)); t.start()',
      'f = s.makefile("rb"); seen = set()',
      'for i in range(n):',
      '  size, = struct.unpack(">I", f.read(4)); seen.add(f.read(size))',
      't.join(); print(len(seen), list(seen)[0][0])',
    ].join('\n');
    const { stdout } = await connection.exec('python3 -', { stdin: program });
    expect(stdout).toBe('1 12\n');
  });

  it('closing the connection ends its connections to the agent', async () => {
    const connection = await withAgent(agent);
    const command = connection.streamExec(
      'python3 -c \'import os, socket, time; s = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"]); s.sendall(b"\\0\\0\\0\\1\\x0b"); s.recv(4); print("connected", flush=True); time.sleep(60)\'',
    );
    for await (const { data } of command) if (data.includes('connected')) break;
    await connection.close();
  });
});
