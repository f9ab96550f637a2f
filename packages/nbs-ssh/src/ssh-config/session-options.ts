import { wildcardMatches } from '@nbs-ssh/auth';
import { badValue, LineProblem } from './errors.ts';
import { type ForwardSpec, formatForward, parseForward } from './forward.ts';
import { MAX_LIST } from './limits.ts';
import { type Assignment, type ConfigOption, custom, option, unlessOff } from './option.ts';
import type { LogLevel } from './raw-settings.ts';
import { checkVariables, choice, time, YES_NO } from './values.ts';

const LEVELS: Readonly<Record<string, LogLevel>> = {
  quiet: 'QUIET',
  fatal: 'FATAL',
  error: 'ERROR',
  info: 'INFO',
  verbose: 'VERBOSE',
  debug: 'DEBUG',
  debug1: 'DEBUG',
  debug2: 'DEBUG2',
  debug3: 'DEBUG3',
};

/** What happens once we are in. */
export const SESSION_OPTIONS: readonly ConfigOption[] = [
  custom('SendEnv', (args) => {
    const names = args.rest();
    const wrong = names.find((name) => name === '' || name.includes('='));
    if (wrong !== undefined) throw badValue('it must be names of variables', wrong);
    return ({ sendEnv }) => {
      for (const name of names) {
        if (name.startsWith('-')) removeMatching(sendEnv, name.slice(1));
        else push(sendEnv, name);
      }
    };
  }),
  option('SetEnv', 'setEnv', (args) => {
    const pairs = args.rest();
    const wrong = pairs.find((pair) => !pair.includes('='));
    if (wrong !== undefined) throw badValue('it must be NAME=value', wrong);
    const nameOf = (pair: string): string => pair.slice(0, pair.indexOf('='));
    const first = pairs.filter(
      (pair, at) => pairs.findIndex((other) => nameOf(other) === nameOf(pair)) === at,
    );
    if (first.length > MAX_LIST) throw tooMany();
    return first.length === 0 ? undefined : first;
  }),
  option('RequestTTY', 'requestTty', (args) =>
    choice(args, { yes: 'yes', true: 'yes', no: 'no', false: 'no', force: 'force', auto: 'auto' } as const),
  ),
  option('RemoteCommand', 'remoteCommand', (args) => args.command()),
  option('SessionType', 'sessionType', (args) =>
    choice(args, { default: 'default', none: 'none', subsystem: 'subsystem' } as const),
  ),
  option('StdinNull', 'stdinNull', (args) => choice(args, YES_NO)),
  option('ForkAfterAuthentication', 'forkAfterAuthentication', (args) => choice(args, YES_NO)),
  option('EscapeChar', 'escapeChar', (args) => escapeOf(args.next())),
  option(
    'PermitLocalCommand',
    'permitLocalCommand',
    (args) => choice(args, YES_NO),
    unlessOff('warning', 'no local command is run'),
  ),
  option('LocalCommand', 'localCommand', (args) => args.command()),
  option('LogLevel', 'logLevel', (args) => choice(args, LEVELS)),
  option('IgnoreUnknown', 'ignoreUnknown', (args) => args.next()),
];

/** What else goes through the connection. */
export const FORWARD_OPTIONS: readonly ConfigOption[] = [
  custom('LocalForward', (args) => {
    const listen = checkVariables(args.next(), args.env);
    return assignForward(parseForward('local', listen, checkVariables(args.next(), args.env)));
  }),
  custom('RemoteForward', (args) => {
    const listen = checkVariables(args.next(), args.env);
    const target = args.take();
    const end = target === undefined || target === '' ? undefined : checkVariables(target, args.env);
    return assignForward(parseForward('remote', listen, end));
  }),
  custom('DynamicForward', (args) => {
    return assignForward(parseForward('dynamic', checkVariables(args.next(), args.env), undefined));
  }),
  option('ForwardX11', 'forwardX11', (args) => choice(args, YES_NO)),
  option('ForwardX11Trusted', 'forwardX11Trusted', (args) => choice(args, YES_NO)),
  option('ForwardX11Timeout', 'forwardX11Timeout', time),
  option('XAuthLocation', 'xauthLocation', (args) => args.next()),
  option('ClearAllForwardings', 'clearAllForwardings', (args) => choice(args, YES_NO)),
  option('ExitOnForwardFailure', 'exitOnForwardFailure', (args) => choice(args, YES_NO)),
  option('GatewayPorts', 'gatewayPorts', (args) => choice(args, YES_NO)),
  option('StreamLocalBindUnlink', 'streamLocalBindUnlink', (args) => choice(args, YES_NO)),
];

/** One character, `^` and a letter, or `none`. As with ssh it is a byte. */
function escapeOf(text: string): number | 'none' {
  if (text === 'none') return 'none';
  const control = /^\^([@-\x7f])$/.exec(text);
  if (control !== null) return (control[1] ?? '').charCodeAt(0) & 0x1f;
  if (text.length === 1 && text.charCodeAt(0) < 0x80) return text.charCodeAt(0);
  throw badValue('it must be one character, ^ and a letter, or none', text);
}

/** Adds a forward. */
export function assignForward(forward: ForwardSpec): Assignment {
  return ({ localForwards, remoteForwards }) =>
    addForward(forward.type === 'remote' ? remoteForwards : localForwards, forward);
}

function addForward(forwards: ForwardSpec[], forward: ForwardSpec): void {
  const known = forwards.some((other) => formatForward(other) === formatForward(forward));
  if (!known) push(forwards, forward);
}

function removeMatching(names: string[], pattern: string): void {
  const kept = names.filter((name) => !wildcardMatches(pattern, name));
  names.splice(0, names.length, ...kept);
}

function push<T>(values: T[], value: T): void {
  if (values.length >= MAX_LIST) throw tooMany();
  values.push(value);
}

const tooMany = (): LineProblem =>
  new LineProblem('invalid_value', `there are more than ${MAX_LIST} of them`);
