import { LineProblem } from './errors.ts';
import { MAX_KEY_FILES } from './limits.ts';
import { type ConfigOption, custom, type LineOrigin, option, unlessOff } from './option.ts';
import type { NamedFile } from './raw-settings.ts';
import { checkAgentPath, choice, integer, words, YES_NO } from './values.ts';

/** Who we are, and how that is shown. */
export const LOGIN_OPTIONS: readonly ConfigOption[] = [
  custom('IdentityFile', (args) => {
    const path = args.next();
    return ({ identityFiles }, origin) => addFile(identityFiles, path, origin);
  }),
  custom('CertificateFile', (args) => {
    const path = args.next();
    return ({ certificateFiles }, origin) => addFile(certificateFiles, path, origin);
  }),
  option('IdentitiesOnly', 'identitiesOnly', (args) => choice(args, YES_NO)),
  option('IdentityAgent', 'identityAgent', (args) => checkAgentPath(args.next(), args.env)),
  custom('ForwardAgent', (args) => {
    const word = args.next();
    const key = word.toLowerCase();
    const flag = Object.hasOwn(YES_NO, key) ? YES_NO[key as keyof typeof YES_NO] : undefined;
    const path = flag === undefined ? checkAgentPath(word, args.env) : undefined;
    // A path counts even behind a plain `yes`, which did not say which agent.
    return (settings) => {
      settings.forwardAgent ??= flag ?? true;
      if (path !== undefined) settings.forwardAgentPath ??= path;
    };
  }),
  option('PreferredAuthentications', 'preferredAuthentications', (args) => args.next()),
  option('PubkeyAuthentication', 'pubkeyAuthentication', (args) =>
    choice(args, { ...YES_NO, unbound: 'unbound', 'host-bound': 'host-bound' } as const),
  ),
  option('PasswordAuthentication', 'passwordAuthentication', (args) => choice(args, YES_NO)),
  option('KbdInteractiveAuthentication', 'kbdInteractiveAuthentication', (args) => choice(args, YES_NO)),
  option(
    'HostbasedAuthentication',
    'hostbasedAuthentication',
    (args) => choice(args, YES_NO),
    unlessOff('note', 'host-based login is not tried'),
  ),
  option('NumberOfPasswordPrompts', 'numberOfPasswordPrompts', integer),
  option('BatchMode', 'batchMode', (args) => choice(args, YES_NO)),
];

/** Who the server is. */
export const HOST_KEY_OPTIONS: readonly ConfigOption[] = [
  option('UserKnownHostsFile', 'userKnownHostsFile', someWords),
  option('GlobalKnownHostsFile', 'globalKnownHostsFile', someWords),
  option('HostKeyAlias', 'hostKeyAlias', (args) => args.next()),
  option('HashKnownHosts', 'hashKnownHosts', (args) => choice(args, YES_NO)),
  option(
    'UpdateHostKeys',
    'updateHostKeys',
    (args) => choice(args, { ...YES_NO, ask: 'ask' } as const),
    (value) =>
      value === 'ask'
        ? { level: 'note', text: 'only nbs-ssh in a terminal asks, when the command is over' }
        : undefined,
  ),
  option('StrictHostKeyChecking', 'strictHostKeyChecking', (args) =>
    choice(args, {
      yes: 'yes',
      true: 'yes',
      no: 'no',
      false: 'no',
      off: 'no',
      ask: 'ask',
      'accept-new': 'accept-new',
    } as const),
  ),
];

/** No words are no value: a line with nothing but a comment leaves the option as it is. */
function someWords(args: Parameters<typeof words>[0]): readonly string[] | undefined {
  const all = words(args);
  return all.length === 0 ? undefined : all;
}

function addFile(files: NamedFile[], path: string, { own }: LineOrigin): void {
  if (files.some((file) => file.path === path && file.own === own)) return;
  if (files.length >= MAX_KEY_FILES) {
    throw new LineProblem('invalid_value', `there are more than ${MAX_KEY_FILES} files`);
  }
  files.push({ path, own });
}
