export type { AuthMachine, AuthOutput } from './auth-machine.ts';
export type { ByteDuplex } from './byte-duplex.ts';
export { Channel, type ChannelListener, type OpenRefusal } from './channel.ts';
export { type ChannelPipe, openPipe, pipeOver } from './channel-pipe.ts';
export { ChannelTable } from './channel-table.ts';
export type { Clock } from './clock.ts';
export { SessionDriver, type SessionOwner } from './driver.ts';
export { destroy, type End, endOf, type Joined, type JoinOptions, type JoinOutcome, join } from './join.ts';
export { SessionMachine, type SessionOutput, type SessionParts, type SessionPhase } from './session.ts';
