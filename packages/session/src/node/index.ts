export { systemClock } from './clock.ts';
export { dialSocket, fromSocket } from './socket.ts';
