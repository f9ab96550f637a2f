import { PEER_VERSIONS } from '../openssh-versions.ts';
import { DROPBEAR_VERSIONS } from '../peers/dropbear.ts';
import { ASYNCSSH_VERSIONS, PARAMIKO_VERSIONS } from '../peers/python.ts';
import type { PeerClient } from './client.ts';
import { dbclient, opensshClient, PUTTY_VERSIONS, plink } from './commands.ts';
import { asyncsshClient, paramikoClient, ssh2Client } from './libraries.ts';

/** Every client that the tests know, those that are not here too, with the reason. */
export function allClients(): readonly PeerClient[] {
  return [
    opensshClient('system'),
    ...PEER_VERSIONS.map(opensshClient),
    ...DROPBEAR_VERSIONS.map(dbclient),
    ...PUTTY_VERSIONS.map(plink),
    ...ASYNCSSH_VERSIONS.map(asyncsshClient),
    ...PARAMIKO_VERSIONS.map(paramikoClient),
    ssh2Client(),
  ];
}
