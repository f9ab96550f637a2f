export {
  type CertificateFile,
  type CertificateOptions,
  certify,
  type ForgedFields,
  type ForgedOption,
  forgeCertificate,
} from './certificates.ts';
export { allClients } from './clients/all-clients.ts';
export type { ClientResult, ClientRun, ClientTarget, PeerClient } from './clients/client.ts';
export { type CommandResult, findProgram, run, runBytes, runOk } from './command.ts';
export { FakeClock } from './fake-clock.ts';
export type { Direction, DirectionFaults, FaultPlan, Segmentation } from './fault-plan.ts';
export { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
export { freePort } from './free-port.ts';
export {
  garbageScript,
  type HostileServer,
  type HostileStep,
  httpScript,
  identificationScript,
  silentScript,
  smtpScript,
  startHostileServer,
} from './hostile-server.ts';
export { type LeakCheck, watchForLeaks } from './leaks.ts';
export { liveMemory } from './live-memory.ts';
export {
  atLeast,
  type OpensshBinaries,
  type OpensshPeer,
  opensshPeer,
  PEER_VERSIONS,
  type PeerVersion,
  supportedAlgorithms,
  systemOpenssh,
} from './openssh-versions.ts';
export { pamAvailable } from './pam-service.ts';
export { allPeers } from './peers/all-peers.ts';
export { DROPBEAR_VERSIONS, dropbearPeer } from './peers/dropbear.ts';
export { type PeerFiles, peerFiles } from './peers/manifest.ts';
export type { Peer, PeerOptions, PeerServer } from './peers/peer.ts';
export { TINYSSH_VERSIONS, tinysshPeer } from './peers/tinyssh.ts';
export { assertLinear, assertWithin } from './processor-time.ts';
export {
  formatRecordedSession,
  parseRecordedSession,
  type RecordedSession,
  type RecordedStep,
  type ReplayedEnd,
  readRecordedSession,
  replay,
  SessionRecorder,
} from './recorded-session.ts';
export { type ScratchDir, scratchDir } from './scratch-dir.ts';
export { randomInteger, seededRandom } from './seeded-random.ts';
export { nginxObstacle, startNginx } from './services/nginx.ts';
export { POSTGRES_USER, postgresObstacle, startPostgres } from './services/postgres.ts';
export { redisObstacle, startRedis } from './services/redis.ts';
export type { Service } from './services/service.ts';
export { startXServer, type XServer, xServerObstacle } from './services/x-server.ts';
export { type SilentPort, startSilentPort } from './silent-port.ts';
export {
  agentPrograms,
  type SshAgent,
  type SshAgentOptions,
  softFidoProvider,
  startSshAgent,
} from './ssh-agent.ts';
export { fingerprintOf, type KeyFile, type KeyOptions, type KeyType, makeKey } from './ssh-keys.ts';
export { type Sshd, type SshdOptions, sshdAvailable, startSshd } from './sshd.ts';
export type { SshdSettings } from './sshd-config.ts';
export { echoing, startTcpTarget, type TcpTarget } from './tcp-target.ts';
export {
  createAccount,
  removeAccount,
  type TestAccount,
  testAccount,
  testAccountAvailable,
} from './test-account.ts';
export { startTmux, type Tmux, tmuxAvailable } from './tmux.ts';
