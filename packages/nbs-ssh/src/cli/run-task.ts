import { runPipe, runSubsystem } from './run-pipe.ts';
import { runProcess } from './run-process.ts';
import { stay } from './stay.ts';
import type { Ending, Task, Workplace } from './task.ts';

/** Does what the connection is for. @throws as what it does */
export async function runTask(task: Task, workplace: Workplace): Promise<Ending> {
  const { connection, plan, interrupts } = workplace;
  const { signal } = interrupts;
  const input = !plan.target.stdinNull;
  switch (task.type) {
    case 'command':
    case 'shell':
      return runProcess(task, workplace);
    case 'subsystem':
      return runSubsystem(await connection.subsystem(task.name, { signal }), input, signal);
    case 'pipe':
      return runPipe(await connection.openTcp(task.host, task.port, { signal }), input, signal);
    case 'none':
      return stay(connection, signal);
  }
}
