import { EventCollector, type EventData } from '@nbs-ssh/evidence';
import type { AuthConfig } from '../auth/auth-config.ts';
import { SSHConnection } from '../connection/connection.ts';
import { hopLabel } from '../jump/route.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import { connectOptions } from './connect-options.ts';
import { describeEvent } from './events-verbose.ts';
import type { HostKeyQuestion } from './host-key-question.ts';
import type { Interrupts } from './interrupts.ts';
import { loginConfigs } from './login.ts';
import type { Plan } from './plan.ts';
import type { Prompter } from './prompt.ts';
import { type Report, shown } from './report.ts';
import type { EnvironmentSecrets } from './secrets.ts';
import { inUsersWords } from './usage.ts';

/** Whoever sits at the terminal. */
export interface Asked {
  readonly prompter: Prompter | undefined;
  readonly question: HostKeyQuestion | undefined;
}

/** The connection of a plan, not yet connected. @throws {UsageError | ConfigError} */
export async function prepare(
  plan: Plan,
  secrets: EnvironmentSecrets,
  report: Report,
  interrupts: Interrupts,
  { prompter, question }: Asked,
): Promise<SSHConnection> {
  const { target, jumps } = plan;
  const collector = new EventCollector({ capacity: 1 });
  /** What became of each host key; that of the target has no hop. */
  const verdicts = new Map<string, string>();
  collector.on((event) => {
    const { hop } = event.data;
    if (event.eventType === 'HOST_KEY') {
      const { verdict = '', fingerprint = '?' } = event.data;
      verdicts.set(hop ?? '', verdict);
      const place = `${hop ?? target.host} (${fingerprint})`;
      if (verdict === 'unknown-accepted')
        report.warning(`the unknown host key of ${shown(place)} was accepted`);
      if (untrusted(verdict))
        report.warning(`the host key of ${shown(place)} is not the known one; no password is sent`);
    }
    if (event.eventType === 'FORWARD' && event.data.forward_type === 'x11') tellX11(event.data, report);
    if (report.verbosity <= 0) return;
    for (const line of describeEvent(event, report.verbosity)) report.trace(line);
  });
  const auth = new Map<HostSettings, readonly AuthConfig[]>();
  for (const settings of [...jumps, target]) {
    const { user, hostName, port } = settings;
    const hop = settings === target ? '' : hopLabel({ username: user, host: hostName, port });
    const sources = {
      settings,
      // A password of the environment is for the host that was asked for.
      secrets: settings === target ? secrets : { ...secrets, password: undefined },
      prompter,
      who: shown(`${user}@${settings.host}`),
      assertTrusted: () => {
        if (untrusted(verdicts.get(hop) ?? '')) throw new Error('the host key is not the known one');
      },
    };
    auth.set(settings, await loginConfigs(sources));
  }
  const sources = {
    plan,
    prompter,
    updateHostKeys: question?.ask,
    auth,
    collector,
    onBanner: (text: string) => report.banner(text),
    onProxyStderr: (bytes: Uint8Array) => report.aside(bytes),
  };
  return inUsersWords(
    () => new SSHConnection(connectOptions({ ...sources, signal: interrupts.whileConnecting })),
  );
}

/** Programs of the server only say that they cannot open the display. */
function tellX11({ status, error }: EventData['FORWARD'], report: Report): void {
  if (status === 'failed') {
    report.warning('the server does not forward X11: it must allow it (X11Forwarding) and have xauth');
  }
  if (status === 'connection_failed') {
    report.warning(
      `a program of the server did not get to the display: ${X11_REASONS[error ?? ''] ?? error}`,
    );
  }
}

const X11_REASONS: Readonly<Record<string, string>> = {
  no_untrusted_cookie: 'xauth made no cookie for untrusted programs; -Y trusts them',
  no_xauthority: 'the file with the cookies of displays cannot be read (XAUTHORITY)',
  display_unreachable: 'nothing listens at the display (DISPLAY)',
  expired: 'it came too late (ForwardX11Timeout)',
};

/** Accepted only because the policy accepts everything: a password would go to whoever that is. */
const untrusted = (verdict: string): boolean => /^(?:changed|revoked)-accepted$/.test(verdict);
