import { join } from 'node:path';
import { findProgram } from '../command.ts';
import { PID_FILE, type Service, startService } from './service.ts';

/** Why no redis can be started and asked here, or `undefined`. */
export function redisObstacle(): string | undefined {
  const missing = ['redis-server', 'redis-cli', 'redis-benchmark'].find(
    (name) => findProgram(name) === undefined,
  );
  return missing === undefined ? undefined : `no ${missing} is here`;
}

/** A real redis that keeps nothing on disk. */
export function startRedis(): Promise<Service> {
  const program = findProgram('redis-server');
  if (program === undefined) return Promise.reject(new Error('no redis-server is here'));
  return startService('redis', async (dir, port) => {
    const path = join(dir, 'socket');
    const settings = {
      bind: '127.0.0.1',
      port: String(port),
      unixsocket: path,
      unixsocketperm: '777',
      dir,
      pidfile: join(dir, PID_FILE),
      save: '',
      appendonly: 'no',
      daemonize: 'no',
    };
    return { program, args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), path };
  });
}
