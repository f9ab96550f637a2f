export { systemClock } from './clock.ts';
export { fromSocket } from './socket.ts';
