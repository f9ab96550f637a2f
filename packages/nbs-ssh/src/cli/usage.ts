/** The command line makes no sense. Needs nothing of the library, so that it is told at once. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to do about it, when it is more than looking at `--help`. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * For what checks its arguments: the library's words for what is wrong with them, as a usage error. Not for what runs
 * later, where the same errors are defects.
 *
 * @throws {UsageError}
 */
export function inUsersWords<T>(prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
  }
}

export const HELP = `usage: nbs-ssh [options] [user@]host [command…]
       nbs-ssh serve [--host 127.0.0.1] [--port 0] [--user NAME] [--authorized-keys FILE] [--allow-forwarding] [--json]
       nbs-ssh keygen [options]

Opens a shell on an SSH server, or runs a command there. Standard input goes to the command, its output comes here
byte for byte. In a terminal, ~? at the start of a line lists the escapes.

  -p PORT               port of the server, 22 by default
  -l USER               user to log in as
  -i FILE               private key; may be given more than once; without it the default keys are tried
  -F FILE               configuration to read in place of ~/.ssh/config and /etc/ssh/ssh_config; none: no file
  -o NAME=VALUE         a setting as in ssh_config, before all files; the first value of each counts
  -J HOST[,HOST…]       hosts to go through, as [user@]host[:port]
  -G                    prints what the configuration comes to for the host, and ends
  -4, -6                uses IPv4, or IPv6, only
  -b ADDRESS            local address to connect from
  -c LIST, -m LIST      ciphers and MACs; + adds, - removes, ^ prefers
  -t                    asks for a terminal when standard input is one; -tt asks for it in any case
  -T                    asks for no terminal
  -e CHAR               the escape character (^X for a control character), or none
  -s                    the command is the name of a subsystem
  -L [ADDRESS:]PORT:HOST:PORT
                        what connects to the port here reaches HOST:PORT as the server sees it; a path may stand for
                        ADDRESS:PORT and for HOST:PORT, and is a Unix socket
  -R [ADDRESS:]PORT[:HOST:PORT]
                        what connects to the port at the server reaches HOST:PORT as this machine sees it;
                        without HOST:PORT it is for clients of SOCKS
  -D [ADDRESS:]PORT     clients of SOCKS that connect to the port here reach what the server reaches
  -X, -Y                lets programs of the server use the display here: untrusted ones, by xauth; trusted ones
  -A, -a                lets the server use the agent here; does not
  -g                    lets other machines connect to ports of -L and -D
  -W HOST:PORT          joins standard input and output with a TCP connection from the server
  -N                    runs nothing, and stays until it is told to end
  -f                    goes to the background once it is logged in and forwards; implies -n
  -n                    gives the command an empty standard input
  -q                    no banner, no warnings
  -v                    tells on standard error what happens; -vv also both sides' algorithms, -vvv each packet
  -V                    prints the version
  --allow-exec          lets "Match exec" of a configuration run its command
  --events FILE         appends each event as a line of JSON
  --evidence FILE       writes the evidence bundle when it is over, whatever the outcome (mode 0600)
  --host-key-policy P   strict, accept-new, ask or insecure; default: ask on a terminal, otherwise strict
  --crypto P            auto (default), node or noble: who computes. auto takes node:crypto where it works
  --json                the last line on standard error is the result, or the error, as one line of JSON
  --help                this text

Settings are those of ssh_config(5); docs/ssh-config.md has a table of what is supported.

Passwords and passphrases are asked for on the terminal, or taken from NBS_SSH_PASSWORD and NBS_SSH_PASSPHRASE;
never from an argument.

Exit status: that of the command; 128 + n when signal n ended it; 255 when there was no connection, or it broke, with
the cause and a remedy on standard error.

"nbs-ssh serve" starts a throw-away server for tests, which runs commands with your rights. "nbs-ssh keygen" makes keys,
shows them and signs files; "nbs-ssh keygen --help" has its options. A host of such a name is reached as user@serve or
as "nbs-ssh -- serve command".
`;

/** What ssh has and we do not have yet: said by name, rather than taken for a typing error. */
export const LATER: Readonly<Record<string, string>> = {
  keep: 'reconnecting (--keep)',
};
