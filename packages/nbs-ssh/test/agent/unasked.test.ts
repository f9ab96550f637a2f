import { OpenFailureReason } from '@nbs-ssh/channels';
import { systemClock } from '@nbs-ssh/session/node';
import { createAgent, SSHConnection } from 'nbs-ssh';
import { afterEach, describe, expect, it } from 'vitest';
import { AGENT_CHANNEL, AgentForwarding } from '../../src/agent/forwarding.ts';
import { pipePair } from '../../src/agent/pipe.ts';
import { rejection } from '../lab.ts';
import { options, ourServer } from '../own-server.ts';
import { Twins } from '../twins.ts';

class AgentTwins extends Twins {
  readonly agent = createAgent();
  readonly forwarding: AgentForwarding;

  constructor(connect?: () => Promise<never>) {
    super(AGENT_CHANNEL);
    this.forwarding = new AgentForwarding(() => (connect === undefined ? this.agent : { connect }), {
      clock: systemClock,
      emit: (name) => this.traced.push(name),
    });
    this.handler = this.forwarding;
  }
}

const PROHIBITED = OpenFailureReason.ADMINISTRATIVELY_PROHIBITED;

describe('channels to the agent that a server opens', () => {
  let twins = new AgentTwins();
  afterEach(async () => {
    twins.forwarding.close();
    await twins.agent.close();
  });

  it('are prohibited before forwarding was asked for, and once the session that asked is over', async () => {
    twins = new AgentTwins();
    twins.open();
    await twins.settle();
    expect(twins.answers).toEqual([PROHIBITED]);
    const session = twins.session();
    twins.forwarding.request(session);
    await twins.settle();
    twins.open();
    await twins.settle();
    expect(twins.answers).toEqual([PROHIBITED, undefined]);
    session.abandon();
    await twins.settle();
    twins.open();
    await twins.settle();
    expect(twins.answers).toEqual([PROHIBITED, undefined, PROHIBITED]);
  });

  it('are prohibited for good when nothing is to be handed on', async () => {
    twins = new AgentTwins();
    const off = new AgentForwarding(undefined, { clock: systemClock, emit: () => {} });
    twins.handler = off;
    off.request(twins.session());
    twins.open();
    await twins.settle();
    expect(twins.answers).toEqual([PROHIBITED]);
  });

  it('are at most sixteen at a time, also while the agent has not answered yet', async () => {
    for (const connect of [undefined, () => new Promise<never>(() => {})]) {
      twins = new AgentTwins(connect);
      twins.forwarding.request(twins.session());
      await twins.settle();
      twins.open(18);
      await twins.settle();
      const refused = twins.answers.filter((answer) => answer !== undefined);
      expect(refused).toEqual([OpenFailureReason.RESOURCE_SHORTAGE, OpenFailureReason.RESOURCE_SHORTAGE]);
      expect(twins.answers.filter((answer) => answer === undefined)).toHaveLength(
        connect === undefined ? 16 : 0,
      );
      twins.forwarding.close();
    }
  });

  it('are refused when the agent is not there', async () => {
    twins = new AgentTwins(async () => {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    });
    twins.forwarding.request(twins.session());
    await twins.settle();
    twins.open();
    await twins.settle();
    expect(twins.answers).toEqual([OpenFailureReason.CONNECT_FAILED]);
    expect(twins.traced).toContain('agent.failed');
  });
});

describe('T155 a server of ours', () => {
  it('does not grant agent forwarding, and runs the command without it', async () => {
    await using agent = createAgent();
    await using server = await ourServer({
      exec: async ({ stdout, env }) => {
        await stdout.write(JSON.stringify(env));
        return 0;
      },
    });
    await using connection = await SSHConnection.connect({
      ...options(server.address.port),
      agentForward: agent,
    });
    expect(await connection.exec('anything')).toMatchObject({ exitCode: 0, stdout: '{}' });
  });
});

describe('options of agents', () => {
  it('are checked at once', async () => {
    const base = { host: 'h', username: 'u' };
    for (const [more, type] of [
      [{ agentForward: 'yes' }, TypeError],
      [{ agentForward: {} }, TypeError],
      [{ auth: { method: 'ssh_agent', identities: 'one' } }, TypeError],
      [{ auth: { method: 'ssh_agent', socketPath: '' } }, TypeError],
      [{ auth: { method: 'ssh_agent', timeoutSec: 0 } }, RangeError],
      [{ auth: { method: 'ssh_agent', agent: {} } }, TypeError],
    ] as const) {
      expect(() => new SSHConnection({ ...base, ...more } as never), JSON.stringify(more)).toThrow(type);
    }
  });
});

describe('a pipe in this process', () => {
  it('makes a writer wait for its reader, and tells each end when the other is gone', async () => {
    const [one, other] = pipePair();
    let written = false;
    const writing = one.writable
      .getWriter()
      .write(Uint8Array.of(1))
      .then(() => {
        written = true;
      });
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    expect(await other.readable.getReader().read()).toEqual({ done: false, value: Uint8Array.of(1) });
    await writing;
    await other.readable.getReader().cancel();
    expect(await one.readable.getReader().read()).toEqual({ done: true });
    expect(await rejection(one.writable.getWriter().write(Uint8Array.of(2)))).toBeInstanceOf(Error);
  });
});
