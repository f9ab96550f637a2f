import { ALGORITHM_OPTIONS } from './algorithm-options.ts';
import { CONNECTION_OPTIONS } from './connection-options.ts';
import type { ConfigOption } from './option.ts';
import { FORWARD_OPTIONS, SESSION_OPTIONS } from './session-options.ts';
import { HOST_KEY_OPTIONS, LOGIN_OPTIONS } from './trust-options.ts';
import { UNSUPPORTED_OPTIONS, type UnsupportedOption } from './unsupported.ts';

/** The one table of settings: files, `-o` and the letters of the command line all go through it. */
export const CONFIG_OPTIONS: readonly ConfigOption[] = [
  ...CONNECTION_OPTIONS,
  ...LOGIN_OPTIONS,
  ...HOST_KEY_OPTIONS,
  ...ALGORITHM_OPTIONS,
  ...SESSION_OPTIONS,
  ...FORWARD_OPTIONS,
];

/** Older names of the same. */
const ALIASES: Readonly<Record<string, string>> = {
  identityfile2: 'identityfile',
  dsaauthentication: 'pubkeyauthentication',
  challengeresponseauthentication: 'kbdinteractiveauthentication',
  skeyauthentication: 'kbdinteractiveauthentication',
  tisauthentication: 'kbdinteractiveauthentication',
  pubkeyacceptedkeytypes: 'pubkeyacceptedalgorithms',
  hostbasedkeytypes: 'hostbasedacceptedalgorithms',
  keepalive: 'tcpkeepalive',
};

const SUPPORTED = new Map(CONFIG_OPTIONS.map((option) => [option.name.toLowerCase(), option]));
const UNSUPPORTED = new Map(UNSUPPORTED_OPTIONS.map((option) => [option.name.toLowerCase(), option]));

/** @param keyword - In lower case. */
export function findOption(keyword: string): ConfigOption | undefined {
  return SUPPORTED.get(canonical(keyword));
}

/** @param keyword - In lower case. */
export function findUnsupported(keyword: string): UnsupportedOption | undefined {
  return UNSUPPORTED.get(canonical(keyword));
}

function canonical(keyword: string): string {
  return Object.hasOwn(ALIASES, keyword) ? (ALIASES[keyword] ?? keyword) : keyword;
}
