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
  other: 'The log of the server tells why.',
};

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '');
}
