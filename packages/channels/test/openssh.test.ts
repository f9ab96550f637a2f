// eow@openssh.com and no-more-sessions@openssh.com, OpenSSH PROTOCOL §2.1 and §2.2.
import { assert, describe, it } from 'vitest';
import { GlobalRequest } from '../src/messages.ts';
import { client, confirmation } from './support.ts';
import {
  adjust,
  bare,
  data,
  drain,
  failure,
  lone,
  ofType,
  PEER,
  pattern,
  request,
  throwsCode,
} from './twin.ts';

const EOW = 'eow@openssh.com';
const OPENSSH = 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10';
const OTHERS = [
  'SSH-2.0-OpenSSH_4.7',
  'SSH-2.0-OpenSSH',
  'SSH-2.0-dropbear_2025.88',
  'SSH-2.0-x OpenSSH_9.2',
  'SSH-1.99-OpenSSH_9.2',
];

describe.each(['client', 'server'] as const)('a peer that reads no more, towards a %s', (role) => {
  it('gets nothing of what was not sent, and the writer is told once', () => {
    const { mux, id } = lone(role, { peerWindow: 10 });
    mux.write(id, pattern(500));
    assert.equal(drain(mux).sent.length, 1);
    mux.receive(request(id, EOW, false));
    assert.deepEqual(drain(mux), { sent: [], events: [{ type: 'end-of-write', channel: id }] });
    assert.equal(mux.queued(id), 0);
    mux.receive(adjust(id, 1000));
    mux.receive(request(id, EOW, false));
    assert.deepEqual(drain(mux), { sent: [], events: [] });
    throwsCode(() => mux.write(id, pattern(1)), 'CHANNELS_UNREAD');
  });

  it('still sends, still gets the end of file that waited, and the channel closes as any other', () => {
    const { mux, id } = lone(role, { peerWindow: 10 });
    mux.write(id, pattern(500));
    mux.sendEof(id);
    drain(mux);
    mux.receive(request(id, EOW, false));
    assert.deepEqual(drain(mux).sent, [bare(96, PEER)]);
    mux.receive(data(id, pattern(7)));
    assert.deepEqual(ofType(drain(mux).events, 'data')[0]?.bytes, pattern(7));
    mux.close(id);
    assert.deepEqual(drain(mux).sent, [bare(97, PEER)]);
    mux.receive(request(id, EOW, false));
    mux.receive(bare(97, id));
    assert.deepEqual(drain(mux).events, [{ type: 'closed', channel: id }]);
  });

  it('may say so as often as any other noise, with nothing behind it, and gets no answer', () => {
    const trailing = lone(role);
    trailing.mux.receive(request(trailing.id, EOW, false, Uint8Array.of(0)));
    assert.equal(failure(trailing.mux)?.code, 'WIRE_TRAILING_BYTES');
    const asking = lone(role);
    asking.mux.receive(request(asking.id, EOW, true));
    assert.deepEqual(drain(asking.mux), { sent: [bare(100, PEER)], events: [] });
    const flood = lone(role);
    for (let i = 0; i < 1002; i += 1) flood.mux.receive(request(flood.id, EOW, false));
    assert.equal(failure(flood.mux)?.code, 'CHANNELS_NOISE');
  });

  it('is told once that we read no more, when it is OpenSSH, and may go on', () => {
    const { mux, id } = lone(role);
    mux.identified(OPENSSH);
    mux.endOfWrite(id);
    mux.endOfWrite(id);
    assert.deepEqual(drain(mux).sent, [request(PEER, EOW, false)]);
    mux.receive(data(id, pattern(9)));
    mux.consumed(id, 9);
    mux.receive(bare(96, id));
    mux.receive(bare(97, id));
    assert.equal(drain(mux).events.at(-1)?.type, 'closed');
    mux.endOfWrite(id);
    assert.deepEqual(drain(mux).sent, []);
  });

  it('is not told when it is not OpenSSH, or has sent its end of file', () => {
    for (const line of ['', ...OTHERS]) {
      const { mux, id } = lone(role);
      mux.identified(line);
      mux.endOfWrite(id);
      assert.deepEqual(drain(mux).sent, [], line);
    }
    const { mux, id } = lone(role);
    mux.identified(OPENSSH);
    mux.receive(bare(96, id));
    mux.endOfWrite(id);
    assert.deepEqual(drain(mux).sent, []);
  });
});

describe('a client that promises to open no more sessions', () => {
  it('tells OpenSSH once, without asking for a reply, and opens none from then on', () => {
    const { mux, id } = lone('client');
    mux.identified(OPENSSH);
    assert.isTrue(mux.noMoreSessions());
    assert.isTrue(mux.noMoreSessions());
    const { sent } = drain(mux);
    assert.equal(sent.length, 1);
    const { name, wantReply } = GlobalRequest.decode(sent[0] as Uint8Array);
    assert.deepEqual([name, wantReply], ['no-more-sessions@openssh.com', false]);
    throwsCode(() => mux.openChannel({ type: 'session' }), 'CHANNELS_NO_MORE_SESSIONS');
    mux.receive(confirmation(mux.openChannel({ type: 'direct-tcpip' }), 78));
    mux.write(id, pattern(5));
    assert.deepEqual(drain(mux).sent.at(-1), data(PEER, pattern(5)));
  });

  it('says nothing to others, and goes on opening sessions', () => {
    for (const line of ['', ...OTHERS]) {
      const mux = client();
      mux.identified(line);
      assert.isFalse(mux.noMoreSessions(), line);
      assert.deepEqual(drain(mux).sent, []);
      mux.openChannel({ type: 'session' });
    }
  });
});
