import { argv, env, exit, stderr, stdout } from 'node:process';
import { VERSION } from '../version.ts';
import { asksForJson, parseArgs } from './args.ts';
import type { Explanation } from './explain.ts';
import { failureLine, plainFailure } from './outcome.ts';
import { takeSecrets } from './secrets.ts';
import { HELP, UsageError } from './usage.ts';

/** What the process ends with. Everything heavy is loaded only when it is needed. */
async function main(): Promise<number> {
  const secrets = takeSecrets(env);
  const words = argv.slice(2);
  // It has options of its own, with the letters of another program. A host of that name is reached as with `serve`.
  if (words[0] === 'keygen')
    return await (await import('./keygen/keygen.ts')).keygen(words.slice(1), secrets);
  try {
    const invocation = parseArgs(words);
    switch (invocation.type) {
      case 'help':
        stdout.write(HELP);
        return 0;
      case 'version':
        stdout.write(`nbs-ssh ${VERSION}\n`);
        return 0;
      case 'serve':
        return await (await import('./serve.ts')).serve(invocation);
      case 'print-config':
        return await (await import('./print-config.ts')).printConfig(invocation);
      case 'run':
        return await (await import('./run-command.ts')).runCommand(invocation, secrets);
    }
  } catch (error) {
    const { name, cause, remedy } = await told(error);
    stderr.write(
      asksForJson(words)
        ? failureLine(255, plainFailure(name, cause, remedy))
        : `nbs-ssh: ${cause}\nnbs-ssh: ${remedy}\n`,
    );
    return 255;
  }
}

async function told(error: unknown): Promise<{ readonly name: string } & Explanation> {
  if (error instanceof UsageError) {
    const { name, message: cause, remedy = 'nbs-ssh --help lists the options.' } = error;
    return { name, cause, remedy };
  }
  const { explain } = await import('./explain.ts');
  return { name: error instanceof Error ? error.name : 'Error', ...explain(error) };
}

/** Resolves when all that was written has left the process, or never will. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) return resolve();
    stream.write('', () => resolve());
    stream.once('close', resolve);
  });
}

// A reader that went away is no reason for a stack trace; whoever writes notices by itself.
stdout.on('error', () => {});
stderr.on('error', () => {});
main()
  .catch((error: unknown) => {
    stderr.write(`nbs-ssh: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 255;
  })
  .then(async (code) => {
    await Promise.all([flushed(stdout), flushed(stderr)]);
    // Not left to the event loop: standard input may still be open, and nobody wants it any more.
    exit(code);
  });
