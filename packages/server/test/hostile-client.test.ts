import { FakeClock } from '@nbs-ssh/testing';
import { type SshError, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { SSHServer } from '../src/index.ts';
import { connect } from './pair.ts';
import { channelRequest, clockOf, openSession, passwordRequest, pipe, serviceRequest } from './raw-client.ts';

describe('a client that breaks the rules', () => {
  it('T116 gets reason 2 for channels before its login, and no handler runs', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'), openSession(0), channelRequest(0, 'exec', 'x'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 2);
    assert.deepEqual(pair.calls, []);
  });

  it('T116 is disconnected for a channel in the clear, before any key exchange', async () => {
    const clock = new FakeClock();
    const [ours, theirs] = pipe();
    const errors: SshError[] = [];
    const connection = SSHServer.accept(theirs, {
      auth: { password: () => true },
      exec: () => assert.fail('no handler may run'),
      clock: clockOf(clock),
      onError: (error) => errors.push(error),
    });
    const payload = openSession(0);
    const padding = 4 + ((8 - ((payload.length + 9) % 8)) % 8);
    const head = new WireWriter()
      .u32(1 + payload.length + padding)
      .u8(padding)
      .finish();
    const writer = ours.writable.getWriter();
    const reader = ours.readable.getReader();
    const chunks: Uint8Array[] = [];
    const read = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        if (value !== undefined) chunks.push(value);
      }
    })();
    await writer.write(
      Uint8Array.from([...utf8('SSH-2.0-x\r\n'), ...head, ...payload, ...new Uint8Array(padding)]),
    );
    await writer.close();
    await read;
    await connection.closed;
    assert.deepEqual(
      errors.map((error) => error.code),
      ['TRANSPORT_MESSAGE_UNEXPECTED'],
    );
    // The last packet: SSH_MSG_DISCONNECT with reason 2 behind length and padding length.
    assert.deepEqual([...(chunks.at(-1) ?? [])].slice(-64).join().includes('1,0,0,0,2,'), true);
  });

  for (const number of [6, 31, 51, 52, 53, 60]) {
    it(`T117 gets reason 2 for message ${number}, which only servers send`, async () => {
      await using pair = connect();
      await pair.client.ready();
      pair.client.send(serviceRequest('ssh-userauth'));
      await pair.client.next(6);
      pair.client.send(Uint8Array.of(number, 0, 0, 0, 0));
      await pair.client.ended();
      assert.equal(pair.client.reason, 2);
      assert.deepEqual(pair.calls, []);
    });
  }

  it('T119 gets reason 7 when it asks for ssh-connection before its login', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-connection'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 7);
  });

  it('T119 gets reason 2 when it logs in without asking for the service', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(passwordRequest('u', 'p'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 2);
    assert.deepEqual(pair.calls, []);
  });

  it('T120 gets reason 7 when it logs in for another service', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    pair.client.send(passwordRequest('u', 'p', 'telnet'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 7);
    assert.deepEqual(pair.calls, []);
  });

  it('T134 is refused with user names that could mean something to a path, without a handler being asked', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    for (const name of ['../x', 'a/b', '%u', 'a\0b', '']) {
      pair.client.send(passwordRequest(name, 'p'));
      assert.equal((await pair.client.next(51, 52))[0], 51, JSON.stringify(name));
    }
    assert.deepEqual(pair.calls, []);
  });
});
