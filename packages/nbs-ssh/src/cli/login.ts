import { printable } from '@nbs-ssh/transport/wire';
import {
  type AuthConfig,
  createKeyAuth,
  createKeyboardInteractiveAuth,
  createPasswordAuth,
  type InteractivePrompt,
} from '../auth/auth-config.ts';
import { identityConfigs } from '../ssh-config/identities.ts';
import type { HostSettings } from '../ssh-config/settings.ts';
import type { Prompter } from './prompt.ts';
import type { EnvironmentSecrets } from './secrets.ts';

const ORDER: readonly string[] = ['publickey', 'keyboard-interactive', 'password'];

export interface LoginSources {
  readonly settings: HostSettings;
  readonly secrets: EnvironmentSecrets;
  /** `undefined`: nobody can be asked. */
  readonly prompter: Prompter | undefined;
  /** `user@host`, for questions. */
  readonly who: string;
  /** Throws when no password may be sent, because the host key was not the known one. */
  readonly assertTrusted: () => void;
}

/** The credentials in the order of `PreferredAuthentications`. What nobody could answer is left out. */
export async function loginConfigs(sources: LoginSources): Promise<readonly AuthConfig[]> {
  const { settings } = sources;
  const keys = settings.pubkeyAuthentication ? await keyConfigs(sources) : [];
  const wanted = settings.preferredAuthentications ?? ORDER;
  return wanted.flatMap((method): readonly AuthConfig[] => {
    if (method === 'publickey') return keys;
    if (method === 'keyboard-interactive' && settings.kbdInteractiveAuthentication) {
      return dialogConfigs(sources);
    }
    if (method === 'password' && settings.passwordAuthentication) return passwordConfigs(sources);
    return [];
  });
}

function keyConfigs({ settings, secrets, prompter }: LoginSources): Promise<readonly AuthConfig[]> {
  return identityConfigs(settings, (path, options) => {
    if (secrets.passphrase !== undefined) {
      return createKeyAuth(path, { ...options, passphrase: secrets.passphrase });
    }
    if (prompter === undefined) return createKeyAuth(path, options);
    const question = `Passphrase for ${printable(path)}: `;
    return createKeyAuth(path, { ...options, passphrase: () => prompter.ask(question, { echo: false }) });
  });
}

function passwordConfigs({
  settings,
  secrets,
  prompter,
  who,
  assertTrusted,
}: LoginSources): readonly AuthConfig[] {
  const given = secrets.password;
  if (given !== undefined) {
    return [
      createPasswordAuth(() => {
        assertTrusted();
        return given;
      }),
    ];
  }
  if (prompter === undefined) return [];
  const ask = (question: string): Promise<string> => {
    assertTrusted();
    return prompter.ask(question, { echo: false });
  };
  const config = createPasswordAuth(() => ask(`Password of ${who}: `), {
    changePassword: async (text) => {
      const first = await ask(`${text}\nNew password of ${who}: `);
      const second = await ask('The same again: ');
      if (first !== second) throw new Error('the two new passwords differ');
      return first;
    },
  });
  return Array.from({ length: settings.numberOfPasswordPrompts }, () => config);
}

function dialogConfigs({
  settings,
  secrets,
  prompter,
  who,
  assertTrusted,
}: LoginSources): readonly AuthConfig[] {
  const given = secrets.password;
  if (given === undefined && prompter === undefined) return [];
  const config = createKeyboardInteractiveAuth(async (prompts, { name, instruction, round }) => {
    assertTrusted();
    const only = prompts.length === 1 ? prompts[0] : undefined;
    // A password of the environment answers the one hidden question that a password login has.
    if (given !== undefined && round === 1 && only?.echo === false) return [given];
    if (prompter === undefined) throw new Error('there is no terminal to ask on');
    const intro = [name, instruction]
      .filter((text) => text !== '')
      .map((text) => `${printable(text, 1024)}\n`);
    const answers: string[] = [];
    for (const [index, prompt] of prompts.entries()) {
      answers.push(
        await prompter.ask(`${index === 0 ? intro.join('') : ''}${questionOf(prompt, who)}`, prompt),
      );
    }
    return answers;
  });
  return Array.from({ length: given === undefined ? settings.numberOfPasswordPrompts : 1 }, () => config);
}

/** The server chose the words, so the user must see who is asking. */
function questionOf(prompt: InteractivePrompt, who: string): string {
  return `(${who}) ${printable(prompt.text, 1024)}`;
}
