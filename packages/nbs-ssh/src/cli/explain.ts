import {
  AuthFailed,
  ChannelError,
  ConnectionLost,
  ConnectionRefused,
  ConnectionTimeout,
  HostKeyMismatch,
  HostUnreachable,
  KeyLoadError,
  NoMutualKex,
  ProtocolError,
  SSHError,
} from '../errors/classes.ts';
import { ConfigError } from '../ssh-config/errors.ts';
import { explainConfig } from './explain-config.ts';
import { explainForward } from './explain-forward.ts';
import { explainKey } from './explain-key.ts';
import { explainAuthFailed, explainHostKey, explainNoMutual } from './explain-trust.ts';
import { atHop, explainWay } from './explain-way.ts';
import { UsageError } from './usage.ts';

/** Why it did not work and what to do, one plain sentence each. Text of the peer in them is escaped. */
export interface Explanation {
  readonly cause: string;
  readonly remedy: string;
}

/** Decided by class, code and context, never by the text of a message. */
export function explain(error: unknown): Explanation {
  const found =
    error instanceof SSHError
      ? (explainWay(error) ?? explainForward(error) ?? explained(error))
      : explained(error);
  const { cause, remedy } = error instanceof SSHError ? atHop(error, found) : found;
  return { cause: oneLine(cause), remedy: oneLine(remedy) };
}

function explained(error: unknown): Explanation {
  if (error instanceof UsageError) {
    return { cause: error.message, remedy: error.remedy ?? 'nbs-ssh --help lists the options.' };
  }
  if (error instanceof ConfigError) return explainConfig(error);
  if (error instanceof ConnectionRefused) {
    return {
      cause: `Nothing listens on ${target(error)}: the connection was refused.`,
      remedy: 'Check the port (-p) and that the SSH server runs there.',
    };
  }
  if (error instanceof ConnectionTimeout) return explainTimeout(error);
  if (error instanceof HostUnreachable) return explainUnreachable(error);
  if (error instanceof HostKeyMismatch) return explainHostKey(error);
  if (error instanceof AuthFailed) return explainAuthFailed(error);
  if (error instanceof KeyLoadError) return explainKey(error);
  if (error instanceof NoMutualKex) return explainNoMutual(error);
  if (error instanceof ConnectionLost) return explainLost(error);
  if (error instanceof ProtocolError) return explainProtocol(error);
  if (error instanceof ChannelError) return explainChannel(error);
  return explainOther(error);
}

function explainTimeout(error: ConnectionTimeout): Explanation {
  const more = 'or allow more time with -o ConnectTimeout=SECONDS.';
  switch (error.phase) {
    case 'tcp':
      return {
        cause: `${target(error)} did not answer in time: the connection could not be opened.`,
        remedy: `Check the address, the port and the firewalls on the way, ${more}`,
      };
    case 'identification':
      return {
        cause: `${target(error)} took the connection but did not say in time that it is an SSH server.`,
        remedy: `Check that the port is the SSH server's (-p) and that the server is not overloaded, ${more}`,
      };
    case 'auth':
      return {
        cause: `The login on ${target(error)} did not finish in time.`,
        remedy: `Try again and answer questions sooner, ${more}`,
      };
    default:
      return {
        cause: `The handshake with ${target(error)} did not finish in time; it was stuck in phase ${error.phase ?? 'unknown'}.`,
        remedy: `Check the network on the way (a too large MTU looks like this), ${more}`,
      };
  }
}

function explainUnreachable(error: HostUnreachable): Explanation {
  const host = error.context.host ?? 'the host';
  if (error.code === 'EAI_AGAIN') {
    return {
      cause: `The name ${host} could not be looked up: the name server did not answer.`,
      remedy: 'Check the network connection, and try again or use an IP address.',
    };
  }
  if (error.code === 'ENOTFOUND' || error.code.startsWith('EAI_')) {
    return {
      cause: `There is no host named ${host}: the name cannot be resolved.`,
      remedy: 'Check the spelling of the name, or use an IP address.',
    };
  }
  return {
    cause: `${target(error)} cannot be reached: no route leads there (${error.code}).`,
    remedy: 'Check the network connection, the VPN and the address.',
  };
}

function explainLost(error: ConnectionLost): Explanation {
  const at = target(error);
  if (error.context.maybeExecuted === true) {
    return {
      cause: `The connection to ${at} was lost while the command ran.`,
      remedy: 'Find out how far the command got before you run it again.',
    };
  }
  const busy = 'Try again later; if it stays like this, look into the log of the server.';
  if (error.code === 'TRANSPORT_DISCONNECTED') {
    return { cause: `${at} ended the connection: ${nameOf(error)}.`, remedy: busy };
  }
  if (error.phase === 'open') {
    return {
      cause: `The connection to ${at} was lost.`,
      remedy: 'Connect again when the network and the server are there.',
    };
  }
  return {
    cause: `${at} closed the connection in phase ${error.phase ?? 'unknown'}, before the command could run.`,
    remedy:
      error.phase === 'identification'
        ? `The server may refuse your address or be overloaded. ${busy}`
        : busy,
  };
}

function explainProtocol(error: ProtocolError): Explanation {
  const at = target(error);
  if (error.code === 'TRANSPORT_NOT_SSH') {
    const { guess } = (error.context.details ?? {}) as { readonly guess?: string };
    return {
      cause: `${at} is not an SSH server: it speaks ${guess ?? 'another protocol'}.`,
      remedy: 'Use the port of the SSH server (-p); it is usually 22.',
    };
  }
  if (error.code === 'TRANSPORT_VERSION') {
    return {
      cause: `${at} speaks another version of SSH: ${lastQuoted(error)}.`,
      remedy: 'Update the server: only protocol version 2 is safe and supported.',
    };
  }
  if (error.code === 'TRANSPORT_DISCONNECTED') {
    return {
      cause: `${at} ended the connection in phase ${error.phase ?? 'unknown'}: ${nameOf(error)}.`,
      remedy: 'The log of the server tells why; --evidence FILE keeps what was seen on this side.',
    };
  }
  return {
    cause: `${at} broke the SSH protocol in phase ${error.phase ?? 'unknown'}: ${error.message} (${error.code}).`,
    remedy:
      'Run it again with --evidence FILE, and give the file to whoever runs the server or makes nbs-ssh.',
  };
}

function explainChannel(error: ChannelError): Explanation {
  const at = target(error);
  switch (error.code) {
    case 'CHANNEL_PTY_REFUSED':
      return { cause: `${at} gives no terminal.`, remedy: 'Run the command without -t.' };
    case 'CHANNEL_SUBSYSTEM_REFUSED':
      return {
        cause: `${at} let you in but does not have this subsystem.`,
        remedy: 'Check its name; whoever runs the server decides which ones there are (Subsystem).',
      };
    case 'CHANNEL_SHELL_REFUSED':
      return {
        cause: `${at} let you in but gives no shell.`,
        remedy: 'The account may be for commands, files or forwards only (-N): ask who runs the server.',
      };
    case 'CHANNEL_EXEC_REFUSED':
      return {
        cause: `${at} let you in but refused to run the command.`,
        remedy: 'The account may be limited to other uses, such as file transfer: ask who runs the server.',
      };
    case 'CHANNEL_OPEN_REFUSED':
      return {
        cause: `${at} let you in but opened no session: ${error.message}.`,
        remedy: 'The account may be limited, or the server be full: try again, or ask who runs the server.',
      };
    default:
      return { cause: `${error.message} (${error.code}).`, remedy: 'Run it again with -v to see more.' };
  }
}

function explainOther(error: unknown): Explanation {
  const code = (error as { readonly code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'AUTH_KNOWN_HOSTS_READ':
      return {
        cause: `A known_hosts file cannot be used: ${withoutCode(message, code)}.`,
        remedy: 'Repair its permissions, or name another file with -o UserKnownHostsFile=FILE.',
      };
    case 'EVIDENCE_FILE':
    case 'EVIDENCE_TARGET':
      return {
        cause: `A file could not be written: ${withoutCode(message, code)}.`,
        remedy: 'Name a regular file in a folder that you may write to.',
      };
    case 'SERVER_LISTENER':
      return {
        cause: `The server could not start: ${withoutCode(message, code)}.`,
        remedy: 'Choose another --port, or 0 for any free one.',
      };
    default:
      return {
        cause: `${withoutCode(message, String(code))}${typeof code === 'string' ? ` (${code})` : ''}.`,
        remedy:
          error instanceof SSHError && error.fault !== 'bug'
            ? 'Run it again with -v to see what happened before.'
            : 'This is a defect of nbs-ssh: please report it with the output of -vv.',
      };
  }
}

/** `host port 22`, as far as it is known. */
export function target(error: SSHError): string {
  const { host, port } = error.context;
  if (host === undefined) return 'the server';
  return port === undefined ? host : `${host} port ${port}`;
}

function nameOf(error: ProtocolError | ConnectionLost): string {
  const original = error.context.originalError as
    | { readonly context?: { readonly name?: string; readonly description?: string } }
    | undefined;
  const { name = 'no reason given', description = '' } = original?.context ?? {};
  return description === '' ? name : `${name}, "${description}"`;
}

function lastQuoted(error: ProtocolError): string {
  const { line } = (error.context.details ?? {}) as { readonly line?: string };
  return line === undefined ? 'unknown' : `"${line}"`;
}

/** Errors of the lower packages have their code in front of the sentence. */
function withoutCode(message: string, code: string): string {
  const rest = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
  return rest.replace(/\.$/, '');
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
