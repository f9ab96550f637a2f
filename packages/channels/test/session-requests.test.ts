import { EMPTY, isWireError, utf8, WireWriter } from '@nbs-ssh/transport/wire';
import fc from 'fast-check';
import { assert, describe, it } from 'vitest';
import {
  encodeTerminalModes,
  MAX_TERMINAL_MODES,
  parseTerminalModes,
  type ReceivedSessionRequest,
  type SessionRequest,
  TerminalOpcode,
} from '../src/index.ts';
import { ChannelRequest } from '../src/messages.ts';
import { decodeSessionRequest, encodeSessionRequest } from '../src/session-requests.ts';
import { throwsCode } from './twin.ts';

const round = (request: SessionRequest): ReceivedSessionRequest | undefined => {
  const { name, data } = ChannelRequest.decode(encodeSessionRequest(request, false));
  return decodeSessionRequest(name, data);
};
const size = { columns: 80, rows: 24, widthPixels: 640, heightPixels: 480 };

describe('session requests, RFC 4254 §6', () => {
  const same: readonly ReceivedSessionRequest[] = [
    { type: 'shell' },
    { type: 'exec', command: utf8('uname -a; exit 3') },
    { type: 'subsystem', name: 'sftp' },
    { type: 'pty-req', term: 'xterm', ...size, modes: [{ opcode: TerminalOpcode.ECHO, argument: 0 }] },
    { type: 'env', name: 'LANG', value: utf8('C.UTF-8') },
    { type: 'window-change', ...size },
    { type: 'window-change', columns: 0, rows: 0, widthPixels: 0xffffffff, heightPixels: 0xffffffff },
    { type: 'signal', signal: 'TERM' },
    { type: 'break', lengthMs: 500 },
    { type: 'x11-req', singleConnection: true, protocol: 'MIT-MAGIC-COOKIE-1', cookie: '00ff', screen: 1 },
    { type: 'exit-status', status: 0xffffffff },
    { type: 'exit-signal', signal: 'SEGV', coreDumped: true, message: 'sorry' },
  ];
  for (const request of same) {
    it(`${request.type} comes back as it went out`, () => {
      assert.deepEqual(round(request), request);
    });
  }

  it('exec is laid out as RFC 4254 §6.5 prints it', () => {
    const expected = new WireWriter().u8(98).u32(0).text('exec').bool(true).text('ls').finish();
    assert.deepEqual(encodeSessionRequest({ type: 'exec', command: 'ls' }, true), expected);
  });

  it('pty-req is laid out as RFC 4254 §6.2 prints it', () => {
    const writer = new WireWriter().u8(98).u32(0).text('pty-req').bool(false).text('vt100');
    writer
      .u32(80)
      .u32(24)
      .u32(640)
      .u32(480)
      .string(Uint8Array.of(53, 0, 0, 0, 1, 0));
    const modes = [{ opcode: 53, argument: 1 }];
    const actual = encodeSessionRequest({ type: 'pty-req', term: 'vt100', ...size, modes }, false);
    assert.deepEqual(actual, writer.finish());
  });

  it('T153 a command keeps its bytes: NUL, invalid UTF-8, and text as UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (command) => {
        assert.deepEqual(round({ type: 'exec', command }), { type: 'exec', command });
      }),
    );
    assert.deepEqual(round({ type: 'exec', command: 'grüße\0' }), { type: 'exec', command: utf8('grüße\0') });
  });

  it('T153 a command of 10 MB is refused before anything is queued', () => {
    const command = new Uint8Array(10_000_000);
    throwsCode(() => encodeSessionRequest({ type: 'exec', command }, true), 'CHANNELS_ARGUMENT');
  });

  it('a reply may not be asked for where RFC 4254 fixes want_reply to FALSE', () => {
    const requests: readonly SessionRequest[] = [
      { type: 'window-change', ...size },
      { type: 'signal', signal: 'INT' },
      { type: 'exit-status', status: 0 },
      { type: 'exit-signal', signal: 'INT', coreDumped: false, message: '' },
    ];
    for (const request of requests) {
      throwsCode(() => encodeSessionRequest(request, true), 'CHANNELS_ARGUMENT');
    }
  });

  it('numbers that are no uint32 are the caller’s mistake', () => {
    for (const status of [-1, 1.5, 2 ** 32, Number.NaN]) {
      throwsCode(() => encodeSessionRequest({ type: 'exit-status', status }, false), 'CHANNELS_ARGUMENT');
    }
    const modes = [{ opcode: 200, argument: 1 }];
    throwsCode(
      () => encodeSessionRequest({ type: 'pty-req', term: 'x', ...size, modes }, false),
      'CHANNELS_ARGUMENT',
    );
  });

  it('T151 malformed modes, a TERM of 64 KB and text that is not UTF-8 are not granted', () => {
    const pty = (term: Uint8Array, modes: Uint8Array): Uint8Array =>
      new WireWriter().string(term).u32(1).u32(1).u32(1).u32(1).string(modes).finish();
    const xterm = utf8('xterm');
    assert.isDefined(decodeSessionRequest('pty-req', pty(xterm, EMPTY)));
    assert.isUndefined(decodeSessionRequest('pty-req', pty(xterm, Uint8Array.of(1, 0, 0))));
    assert.isUndefined(decodeSessionRequest('pty-req', pty(new Uint8Array(65_536).fill(65), EMPTY)));
    assert.isUndefined(decodeSessionRequest('pty-req', pty(Uint8Array.of(0xff), EMPTY)));
    assert.isUndefined(decodeSessionRequest('xon-xoff', EMPTY));
  });

  it('exit-signal text is safe to print', () => {
    const data = new WireWriter().text('\x1b[31m').bool(false).text('a\nb\x07').text('').finish();
    assert.deepEqual(decodeSessionRequest('exit-signal', data), {
      type: 'exit-signal',
      signal: '\\x1b[31m',
      coreDumped: false,
      message: 'a\\nb\\x07',
    });
  });

  it('arbitrary bytes give a request, nothing, or a wire error', () => {
    const names = [...new Set(same.map(({ type }) => type))];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 64 }), (name, data) => {
        try {
          decodeSessionRequest(name, data);
        } catch (error) {
          assert.isTrue(isWireError(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('terminal modes, RFC 4254 §8', () => {
  it('come back as they went out', () => {
    const mode = fc.record({
      opcode: fc.integer({ min: 1, max: 159 }),
      argument: fc.integer({ min: 0, max: 0xffffffff }),
    });
    fc.assert(
      fc.property(fc.array(mode, { maxLength: MAX_TERMINAL_MODES }), (modes) => {
        assert.deepEqual(parseTerminalModes(encodeTerminalModes(modes)), modes);
      }),
    );
  });

  it('end at TTY_OP_END, at an opcode of 160 or more, or at the end of the string', () => {
    const one = [{ opcode: 53, argument: 7 }];
    for (const tail of [[], [0], [0, 1, 2], [160], [255, 1]]) {
      assert.deepEqual(parseTerminalModes(Uint8Array.of(53, 0, 0, 0, 7, ...tail)), one);
    }
    assert.deepEqual(parseTerminalModes(EMPTY), []);
  });

  it('are refused when an argument is cut off', () => {
    const whole = Uint8Array.of(53, 0, 0, 0, 7);
    for (let cut = 1; cut < whole.length; cut += 1) {
      assert.isUndefined(parseTerminalModes(whole.subarray(0, cut)));
    }
  });

  it('are refused when there are more than there are opcodes', () => {
    const many = new Uint8Array((MAX_TERMINAL_MODES + 1) * 5).fill(1);
    assert.isUndefined(parseTerminalModes(many));
    assert.equal(parseTerminalModes(many.subarray(5))?.length, MAX_TERMINAL_MODES);
  });
});
