import { stdout } from 'node:process';
import type { RunInvocation } from './args.ts';
import { describeConfig } from './plan.ts';

/** Prints what the configuration comes to for a host, as `ssh -G` does. @throws {ConfigError} */
export async function printConfig(invocation: RunInvocation): Promise<number> {
  const lines = await describeConfig(invocation);
  stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
