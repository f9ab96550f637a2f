import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import {
  echoing,
  type Sshd,
  sshdAvailable,
  startSshd,
  startTcpTarget,
  type TcpTarget,
} from '@nbs-ssh/testing';
import type { SSHConnection } from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo } from '../lab.ts';
import { ask } from './client.ts';

/** State of a socket that listens, in the kernel's tables. */
const LISTEN = '0A';
const ANY = ['00000000', '0'.repeat(32)];
const LOOPBACK = ['0100007F', '00000000000000000000000001000000'];

/** Addresses on which somebody listens at `port`, as the kernel writes them. */
function listening(port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).flatMap((table) =>
    readFileSync(table, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(suffix) && state === LISTEN)
      .map(([, local = '']) => local.slice(0, -suffix.length)),
  );
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

describe.skipIf(!sshdAvailable() || !existsSync('/proc/net/tcp'))('where a forward listens', () => {
  let sshd: Sshd;
  let connection: SSHConnection;
  let target: TcpTarget;
  beforeAll(async () => {
    sshd = await startSshd({ config: ['GatewayPorts clientspecified'] });
    target = await startTcpTarget(echoing);
  });
  afterAll(async () => {
    await sshd.stop();
    await target.stop();
  });
  beforeEach(async () => {
    connection = await connectTo(sshd);
  });
  afterEach(() => connection.close());

  it('T159 is loopback alone, of both families, when nothing is said', async () => {
    const { localPort } = await connection.forwardLocal(0, '127.0.0.1', target.port);
    expect([...listening(localPort)].sort()).toEqual(hasIpv6 ? [...LOOPBACK].sort() : ['0100007F']);
    expect((await ask({ port: localPort, host: '127.0.0.1' }, 'four')).toString()).toBe('four');
    if (hasIpv6) expect((await ask({ port: localPort, host: '::1' }, 'six')).toString()).toBe('six');
  });

  it('T159 is loopback alone at the server too, also where it would listen elsewhere', async () => {
    const { remotePort } = await connection.forwardRemote(0, '127.0.0.1', target.port);
    const addresses = listening(remotePort);
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(LOOPBACK).toContain(address);
  });

  it('T159 is every address only when that is asked for', async () => {
    for (const localHost of ['', '*', '0.0.0.0', '::']) {
      const options = { localHost, localPort: 0, remoteHost: '127.0.0.1', remotePort: target.port };
      const handle = await connection.forwardLocal(options);
      const addresses = listening(handle.localPort);
      expect(addresses.length).toBeGreaterThan(0);
      for (const address of addresses) expect(ANY).toContain(address);
      await handle.close();
    }
    const remote = await connection.forwardRemote({ remoteHost: '', remotePort: 0, localPort: target.port });
    const addresses = listening(remote.remotePort);
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(ANY).toContain(address);
    expect((await ask(remote.remotePort, 'everywhere')).toString()).toBe('everywhere');
  });

  it('is one address when one is named', async () => {
    const options = { localHost: '127.0.0.1', localPort: 0, remoteHost: '127.0.0.1', remotePort: 1 };
    const handle = await connection.forwardLocal(options);
    expect(listening(handle.localPort)).toEqual(['0100007F']);
    expect(handle.localHost).toBe('127.0.0.1');
  });
});
