import assert from 'node:assert/strict';
import { utf8 } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import { IdentificationReader } from '../src/identification.ts';
import { config, End, oneByOne, other, pump, type Role, twins } from './support/twins.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (part: Uint8Array): string => String.fromCharCode(...part);

function read(peer: Role, input: string): { line: string; rest: string; preLines: number } | undefined {
  const found = new IdentificationReader(peer).receive(bytes(input));
  return found && { line: text(found.line), rest: text(found.rest), preLines: found.preLines };
}

describe('identification line, RFC 4253 §4.2', () => {
  for (const [name, wire, line, preLines] of [
    ['CR LF', 'SSH-2.0-OpenSSH_9.9\r\n', 'SSH-2.0-OpenSSH_9.9', 0],
    ['bare LF', 'SSH-2.0-OpenSSH_9.9\n', 'SSH-2.0-OpenSSH_9.9', 0],
    ['comment kept', 'SSH-2.0-x comment here\r\n', 'SSH-2.0-x comment here', 0],
    ['1.99', 'SSH-1.99-x\r\n', 'SSH-1.99-x', 0],
    ['lines before', 'hello\r\nworld\n\r\nSSH-2.0-x\r\n', 'SSH-2.0-x', 3],
    ['255 bytes', `SSH-2.0-${'x'.repeat(245)}\r\n`, `SSH-2.0-${'x'.repeat(245)}`, 0],
  ] as const) {
    it(`is found whatever the chunking: ${name} [T011]`, () => {
      for (let cut = 0; cut <= wire.length; cut += 1) {
        const reader = new IdentificationReader('server');
        const first = reader.receive(bytes(wire.slice(0, cut)));
        const found = first ?? reader.receive(bytes(`${wire.slice(cut)}\0\0`));
        assert.equal(first === undefined, cut < wire.length, `cut at ${cut}`);
        assert.equal(text(found?.line ?? bytes('')), line);
        assert.equal(found?.preLines, preLines);
        assert.equal(found?.rest.length, first === undefined ? 2 : 0);
      }
    });
  }

  it('is refused at 256 bytes, without waiting for its end [T003]', () => {
    for (const peer of ['client', 'server'] as const) {
      assert.throws(() => read(peer, `SSH-2.0-${'x'.repeat(248)}`), { code: 'TRANSPORT_IDENTIFICATION' });
      assert.throws(() => read(peer, `SSH-2.0-${'x'.repeat(246)}\r\n`), { code: 'TRANSPORT_IDENTIFICATION' });
    }
  });
  it('may follow 1024 lines of 255 bytes, and not 1025 [T004]', () => {
    const line = `${'x'.repeat(253)}\r\n`;
    assert.equal(read('server', `${line.repeat(1024)}SSH-2.0-x\r\n`)?.preLines, 1024);
    assert.throws(() => read('server', line.repeat(1025)), {
      code: 'TRANSPORT_IDENTIFICATION',
      context: { limit: 1024, what: 'lines' },
    });
  });
  for (const line of [
    'SSH-1.5-x',
    'SSH-2.1-x',
    'SSH-2',
    'SSH-',
    'SSH-2.0',
    'SSH-2.0-',
    'SSH-2.0- x',
    'SSH-1.99',
    'SSH-20-x',
  ]) {
    it(`is refused as another version: ${line} [T006]`, () => {
      for (const peer of ['client', 'server'] as const) {
        assert.throws(() => read(peer, `${line}\r\n`), { code: 'TRANSPORT_VERSION', disconnect: 8 });
      }
    });
  }
  it('1.99 is for servers only [T006]', () => {
    assert.throws(() => read('client', 'SSH-1.99-x\r\n'), { code: 'TRANSPORT_VERSION' });
  });
  for (const [name, byte] of [
    ['NUL', '\0'],
    ['ESC', '\x1b'],
    ['0x80', '\x80'],
    ['0xff', '\xff'],
    ['bare CR', '\r'],
    ['tab', '\t'],
  ] as const) {
    it(`is refused with ${name} in it, and shown escaped [T007]`, () => {
      assert.throws(
        () => read('server', `SSH-2.0-a${byte}b\r\n`),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'TRANSPORT_IDENTIFICATION_CONTENT');
          assert.doesNotMatch(error.message, /[\0-\x1f\x7f-\x9f]/);
          return true;
        },
      );
    });
  }
  it('must be the first line of a client [T009]', () => {
    assert.throws(() => read('client', 'hello\r\nSSH-2.0-x\r\n'), { code: 'TRANSPORT_NOT_SSH' });
  });

  for (const [guess, first] of [
    ['TLS (HTTPS?)', '\x16\x03\x01\x02\x00\x01'],
    ['TLS (HTTPS?)', '\x15\x03\x01\x00\x02'],
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n'],
    ['HTTP', 'GET / HTTP/1.1\r\n'],
    ['SMTP or FTP', '220 mail.example ESMTP\r\n'],
    ['FTP', '220 Welcome to the ftp service\r\n'],
    ['POP3', '+OK ready\r\n'],
    ['IMAP', '* OK ready\r\n'],
    ['VNC', 'RFB 003.008\n'],
  ] as const) {
    it(`names what else it seems to be: ${guess}, ${JSON.stringify(first.slice(0, 12))} [T010]`, () => {
      const end = new End(config('client')).start();
      end.receive(bytes(first));
      end.receive(undefined);
      assert.equal(end.code, 'TRANSPORT_NOT_SSH');
      assert.equal(end.context['guess'], guess);
      assert.ok(String(end.context['first']).length <= 32 * 6);
      assert.equal(end.outputs.length, 1);
    });
  }
  it('TLS and HTTP answers are recognised without waiting for the end', () => {
    for (const first of ['\x16\x03\x01', 'HTTP/1.0 200 OK']) {
      const end = new End(config('client')).start();
      end.receive(bytes(first));
      assert.equal(end.code, 'TRANSPORT_NOT_SSH');
    }
  });
  it('a peer that closes without a word is reported as closed, not as something else', () => {
    const end = new End(config('client')).start();
    end.receive(undefined);
    assert.equal(end.code, 'TRANSPORT_CLOSED');
    assert.equal(end.context['phase'], 'identification');
  });
  it('a peer that closes inside its SSH line is reported as closed, not as something else', () => {
    const end = new End(config('client')).start();
    end.receive(bytes('SSH-2.0-OpenS'));
    end.receive(undefined);
    assert.equal(end.code, 'TRANSPORT_CLOSED');
  });
  it('keeps only one line of megabytes that come before it', () => {
    const reader = new IdentificationReader('server');
    for (let i = 0; i < 1023; i += 1) reader.receive(bytes(`${'y'.repeat(250)}\r\n`));
    assert.equal(text(reader.receive(bytes('SSH-2.0-x\r\nrest'))?.rest ?? bytes('')), 'rest');
  });

  for (const role of ['client', 'server'] as const) {
    it(`no packet is sent to a peer that never identified itself: ${role} [T003]`, () => {
      const end = new End(config(role)).start();
      end.take();
      end.receive(bytes('x'.repeat(300)));
      assert.equal(end.code, 'TRANSPORT_IDENTIFICATION');
      assert.equal(end.take().length, 0);
      assert.equal(end.machine.closed, true);
    });
    it(`a ${role} recognises its own bytes coming back [T013]`, () => {
      const end = new End(config(role)).start();
      end.receive(end.take());
      assert.equal(end.code, 'TRANSPORT_REFLECTION');
      assert.equal(end.goodbye, 2);
    });
  }
});

describe('handshake in pieces', () => {
  const shape = (wire?: Parameters<typeof pump>[1]): string => {
    const pair = twins();
    pair.client.start();
    pair.server.start();
    pump(pair, wire);
    const outputs = (end: End): unknown => end.outputs.map((output) => output.type);
    return JSON.stringify([
      [...(pair.client.machine.sessionId ?? [])],
      outputs(pair.client),
      outputs(pair.server),
      pair.client.sent.reduce((sum, part) => sum + part.length, 0),
    ]);
  };
  const whole = shape();

  it('has the same result byte by byte [T011, T192]', () => {
    assert.equal(shape(oneByOne), whole);
  });
  it('has the same result with one cut at every byte of either direction [T011, T192]', () => {
    const lengths = { client: 0, server: 0 };
    shape((from, part) => {
      lengths[from] += part.length;
      return [part];
    });
    for (const cutFrom of ['client', 'server'] as const) {
      for (let at = 1; at < lengths[cutFrom]; at += 1) {
        let passed = 0;
        const cut = shape((from, part) => {
          if (from !== cutFrom) return [part];
          const offset = at - passed;
          passed += part.length;
          return offset > 0 && offset < part.length
            ? [part.subarray(0, offset), part.subarray(offset)]
            : [part];
        });
        assert.equal(cut, whole, `${cutFrom} cut at ${at}`);
      }
    }
  });
  it('ends once and in the phase it was in when the peer vanishes at any stage [T190]', () => {
    const phases = new Set<string>();
    for (const gone of ['client', 'server'] as const) {
      for (let at = 0; ; at += 3) {
        const pair = twins();
        pair.client.start();
        pair.server.start();
        let left = at;
        let ended = false;
        pump(pair, (from, part) => {
          if (from !== gone) return ended ? [] : [part];
          const some = part.subarray(0, left);
          left -= some.length;
          ended ||= some.length < part.length;
          return [some];
        });
        if (!ended) break;
        const end = pair[other(gone)];
        assert.equal(end.error, undefined);
        const { phase } = end.machine;
        end.receive(undefined);
        end.receive(undefined);
        end.receive(utf8('SSH-2.0-late\r\n'));
        assert.equal(end.code, 'TRANSPORT_CLOSED', `${gone} gone after ${at} bytes`);
        assert.deepEqual(end.context['phase'], phase);
        assert.equal(end.outputs.filter((output) => output.type === 'failed').length, 1);
        phases.add(`${other(gone)} ${phase}`);
      }
    }
    assert.deepEqual(
      [...phases].sort(),
      [
        'client identification',
        'client kex',
        'client new-keys',
        'client open',
        'server identification',
        'server kex',
        'server new-keys',
      ].sort(),
    );
  });
});
