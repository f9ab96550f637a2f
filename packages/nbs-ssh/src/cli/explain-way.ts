import { printable } from '@nbs-ssh/transport/wire';
import { ForwardError, type SSHError } from '../errors/classes.ts';
import type { Explanation } from './explain.ts';

/** Explains what went wrong between here and the server: at a jump host, or with a proxy command. */
export function explainWay(error: SSHError): Explanation | undefined {
  const { hop } = error.context;
  if (error.code === 'PROXY_COMMAND_START') {
    return {
      cause: `The proxy command cannot be started: ${reason(error)}.`,
      remedy: 'Check that the program in ProxyCommand is installed and may be run.',
    };
  }
  if (error.code === 'PROXY_COMMAND_ENDED') {
    return {
      cause: `${sentence(error.message)}.`,
      remedy: 'Run the command of ProxyCommand by itself to see why it gives up.',
    };
  }
  if (error.code === 'FORWARD_OPEN_REFUSED' && hop !== undefined) {
    const forbidden = error instanceof ForwardError && error.reason === 'prohibited';
    return {
      cause: `${sentence(error.message)}.`,
      remedy: forbidden
        ? 'Whoever runs the jump host must allow forwarding for you (AllowTcpForwarding, PermitOpen).'
        : 'Check the name and the port as the jump host sees them: it looks the name up, not this machine.',
    };
  }
  return undefined;
}

/** As with ssh, `-p`, `-l`, `-i` and `-o` are about the target only: the remedies that name them need this word. */
const OWN_SETTINGS =
  'What is for the jump host goes into -J or ProxyJump, and into a Host block of the configuration for its name.';

/** A failure at a jump host is about that host, and not about the one that was asked for. */
export function atHop(error: SSHError, explanation: Explanation): Explanation {
  const { hop } = error.context;
  if (hop === undefined || error.code === 'FORWARD_OPEN_REFUSED') return explanation;
  const { cause, remedy } = explanation;
  return { cause: `At the jump host ${hop}: ${cause}`, remedy: `${remedy} ${OWN_SETTINGS}` };
}

function reason(error: SSHError): string {
  const { originalError } = error.context;
  const below = originalError instanceof Error ? originalError.cause : undefined;
  return printable(below instanceof Error ? below.message : error.message, 256);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '');
}
