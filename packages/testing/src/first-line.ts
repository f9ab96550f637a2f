import { once } from 'node:events';
import { connect } from 'node:net';

/** Connects, reads the server's first line and goes away. */
export async function firstLine(port: number): Promise<{ identification: string; localPort: number }> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    const localPort = socket.localPort as number;
    let received = '';
    for await (const chunk of socket.setEncoding('latin1')) {
      received += chunk as string;
      const line = /^(SSH-.*?)\r?\n/m.exec(received)?.[1];
      if (line !== undefined) return { identification: line, localPort };
    }
    throw new Error(`the server closed after ${JSON.stringify(received)}`);
  } finally {
    socket.destroy();
  }
}
