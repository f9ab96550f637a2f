import { PEER_VERSIONS } from '../openssh-versions.ts';
import { DROPBEAR_VERSIONS, dropbearPeer } from './dropbear.ts';
import {
  ERLANG_VERSIONS,
  erlangPeer,
  GO_VERSIONS,
  goPeer,
  LIBSSH_VERSIONS,
  libsshPeer,
  MINA_VERSIONS,
  minaPeer,
  ssh2Peer,
} from './library.ts';
import { LSHD_VERSIONS, lshdPeer } from './lshd.ts';
import { opensshServerPeer } from './openssh.ts';
import type { Peer } from './peer.ts';
import {
  ASYNCSSH_VERSIONS,
  asyncsshPeer,
  CONCH_VERSIONS,
  conchPeer,
  PARAMIKO_VERSIONS,
  paramikoPeer,
} from './python.ts';
import { TINYSSH_VERSIONS, tinysshPeer } from './tinyssh.ts';

/** Every server that the tests know, those that are not here too, with the reason. */
export function allPeers(): readonly Peer[] {
  return [
    opensshServerPeer('system'),
    ...PEER_VERSIONS.map(opensshServerPeer),
    ...DROPBEAR_VERSIONS.map(dropbearPeer),
    ...TINYSSH_VERSIONS.map(tinysshPeer),
    ...LIBSSH_VERSIONS.map(libsshPeer),
    ...ASYNCSSH_VERSIONS.map(asyncsshPeer),
    ...PARAMIKO_VERSIONS.map(paramikoPeer),
    ...CONCH_VERSIONS.map(conchPeer),
    ...GO_VERSIONS.map(goPeer),
    ...ERLANG_VERSIONS.map(erlangPeer),
    ...MINA_VERSIONS.map(minaPeer),
    ssh2Peer(),
    ...LSHD_VERSIONS.map(lshdPeer),
  ];
}
