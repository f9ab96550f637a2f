import { ForwardError, type ForwardReason, type SSHError } from '../errors/classes.ts';
import type { Explanation } from './explain.ts';

/** Explains why a way through the server was not opened: one that the user asked for, and not one to a host on the way. */
export function explainForward(error: SSHError): Explanation | undefined {
  if (!(error instanceof ForwardError) || error.context.hop !== undefined) return undefined;
  return { cause: `${sentence(error.message)}.`, remedy: REMEDIES[error.reason] };
}

const REMEDIES: { readonly [R in ForwardReason]: string } = {
  prohibited: 'Whoever runs the server must allow it (AllowTcpForwarding, PermitOpen, PermitListen).',
  connect_failed:
    'Check that the target runs, and its name and port as the server sees them: it looks the name up, not this machine.',
  unknown_channel_type: 'This server cannot forward: use another one.',
  resource_shortage: 'Too much is open at the server: close something, or try again later.',
  invalid_target: 'Check the name and the port of the target.',
  timeout: 'Check that the target runs, and that no firewall swallows what goes there.',
  address_in_use: 'Choose another port, or end the program that has it.',
  address_not_available: 'Listen on an address that this machine has, or on none: then it is loopback.',
  permission_denied: 'Ports below 1024 are for root on most systems: choose a higher one.',
  refused: 'Choose another port, or let whoever runs the server allow it (AllowTcpForwarding, PermitListen).',
  bad_reply: 'This server is broken: ask for a port by its number.',
  bad_request: 'Let the client speak SOCKS 4, 4a or 5 to this port, without a password.',
  path_exists: 'Remove the file if nobody needs it, or choose another path.',
  path_too_long: 'Choose a shorter path: systems take about 100 bytes.',
  path_unsafe: 'Make a folder of your own for the socket, that nobody else can write to.',
  broken: 'Try again: whoever was at the other end went away.',
  withdrawn: 'The forward was closed: set it up again.',
  other: 'The log of the server tells why.',
};

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '');
}
