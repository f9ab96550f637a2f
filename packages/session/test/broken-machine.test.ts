import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { loggedIn } from './ends.ts';
import { settled } from './pipes.ts';

describe('a session machine that throws when it is polled', () => {
  for (const how of ['wake', 'close'] as const) {
    for (const [times, code] of [
      ['once', how === 'wake' ? 'TRANSPORT_INTERNAL' : undefined],
      ['always', 'TRANSPORT_INTERNAL'],
    ] as const) {
      it(`${times}, on ${how}: the session ends, and nothing is thrown`, async () => {
        const pair = await loggedIn();
        const { machine, driver, ends } = pair.client;
        const poll = machine.poll.bind(machine);
        let broken = true;
        machine.poll = (canSendData) => {
          if (!broken) return poll(canSendData);
          broken = times === 'always';
          throw new RangeError('broken');
        };
        if (how === 'wake') driver.wake();
        else void driver.close(11, 'bye');
        await settled();
        assert.deepEqual(
          ends.map((error) => error?.code),
          [code],
        );
        await pair.clock.advanceAsync(2000);
        await driver.closed;
        assert.ok(pair.clientPipe.destroyed);
      });
    }
  }
});
