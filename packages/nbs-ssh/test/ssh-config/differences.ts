/** Values by option, in order. */
export type Values = ReadonlyMap<string, readonly string[]>;

/** Where we mean to differ from `ssh -G`. docs/ssh-config.md tells the same. */
export interface Difference {
  /** `undefined`: any that may have it. */
  readonly option: string | undefined;
  readonly reason: string;
  readonly explains: (ours: Values, theirs: Values, option: string) => boolean;
}

const only = (values: Values, option: string): string | undefined => values.get(option)?.join('\n');

/** A hash as %C gives it. */
const HASH = /[0-9a-f]{40}/g;

export const DIFFERENCES: readonly Difference[] = [
  {
    option: undefined,
    reason: 'ssh before 10 has no jump hosts in %C',
    explains: (ours, theirs, option) =>
      ours.has('proxyjump') &&
      only(ours, option)?.replace(HASH, '') === only(theirs, option)?.replace(HASH, ''),
  },
  {
    option: 'serveraliveinterval',
    reason: 'Debian lets BatchMode set it to 300',
    explains: (ours, theirs) =>
      only(ours, 'batchmode') === 'yes' &&
      only(ours, 'serveraliveinterval') === '0' &&
      only(theirs, 'serveraliveinterval') === '300',
  },
  {
    option: 'loglevel',
    reason: 'Debian prints QUIET by an older name',
    explains: (ours, theirs) => only(ours, 'loglevel') === 'QUIET' && only(theirs, 'loglevel') === 'SILENT',
  },
  {
    option: 'dynamicforward',
    reason: 'ssh -G lists a local forward from socket to socket among the dynamic ones too',
    explains: (ours, theirs) => {
      const sockets = (ours.get('localforward') ?? []).map((line) => line.split(' ')[0]);
      const known = ours.get('dynamicforward') ?? [];
      return (theirs.get('dynamicforward') ?? []).every(
        (line) => known.includes(line) || sockets.includes(line),
      );
    },
  },
  {
    option: 'forwardagent',
    reason: 'ssh -G names a socket that is not used, because an earlier line says no',
    explains: (ours, theirs) =>
      only(ours, 'forwardagent') === 'no' && /[/]/.test(only(theirs, 'forwardagent') ?? ''),
  },
  {
    option: 'forwardx11trusted',
    reason: 'Debian trusts programs at the display by default',
    explains: (ours, theirs) =>
      only(ours, 'forwardx11trusted') === 'no' && only(theirs, 'forwardx11trusted') === 'yes',
  },
  {
    option: 'xauthlocation',
    reason: 'xauth is looked for in PATH',
    explains: (ours) => ours.get('xauthlocation') === undefined,
  },
  {
    option: 'identityfile',
    reason: 'the keys that are tried by default are not the same',
    explains: (ours) => ours.get('identityfile') === undefined,
  },
];

/** Refusals of ours that ssh does not share. */
export const STRICTER: readonly { readonly reason: string; readonly message: RegExp }[] = [
  {
    reason: 'no name goes into a command that a shell would act on',
    message: /^ProxyCommand uses %r, and "(?:two words|a"b|DOMAIN\\\\user)" is not safe in a command$/,
  },
];

/** Refusals of ssh that we do not share. */
export const LOOSER: readonly { readonly reason: string; readonly message: RegExp }[] = [
  {
    reason: 'whether the socket of an agent is there is found out when it is used',
    message: /^Cannot forward agent socket path /m,
  },
  {
    reason: '10.0 takes no user with quotes, not even from a file',
    message: /^remote username contains invalid characters/m,
  },
];
