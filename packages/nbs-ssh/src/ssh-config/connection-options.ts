import { badValue } from './errors.ts';
import { parseJump } from './jump.ts';
import { type ConfigOption, custom, option, unlessOff } from './option.ts';
import { choice, integer, port, sizeOf, time, YES_NO } from './values.ts';

/** Where to connect to, how, and for how long. */
export const CONNECTION_OPTIONS: readonly ConfigOption[] = [
  option('HostName', 'hostName', (args) => args.next()),
  option('User', 'user', (args) => args.next()),
  option('Port', 'port', port),
  option('Tag', 'tag', (args) => args.next()),
  option('AddressFamily', 'addressFamily', (args) =>
    choice(args, { any: 'any', inet: 'inet', inet6: 'inet6' } as const),
  ),
  option('BindAddress', 'bindAddress', (args) => args.next()),
  option('ConnectTimeout', 'connectTimeout', time),
  option('ConnectionAttempts', 'connectionAttempts', integer),
  option('ServerAliveInterval', 'serverAliveInterval', time),
  option('ServerAliveCountMax', 'serverAliveCountMax', integer),
  option(
    'Compression',
    'compression',
    (args) => choice(args, { yes: true, no: false } as const),
    unlessOff('note', 'nothing is compressed'),
  ),
  option(
    'CanonicalizeHostname',
    'canonicalizeHostname',
    (args) => choice(args, { ...YES_NO, always: 'always' } as const),
    unlessOff('warning', 'names are taken as they are written'),
  ),
  option('RefuseConnection', 'refuseConnection', (args) => args.next()),
  custom('RekeyLimit', (args) => {
    const size = args.next();
    const bytes = size === 'default' ? 0 : sizeOf(size);
    // OpenSSH's bound: less would negotiate keys in each packet.
    if (bytes !== 0 && bytes < 16) throw badValue('it must be at least 16 bytes', size);
    const seconds = args.isEmpty ? undefined : time(args);
    return (settings) => {
      settings.rekeyBytes ??= bytes;
      if (seconds !== undefined) settings.rekeySeconds ??= seconds;
    };
  }),
  // The two exclude each other, and so the first of both counts.
  custom('ProxyJump', (args) => {
    const jump = parseJump(args.command());
    return (settings) => {
      if (jump !== 'none' && settings.proxyCommand !== undefined) return;
      settings.proxyJump ??= jump;
    };
  }),
  custom('ProxyCommand', (args) => {
    const command = args.command();
    return (settings) => {
      if (settings.proxyJump === undefined || settings.proxyJump === 'none')
        settings.proxyCommand ??= command;
    };
  }),
];
