import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram, run, runOk } from '../command.ts';
import { PID_FILE, type Service, startService } from './service.ts';

/** Where Debian has the server, in one folder per version and on nobody's PATH. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to be root: then it is this account of its package. */
const ACCOUNT = 'postgres';

/** Name of the role and the database that {@link startPostgres} makes. */
export const POSTGRES_USER = 'postgres';

/** Why no PostgreSQL can be started and asked here, or `undefined`. */
export function postgresObstacle(): string | undefined {
  if (serverFolder() === undefined) return 'no PostgreSQL server is here';
  return findProgram('psql') === undefined ? 'no psql is here' : undefined;
}

/** A real PostgreSQL with an empty database, which trusts everybody on this machine. */
export function startPostgres(): Promise<Service> {
  const folder = serverFolder();
  if (folder === undefined) return Promise.reject(new Error('no PostgreSQL server is here'));
  return startService('postgres', async (dir, port) => {
    const account = await accountToBe();
    // The process id is written there too, so the folder has to be the server's.
    if (account !== undefined) chownSync(dir, account.uid, account.gid);
    const data = join(dir, 'data');
    mkdirSync(data);
    chmodSync(data, 0o700);
    if (account !== undefined) chownSync(data, account.uid, account.gid);
    const made = ['-D', data, '-A', 'trust', '-U', POSTGRES_USER, '--no-sync', '--locale=C'];
    await runOk(join(folder, 'initdb'), made, { ...account, cwd: dir });
    const settings = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${dir}`,
      `external_pid_file=${join(dir, PID_FILE)}`,
      'fsync=off',
    ];
    const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
    return {
      program: join(folder, 'postgres'),
      args,
      path: join(dir, `.s.PGSQL.${port}`),
      // Also while somebody is connected; SIGTERM waits for them.
      stopSignal: 'SIGINT',
      ...account,
    };
  });
}

function serverFolder(): string | undefined {
  const initdb = findProgram('initdb');
  if (initdb !== undefined && findProgram('postgres') !== undefined) return dirname(initdb);
  if (!existsSync(DEBIAN)) return undefined;
  return readdirSync(DEBIAN)
    .map((version) => join(DEBIAN, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')));
}

async function accountToBe(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const number = async (flag: string): Promise<number> => Number((await run('id', [flag, ACCOUNT])).stdout);
  return { uid: await number('-u'), gid: await number('-g') };
}
