import { type SshError, WireWriter } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { SSHServer } from '../src/index.ts';
import { connect, loggedIn } from './pair.ts';
import { passwordRequest, pipe, serviceRequest, turn } from './raw-client.ts';

describe('authentication handlers', () => {
  it('T126 a server without any does not start', () => {
    const [, theirs] = pipe();
    assert.throws(() => SSHServer.accept(theirs, { auth: {} }), RangeError);
  });

  it('T126 nor does one whose way in has no handler', () => {
    const [, theirs] = pipe();
    const auth = { password: () => true, required: [['publickey'] as const] };
    assert.throws(() => SSHServer.accept(theirs, { auth }), RangeError);
  });

  const wrong: readonly [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['returns 1', () => 1],
    ['returns "true"', () => 'true'],
    ['returns an object', () => ({ partial: ['password'] })],
    ['returns a promise of 1', () => Promise.resolve(1)],
    ['returns nothing', () => undefined],
  ];
  for (const [what, password] of wrong) {
    it(`T127 one that ${what} is a refusal`, async () => {
      await using pair = connect({ auth: { password: password as () => boolean } });
      assert.equal(await pair.client.login('u', 'p'), 51);
    });
  }

  it('T127 one that hangs is a refusal after its time, and its late answer counts for nothing', async () => {
    let answer = (_: boolean): void => {};
    await using pair = connect({
      auth: {
        password: () =>
          new Promise((resolve) => {
            answer = resolve;
          }),
      },
      limits: { authHandlerSec: 5 },
    });
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    pair.client.send(passwordRequest('u', 'p'));
    for (let i = 0; i < 5; i += 1) await turn();
    assert.lengthOf(pair.client.received, 0);
    await pair.clock.advanceAsync(5001);
    assert.equal((await pair.client.next(51, 52))[0], 51);
    answer(true);
    for (let i = 0; i < 5; i += 1) await turn();
    assert.isUndefined(pair.connection.username);
    assert.deepEqual(
      pair.errors.map((error) => error.code),
      ['SERVER_HANDLER_TIMEOUT'],
    );
  });

  it('T129 six refusals are allowed, then the client is sent away with reason 14', async () => {
    await using pair = connect();
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    for (let i = 0; i < 6; i += 1) {
      pair.client.send(passwordRequest('u', 'wrong'));
      assert.equal((await pair.client.next(51, 52))[0], 51);
    }
    pair.client.send(passwordRequest('u', 'p'));
    await pair.client.ended();
    assert.equal(pair.client.reason, 14);
    assert.lengthOf(pair.calls, 6);
  });

  it('T129 a client that does not log in within the grace time is sent away with reason 14', async () => {
    await using pair = connect();
    await pair.client.ready();
    await pair.clock.advanceAsync(29_000);
    assert.isUndefined(pair.client.error);
    await pair.clock.advanceAsync(1001);
    await pair.client.ended();
    assert.equal(pair.client.reason, 14);
  });

  it('the grace time ends with the login', async () => {
    await using pair = await loggedIn();
    await pair.clock.advanceAsync(60_000);
    assert.isUndefined(pair.client.error);
    assert.equal(pair.connection.phase, 'open');
  });

  it('both steps are asked for when the way in has two', async () => {
    await using pair = connect({
      auth: {
        password: ({ matches }) => matches('p'),
        keyboardInteractive: async (_, prompt) => {
          const [code] = await prompt([{ text: 'Code: ', echo: true }]);
          return code?.reveal() === '123';
        },
        required: [['password', 'keyboard-interactive']],
      },
    });
    assert.equal(await pair.client.login('u', 'p'), 51);
    assert.isUndefined(pair.connection.username);
    const fields = new WireWriter().u8(50).text('u').text('ssh-connection').text('keyboard-interactive');
    pair.client.send(fields.text('').text('').finish());
    await pair.client.next(60);
    pair.client.send(new WireWriter().u8(61).u32(1).text('123').finish());
    assert.equal((await pair.client.next(51, 52))[0], 52);
    assert.equal(pair.connection.username, 'u');
  });

  it('a dialog that the client abandons ends its handler and not the server', async () => {
    const outcomes: string[] = [];
    await using pair = connect({
      auth: {
        password: ({ matches }) => matches('p'),
        keyboardInteractive: async (_, prompt) => {
          try {
            await prompt([{ text: 'Code: ', echo: true }]);
          } catch (error) {
            outcomes.push((error as SshError).code);
          }
          return true;
        },
      },
    });
    await pair.client.ready();
    pair.client.send(serviceRequest('ssh-userauth'));
    await pair.client.next(6);
    const fields = new WireWriter().u8(50).text('u').text('ssh-connection').text('keyboard-interactive');
    pair.client.send(fields.text('').text('').finish());
    await pair.client.next(60);
    pair.client.send(passwordRequest('u', 'wrong'));
    assert.equal((await pair.client.next(51, 52))[0], 51);
    assert.deepEqual(outcomes, ['SERVER_SESSION_ENDED']);
    assert.isUndefined(pair.connection.username);
  });
});
