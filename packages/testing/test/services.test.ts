import { existsSync } from 'node:fs';
import {
  findProgram,
  nginxObstacle,
  POSTGRES_USER,
  postgresObstacle,
  redisObstacle,
  runOk,
  type Service,
  startNginx,
  startPostgres,
  startRedis,
  watchForLeaks,
} from '@nbs-ssh/testing';
import { describe, expect, it } from 'vitest';

interface Kind {
  readonly name: string;
  readonly obstacle: string | undefined;
  readonly start: () => Promise<Service>;
  /** Over TCP and over the Unix socket. */
  readonly asks: (service: Service) => readonly (readonly [string, ...string[]])[];
  readonly answer: string;
}

const KINDS: readonly Kind[] = [
  {
    name: 'nginx',
    obstacle: nginxObstacle() ?? (findProgram('curl') === undefined ? 'no curl is here' : undefined),
    start: () => startNginx({ 'page.html': '<p>hello</p>' }),
    asks: ({ port, path }) => [
      ['curl', '-sS', `http://127.0.0.1:${port}/page.html`],
      ['curl', '-sS', '--unix-socket', path, 'http://localhost/page.html'],
    ],
    answer: '<p>hello</p>',
  },
  {
    name: 'redis',
    obstacle: redisObstacle(),
    start: startRedis,
    asks: ({ port, path }) => [
      ['redis-cli', '-p', `${port}`, 'PING'],
      ['redis-cli', '-s', path, 'PING'],
    ],
    answer: 'PONG\n',
  },
  {
    name: 'postgres',
    obstacle: postgresObstacle(),
    start: startPostgres,
    asks: ({ dir, port }) =>
      ['127.0.0.1', dir].map((host) => [
        'psql',
        ...['-h', host, '-p', `${port}`, '-U', POSTGRES_USER, '-Atc', 'select 6 * 7'],
      ]),
    answer: '42\n',
  },
];

for (const { name, obstacle, start, asks, answer } of KINDS) {
  if (obstacle !== undefined) console.warn(`tests of ${name} are skipped: ${obstacle}`);
  describe.skipIf(obstacle !== undefined)(name, () => {
    it('serves on a port and a socket of its own, and leaves nothing behind', async () => {
      const leaks = watchForLeaks();
      const service = await start();
      try {
        for (const [program, ...args] of asks(service)) {
          expect((await runOk(program, args)).stdout).toBe(answer);
        }
      } finally {
        await service.stop();
      }
      expect(existsSync(service.dir)).toBe(false);
      await leaks.assertClean();
    });
  });
}
