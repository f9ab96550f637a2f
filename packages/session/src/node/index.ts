export { systemClock } from './clock.ts';
export { dialSocket, fromSocket } from './socket.ts';
export { resetSocket, Splice, type SpliceOutcome, type Traffic } from './splice.ts';
export { fromStdio, type StdioPipe } from './stdio.ts';
