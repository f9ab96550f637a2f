import { type TraceEvent, utf8 } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { Twin } from './twin.ts';

describe('traces', () => {
  it('tell the life of a channel with numbers and no data', () => {
    const trace: TraceEvent[] = [];
    const twin = new Twin({ trace: (event) => trace.push(event) });
    twin.client.tick(5);
    const [c, s] = twin.session();
    twin.client.request(c, { type: 'exec', command: 'secret command' }, true);
    twin.client.write(c, utf8('secret input'));
    twin.pump();
    twin.server.write(s, utf8('secret output'));
    twin.server.sendEof(s);
    twin.server.close(s);
    twin.pump();
    assert.deepEqual(
      trace.map(({ name }) => name),
      ['channels.open', 'channels.opened', 'channels.request', 'channels.eof', 'channels.closed'],
    );
    assert.deepEqual(trace.at(-1), {
      name: 'channels.closed',
      time: 5,
      fields: { channel: c, bytes_sent: 12, bytes_received: 13 },
    });
    assert.notInclude(JSON.stringify(trace), 'secret');
  });
});
