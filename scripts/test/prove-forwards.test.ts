import { type Sshd, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { afterAll, assert, beforeAll, describe, it } from 'vitest';
import { createKeyAuth, SSHConnection } from '../../packages/nbs-ssh/src/index.ts';
import { KINDS } from '../lib/forward-kinds.mjs';
import { proveForward, startTarget } from '../lib/prove-forwards.mjs';

// The short form of what `node scripts/prove-forwards.mjs` does with 1 GiB each way.

const BYTES = 8 * 1024 * 1024;
const MANY = 200;
const PATIENCE = 120_000;

describe.skipIf(!sshdAvailable())(
  `8 MiB each way, ${MANY} connections at once, half-closed and cut off`,
  () => {
    let sshd: Sshd;
    let connection: SSHConnection;
    let target: Awaited<ReturnType<typeof startTarget>>;
    beforeAll(async () => {
      sshd = await startSshd({ logLevel: 'INFO' });
      target = await startTarget(sshd.dir);
      connection = await SSHConnection.connect({
        host: sshd.host,
        port: sshd.port,
        username: sshd.username,
        knownHosts: sshd.writeKnownHosts(),
        auth: createKeyAuth(sshd.clientKey()),
      });
    });
    afterAll(async () => {
      await connection?.close();
      target?.stop();
      await sshd?.stop();
    });

    for (const kind of KINDS) {
      it(`through ${kind.name}`, { timeout: PATIENCE }, async () => {
        const around = { target, dir: sshd.dir, bytes: BYTES, many: MANY };
        const figures = await proveForward(connection, kind, around);
        assert.equal(figures.kind, kind.name);
      });
    }
  },
);
