import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../command.ts';
import { PID_FILE, type Service, startService } from './service.ts';

/** Why no nginx can be started here, or `undefined`. */
export function nginxObstacle(): string | undefined {
  return findProgram('nginx') === undefined ? 'no nginx is here' : undefined;
}

/**
 * A real nginx with some files.
 *
 * @param files - Name → content, without folders.
 */
export function startNginx(files: Readonly<Record<string, string | Uint8Array>>): Promise<Service> {
  const program = findProgram('nginx');
  if (program === undefined) return Promise.reject(new Error('no nginx is here'));
  return startService('nginx', async (dir, port) => {
    const folder = join(dir, 'files');
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const path = join(dir, 'socket');
    const config = join(dir, 'nginx.conf');
    writeFileSync(config, text(dir, port, path));
    return { program, args: ['-p', dir, '-e', 'stderr', '-c', config], path };
  });
}

/** Everything it would write somewhere else is in `dir`, or off. */
const text = (dir: string, port: number, path: string): string => `
daemon off;
worker_processes 1;
pid ${join(dir, PID_FILE)};
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  types { text/html html; }
  server {
    listen 127.0.0.1:${port};
    listen unix:${path};
    root ${dir}/files;
  }
}
`;
