import { wildcardMatches } from '@nbs-ssh/auth';
import { printable } from '@nbs-ssh/transport/wire';
import type { LineArguments } from './arguments.ts';
import { LineProblem } from './errors.ts';
import { KNOWN_ALGORITHMS } from './known-algorithms.ts';
import { type ConfigOption, option } from './option.ts';

/** Lists as written, with a leading `+`, `-` or `^`; what they mean depends on what there is. */
export const ALGORITHM_OPTIONS: readonly ConfigOption[] = [
  option('KexAlgorithms', 'kexAlgorithms', names('kex')),
  option('HostKeyAlgorithms', 'hostKeyAlgorithms', names('signature')),
  option('PubkeyAcceptedAlgorithms', 'pubkeyAcceptedAlgorithms', names('signature')),
  option('CASignatureAlgorithms', 'caSignatureAlgorithms', names('signature')),
  option('Ciphers', 'ciphers', names('cipher')),
  option('MACs', 'macs', names('mac')),
];

/** Refuses names that nobody has. What is removed need not exist, and signatures may have wildcards. */
function names(kind: keyof typeof KNOWN_ALGORITHMS): (args: LineArguments) => string {
  const known = KNOWN_ALGORITHMS[kind];
  return (args) => {
    const spec = args.next();
    if (spec.startsWith('-')) return spec;
    const list = spec.replace(/^[+^]/, '').split(',');
    const wrong = list.find((name) =>
      kind === 'signature' ? !known.some((other) => wildcardMatches(name, other)) : !known.includes(name),
    );
    if (wrong === undefined) return spec;
    throw new LineProblem('invalid_value', `there is no algorithm "${printable(wrong, 128)}"`);
  };
}
