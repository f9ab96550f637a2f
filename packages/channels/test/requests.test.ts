// Global and channel requests, and their replies in order.
import { EMPTY, utf8 } from '@nbs-ssh/transport/wire';
import { assert, describe, it } from 'vitest';
import { Multiplexer } from '../src/index.ts';
import { RequestFailure, RequestSuccess } from '../src/messages.ts';
import { client, confirmation, global, numbers, opening, refusal } from './support.ts';
import { adjust, bare, drain, failure, lone, ofType, PEER, request, Twin, throwsCode } from './twin.ts';

describe('T148 global requests', () => {
  it('a reply nobody asked for ends the connection', () => {
    for (const payload of [RequestSuccess.encode({ data: EMPTY }), RequestFailure.encode({})]) {
      const mux = client();
      mux.receive(payload);
      const error = failure(mux);
      assert.deepEqual([error?.code, error?.disconnect], ['CHANNELS_REPLY_UNEXPECTED', 2]);
    }
    const unwanted = client();
    unwanted.globalRequest('no-reply-wanted', EMPTY, false);
    unwanted.receive(RequestSuccess.encode({ data: EMPTY }));
    assert.equal(failure(unwanted)?.code, 'CHANNELS_REPLY_UNEXPECTED');
    const { mux, id } = lone('client');
    mux.receive(bare(99, id));
    assert.equal(failure(mux)?.code, 'CHANNELS_REPLY_UNEXPECTED');
  });

  it('a refusal of a request that wanted no reply, as old dropbears send it, is passed over once', () => {
    const mux = client();
    mux.globalRequest('no-reply-wanted', EMPTY, false);
    mux.receive(RequestFailure.encode({}));
    assert.deepEqual(drain(mux).events, []);
    mux.receive(RequestFailure.encode({}));
    assert.equal(failure(mux)?.code, 'CHANNELS_REPLY_UNEXPECTED');
  });

  it('one in a packet that the peer calls unimplemented has failed, when its reply is due', () => {
    const mux = client();
    const ids = ['first', 'second', 'third'].map((name) => mux.globalRequest(name, EMPTY, true));
    mux.globalRequest('no-reply-wanted', EMPTY, false);
    ids.push(mux.globalRequest('not sent yet', EMPTY, true));
    assert.equal(mux.unimplemented(7), false, 'nothing was sent yet');
    for (const sequence of [7, 8, 0xffff_ffff, 1]) mux.globalRequestSent(sequence);
    for (const sequence of [6, 9]) assert.equal(mux.unimplemented(sequence), false, `packet ${sequence}`);
    assert.equal(mux.unimplemented(7), true);
    assert.equal(mux.unimplemented(7), false, 'a second time');
    assert.equal(mux.unimplemented(9), true, 'the packet behind, as tinyssh has it');
    assert.equal(mux.unimplemented(0), true, 'numbers go round');
    assert.equal(mux.unimplemented(1), false, 'what wanted no reply');
    assert.deepEqual(
      ofType(drain(mux).events, 'global-reply').map(({ request: id, success }) => [id, success]),
      ids.slice(0, 3).map((id) => [id, false]),
    );
    mux.globalRequestSent(2);
    mux.receive(RequestSuccess.encode({ data: EMPTY }));
    assert.deepEqual(
      ofType(drain(mux).events, 'global-reply').map(({ request: id, success }) => [id, success]),
      [[ids[3], true]],
    );
    mux.receive(RequestSuccess.encode({ data: EMPTY }));
    assert.equal(failure(mux)?.code, 'CHANNELS_REPLY_UNEXPECTED');
  });

  it('1,000 in flight, answered out of order, get their own replies in order', () => {
    const twin = new Twin({}, { wantedGlobalRequests: ['echo'] });
    const ids = Array.from({ length: 1000 }, (_, i) => twin.client.globalRequest('echo', utf8(`${i}`), true));
    twin.pump();
    const asked = ofType(twin.serverEvents, 'global-request');
    assert.equal(asked.length, 1000);
    for (const { token, data: body } of asked.toReversed()) {
      if (token !== undefined) twin.server.replyGlobal(token, body.length % 2 === 1, body);
    }
    twin.pump();
    const replies = ofType(twin.clientEvents, 'global-reply');
    assert.deepEqual(
      replies.map((reply) => reply.request),
      ids,
    );
    replies.forEach((reply, i) => {
      const success = `${i}`.length % 2 === 1;
      assert.deepEqual([reply.success, reply.data], [success, success ? utf8(`${i}`) : EMPTY]);
    });
  });

  it('an answer given here waits for those the application still owes', () => {
    const mux = client({ wantedGlobalRequests: ['slow'] });
    mux.receive(global('slow', true));
    mux.receive(global('keepalive@openssh.com', true));
    const { sent, events } = drain(mux);
    assert.deepEqual(sent, []);
    const token = ofType(events, 'global-request')[0]?.token;
    if (token !== undefined) mux.replyGlobal(token, true);
    assert.deepEqual(numbers(drain(mux).sent), [81, 82]);
    if (token !== undefined) throwsCode(() => mux.replyGlobal(token, true), 'CHANNELS_TOKEN');
  });

  it('an answer that waits for its turn cannot be given twice', () => {
    const mux = client({ wantedGlobalRequests: ['slow'] });
    mux.receive(global('slow', true));
    mux.receive(global('slow', true));
    const token = ofType(drain(mux).events, 'global-request')[1]?.token;
    if (token === undefined) assert.fail('no token');
    mux.replyGlobal(token, true);
    throwsCode(() => mux.replyGlobal(token, false), 'CHANNELS_TOKEN');
  });

  it('T155 T156 keepalives and unknown requests get FAILURE, announcements nothing, and a flood is cut off', () => {
    const mux = client();
    mux.receive(global('hostkeys-00@openssh.com', false));
    mux.receive(global('unknown@example.org', false));
    assert.deepEqual(drain(mux), { sent: [], events: [] });
    for (let i = 0; i < 999; i += 1) mux.receive(global('keepalive@openssh.com', true));
    assert.deepEqual(new Set(numbers(drain(mux).sent)), new Set([82]));
    mux.receive(global('keepalive@openssh.com', true));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
  });

  it('T155 after no-more-sessions a server refuses sessions', () => {
    const mux = new Multiplexer({ role: 'server' });
    mux.receive(global('no-more-sessions@openssh.com', false));
    mux.receive(opening(4));
    assert.deepEqual(drain(mux), { sent: [refusal(4, 1, utf8('no more sessions'))], events: [] });
  });

  it('more unanswered requests than the limit end the connection', () => {
    const mux = client({ wantedGlobalRequests: ['slow'], limits: { pendingReplies: 3 } });
    for (let i = 0; i < 4; i += 1) mux.receive(global('slow', true));
    assert.equal(failure(mux)?.code, 'CHANNELS_PENDING_REPLIES');
    const { mux: server, id } = lone('server', { limits: { pendingReplies: 3 } });
    for (let i = 0; i < 4; i += 1) server.receive(request(id, 'shell', true));
    assert.equal(failure(server)?.code, 'CHANNELS_PENDING_REPLIES');
  });
});

describe('channel requests', () => {
  it('are answered in the order they came, whatever the order of the answers', () => {
    const twin = new Twin();
    const [c, s] = twin.session();
    const first = twin.client.request(c, { type: 'env', name: 'A', value: 'b' }, true);
    const second = twin.client.request(c, { type: 'exec', command: 'ls' }, true);
    twin.pump();
    const [env, exec] = ofType(twin.serverEvents, 'request');
    assert.deepEqual(exec?.request, { type: 'exec', command: utf8('ls') });
    if (exec?.token !== undefined) twin.server.replyRequest(s, exec.token, true);
    twin.pump();
    assert.deepEqual(ofType(twin.clientEvents, 'request-reply'), []);
    if (env?.token !== undefined) twin.server.replyRequest(s, env.token, false);
    twin.pump();
    assert.deepEqual(ofType(twin.clientEvents, 'request-reply'), [
      { type: 'request-reply', channel: c, request: first, success: false },
      { type: 'request-reply', channel: c, request: second, success: true },
    ]);
  });

  it('T149 the first of several exit requests counts', () => {
    const { mux, id } = lone('client');
    mux.receive(request(id, 'exit-status', false, Uint8Array.of(0xff, 0xff, 0xff, 0xff)));
    mux.receive(request(id, 'exit-status', false, Uint8Array.of(0, 0, 0, 1)));
    assert.deepEqual(drain(mux).events, [
      {
        type: 'request',
        channel: id,
        request: { type: 'exit-status', status: 0xffffffff },
        token: undefined,
      },
    ]);
  });

  it('T149 an exit status on a channel that is no session, or towards a server, is not for us', () => {
    const mux = client();
    const id = mux.openChannel({ type: 'direct-tcpip' });
    mux.receive(confirmation(id, PEER));
    drain(mux);
    mux.receive(request(id, 'exit-status', true, Uint8Array.of(0, 0, 0, 1)));
    assert.deepEqual(drain(mux), { sent: [bare(100, PEER)], events: [] });
    const server = lone('server');
    server.mux.receive(request(server.id, 'exit-status', true, Uint8Array.of(0, 0, 0, 1)));
    assert.deepEqual(drain(server.mux), { sent: [bare(100, PEER)], events: [] });
  });

  it('T151 unknown ones, session requests towards a client and unfit pty modes get FAILURE', () => {
    const { mux, id } = lone('client');
    for (const name of ['keepalive@openssh.com', 'exec', 'x11-req', 'auth-agent-req@openssh.com']) {
      mux.receive(request(id, name, true));
    }
    assert.deepEqual(drain(mux), { sent: Array.from({ length: 4 }, () => bare(100, PEER)), events: [] });
  });

  it('unknown ones in a flood end the connection, and so does window for a closed channel', () => {
    const { mux, id } = lone('client');
    for (let i = 0; i < 1001; i += 1) mux.receive(request(id, 'unknown@example.org', false));
    assert.equal(failure(mux)?.code, 'CHANNELS_NOISE');
    const closed = lone('client');
    closed.mux.receive(bare(97, closed.id));
    for (let i = 0; i < 1001; i += 1) closed.mux.receive(adjust(closed.id, 1));
    assert.equal(failure(closed.mux)?.code, 'CHANNELS_NOISE');
  });

  it('an answer for a channel that closed meanwhile is dropped', () => {
    const { mux, id } = lone('server');
    mux.receive(request(id, 'shell', true));
    const [event] = ofType(drain(mux).events, 'request');
    mux.receive(bare(97, id));
    drain(mux);
    if (event?.token !== undefined) mux.replyRequest(id, event.token, true);
    assert.deepEqual(drain(mux), { sent: [], events: [] });
  });
});
