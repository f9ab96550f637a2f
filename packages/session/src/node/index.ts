export { systemClock } from './clock.ts';
export { close, type LocalListener, type LocalPort, listen, listenOnPort } from './listener.ts';
export { dialSocket, fromSocket } from './socket.ts';
export { listenOnPath, SocketPathError, type SocketPathProblem } from './socket-path.ts';
export { resetSocket, Splice, type SpliceOutcome, type Traffic } from './splice.ts';
export { fromStdio, type StdioPipe } from './stdio.ts';
