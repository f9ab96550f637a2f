import { createKeyAuth, SSHConnection } from 'nbs-ssh';

await using conn: SSHConnection = await SSHConnection.connect({ host: 'h', auth: [createKeyAuth('k')] });
const { stdout, exitCode } = await conn.exec('true');
stdout.length satisfies number;
exitCode satisfies number | null;
// @ts-expect-error an exit code is not text
exitCode satisfies string;
for await (const event of conn.streamExec('true')) {
  event.stream satisfies 'stdout' | 'stderr' | 'exit';
  // @ts-expect-error there is no such stream
  if (event.stream === 'stdin') break;
}
