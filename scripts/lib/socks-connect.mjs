// Asks a SOCKS proxy for a connection by name, as programs do that leave the look-up to the other side.

/**
 * @param {import('./forward-traffic.mjs').Connection} connection
 * @param {4 | 5} version - 4 is 4a.
 * @param {{ host: string, port: number }} to
 * @throws {Error} when the proxy refuses.
 */
export async function socksConnect(connection, version, { host, port }) {
  const high = port >> 8;
  const low = port & 0xff;
  const take = reader(connection);
  if (version === 4) {
    // An address that cannot be, no user, and the name behind them.
    await connection.write(Buffer.from([4, 1, high, low, 0, 0, 0, 1, 0, ...Buffer.from(host), 0]));
    const [, code] = await take(8);
    if (code !== 90) throw new Error(`SOCKS 4a refused with ${code}`);
    return;
  }
  await connection.write(Buffer.from([5, 1, 0]));
  const [, method] = await take(2);
  if (method !== 0) throw new Error(`SOCKS 5 wants method ${method}`);
  await connection.write(Buffer.from([5, 1, 0, 3, host.length, ...Buffer.from(host), high, low]));
  const [, code, , type] = await take(4);
  if (code !== 0) throw new Error(`SOCKS 5 refused with ${code}`);
  const [length] = type === 3 ? await take(1) : [type === 4 ? 16 : 4];
  await take(length + 2);
}

/** Reads an exact number of bytes; what came with them is there for whoever reads next. */
function reader(connection) {
  return async (count) => {
    let bytes = Buffer.alloc(0);
    while (bytes.length < count) {
      const chunk = await connection.read();
      if (chunk === undefined) throw new Error('the proxy ended the connection');
      bytes = Buffer.concat([bytes, chunk]);
    }
    connection.unread(bytes.subarray(count));
    return [...bytes.subarray(0, count)];
  };
}
