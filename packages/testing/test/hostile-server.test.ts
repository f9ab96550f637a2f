import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { garbageScript, type HostileStep, httpScript, startHostileServer } from '@nbs-ssh/testing';
import { describe, it } from 'vitest';

describe('hostile server', () => {
  it('answers like a web server once it has been spoken to', async () => {
    assert.match((await converse(httpScript, 'SSH-2.0-x\r\n')).toString(), /^HTTP\/1\.1 400/);
  });

  it('sends the same garbage for the same seed', async () => {
    const script: HostileStep[] = [...garbageScript(7, 100), { do: 'end' }];
    assert.deepEqual(await converse(script, ''), await converse(script, ''));
  });

  it('repeats a line as often as it is told to', async () => {
    const script: HostileStep[] = [{ do: 'send', data: 'x\r\n', times: 1000 }, { do: 'end' }];
    assert.equal((await converse(script, '')).length, 3000);
  });

  it('remembers what each connection sent', async () => {
    await using server = await startHostileServer((connection) => [
      { do: 'await-text', text: '\n' },
      { do: 'send', data: `${connection}` },
      { do: 'end' },
    ]);
    assert.equal((await talk(server.port, 'first\n')).toString(), '0');
    assert.equal((await talk(server.port, 'second\n')).toString(), '1');
    assert.equal(Buffer.from(server.received(1)).toString(), 'second\n');
    assert.equal(server.connections, 2);
  });

  it('resets when the script says so', async () => {
    await assert.rejects(converse([{ do: 'await-bytes', count: 1 }, { do: 'reset' }], 'x'), {
      code: 'ECONNRESET',
    });
  });
});

async function converse(script: readonly HostileStep[], say: string): Promise<Buffer> {
  await using server = await startHostileServer(script);
  return await talk(server.port, say);
}

async function talk(port: number, say: string): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(say);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
