import { randomBytes } from 'node:crypto';
import { seededRandom, sshdAvailable, startSshd } from '@nbs-ssh/testing';
import { assert, describe, it } from 'vitest';
import {
  createKeyAuth,
  createNodeProvider,
  EventCollector,
  SSHConnection,
} from '../../packages/nbs-ssh/src/index.ts';
import { proveChannels } from '../lib/prove-channels.mjs';

// The short form of what `node scripts/prove-channels.mjs` does with 10 GB.

const BYTES = 60_000_000;
const CHANNELS = 100;
/** New keys after so many bytes, from either side. */
const REKEY = 4_000_000;

describe.skipIf(!sshdAvailable())(`${CHANNELS} channels over one connection to a real server`, () => {
  it('carry every byte, whatever ends, stalls, is replaced or gets new keys meanwhile', {
    timeout: 240_000,
  }, async () => {
    const seed = randomBytes(6).toString('hex');
    console.info(`prove-channels: seed ${seed}`);
    await using sshd = await startSshd({ config: ['MaxSessions 4096', `RekeyLimit ${REKEY}`] });
    const eventCollector = new EventCollector();
    let exchanges = 0;
    eventCollector.on((event) => {
      if (event.eventType === 'KEX' && event.data['status'] === 'negotiated') exchanges += 1;
    });
    await using connection = await SSHConnection.connect({
      host: sshd.host,
      port: sshd.port,
      username: sshd.username,
      knownHosts: sshd.writeKnownHosts(),
      auth: createKeyAuth(sshd.clientKey()),
      crypto: createNodeProvider(),
      algorithms: { ciphers: ['aes128-gcm@openssh.com'] },
      rekey: { bytes: REKEY },
      eventCollector,
    });
    const { bytes, most } = await proveChannels({
      connection,
      seededRandom,
      seed,
      bytes: BYTES,
      channels: CHANNELS,
      largest: 2 * 1024 * 1024,
    });
    assert.isAtLeast(bytes, BYTES);
    assert.equal(most, CHANNELS);
    assert.isAbove(exchanges, 5);
  });
});
