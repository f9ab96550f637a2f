import { patternListMatches } from '@nbs-ssh/auth';
import { SOFTWARE } from '../version.ts';
import type { Criterion } from './criteria.ts';
import type { ConfigEnvironment } from './environment.ts';
import type { RawSettings } from './raw-settings.ts';
import { commonTokens, expand, expandCommand } from './tokens.ts';

/** What a `Match` line is held against. */
export interface MatchFacts {
  readonly settings: RawSettings;
  readonly environment: ConfigEnvironment;
  /** As it was asked for. */
  readonly original: string;
  /** The host of this pass: as asked for, or what became of it. */
  readonly host: string;
  /** Whether the configuration is read for the second time. */
  readonly finalPass: boolean;
  /** The command that is to be run, if any. */
  readonly command: string | undefined;
}

export interface MatchResult {
  readonly matches: boolean;
  /** A criterion that could not be decided, so that the block does not apply. */
  readonly undecided: 'exec' | 'localnetwork' | undefined;
  /** Whether there has to be a second pass. */
  readonly asksForFinal: boolean;
}

/** @throws {ConfigError} for a command that cannot be built or run. */
export async function evaluateMatch(criteria: readonly Criterion[], facts: MatchFacts): Promise<MatchResult> {
  let matches = true;
  let undecided: MatchResult['undecided'];
  for (const criterion of criteria) {
    const { type, negated } = criterion;
    // Once it is lost nothing more is asked, above all no command is run.
    if (!matches) break;
    if (type === 'localnetwork' || (type === 'exec' && facts.environment.exec === undefined)) {
      undecided = type;
      matches = false;
    } else if ((await holds(criterion, facts)) === negated) matches = false;
  }
  return { matches, undecided, asksForFinal: criteria.some(({ type }) => type === 'final') };
}

async function holds({ type, value }: Criterion, facts: MatchFacts): Promise<boolean> {
  const { settings, environment } = facts;
  switch (type) {
    case 'all':
      return true;
    case 'canonical':
    case 'final':
      return facts.finalPass;
    case 'host':
      return matchesHostName(hostOf(facts), value);
    case 'originalhost':
      return matchesHostName(facts.original, value);
    case 'user':
      return patternListMatches(value, userOf(facts));
    case 'localuser':
      return patternListMatches(value, environment.localUser);
    case 'version':
      return patternListMatches(value, SOFTWARE);
    case 'tagged':
      return matchesMaybe(settings.tag ?? '', value);
    case 'command':
      return matchesMaybe(facts.command ?? '', value);
    case 'sessiontype':
      return patternListMatches(value, sessionType(facts));
    case 'exec':
      return (await environment.exec?.(execCommand(value, facts))) === 0;
    case 'localnetwork':
      return false;
  }
}

function execCommand(command: string, facts: MatchFacts): string {
  return expandCommand(command, 'Match exec', matchTokens(facts));
}

/** Tokens while the configuration is still being read: values so far, and defaults. */
export function matchTokens(facts: MatchFacts): Readonly<Record<string, string>> {
  const { settings, environment, original } = facts;
  const { proxyJump } = settings;
  return commonTokens(
    {
      original,
      hostName: hostOf(facts),
      port: settings.port ?? 22,
      user: userOf(facts),
      hostKeyAlias: settings.hostKeyAlias,
      jump: proxyJump === undefined || proxyJump === 'none' ? '' : proxyJump.text,
    },
    environment,
  );
}

function hostOf({ settings, host, finalPass }: MatchFacts): string {
  if (finalPass || settings.hostName === undefined) return host;
  return expand(settings.hostName, 'HostName', { h: host });
}

function userOf({ settings, environment }: MatchFacts): string {
  return settings.user ?? environment.localUser;
}

function sessionType({ settings, command }: MatchFacts): string {
  if (settings.sessionType === 'subsystem' || settings.sessionType === 'none') return settings.sessionType;
  return command === undefined || command === '' ? 'shell' : 'exec';
}

const matchesHostName = (host: string, list: string): boolean =>
  patternListMatches(list.toLowerCase(), host.toLowerCase());

/** Nothing is matched by nothing only. */
const matchesMaybe = (text: string, list: string): boolean =>
  text === '' ? list === '' : patternListMatches(list, text);
