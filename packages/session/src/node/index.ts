export { systemClock } from './clock.ts';
export { dialSocket, fromSocket } from './socket.ts';
export { fromStdio, type StdioPipe } from './stdio.ts';
