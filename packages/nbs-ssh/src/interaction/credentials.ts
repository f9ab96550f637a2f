import type { Secret } from '@nbs-ssh/transport/wire';
import {
  type AuthConfig,
  AuthMethod,
  createKeyboardInteractiveAuth,
  createPasswordAuth,
  type PrivateKeyAuth,
} from '../auth/auth-config.ts';
import { type Answer, type Asking, Declined, type InteractionHandler } from './handler.ts';

/** How often a person may answer wrongly, as with ssh (NumberOfPasswordPrompts). */
export const TRIES = 3;

/** Runs a question while deadlines stand still. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>;

/**
 * What is tried to log in when somebody can be asked: the configured credentials, whose locked keys are asked about,
 * then prompts and passwords, each up to three times or until there is no answer.
 */
export function withInteraction(
  configs: readonly AuthConfig[],
  handler: InteractionHandler,
  who: Asking,
  ask: Ask,
): readonly AuthConfig[] {
  return [
    ...configs.map((config) =>
      config.method === AuthMethod.PRIVATE_KEY ? askingForPassphrase(config, handler, who, ask) : config,
    ),
    ...prompting(handler, who, ask),
    ...passwords(handler, who, ask),
  ];
}

function askingForPassphrase(
  config: PrivateKeyAuth,
  handler: InteractionHandler,
  who: Asking,
  ask: Ask,
): PrivateKeyAuth {
  if (config.passphrase !== undefined || handler.passphrase === undefined) return config;
  const path = config.keyPath === undefined ? {} : { path: config.keyPath };
  let attempt = 0;
  return {
    ...config,
    passphraseTries: TRIES,
    passphrase: () => {
      attempt += 1;
      return answered(ask, () => handler.passphrase?.({ ...who, ...path, attempt }));
    },
  };
}

function prompting(handler: InteractionHandler, who: Asking, ask: Ask): readonly AuthConfig[] {
  if (handler.prompts === undefined) return [];
  let declined = false;
  const config = createKeyboardInteractiveAuth(async (prompts, round) => {
    if (declined) throw new Declined();
    try {
      return await answered(ask, () => handler.prompts?.({ ...who, ...round, prompts }));
    } catch (error) {
      declined = true;
      throw error;
    }
  });
  return Array.from({ length: TRIES }, () => config);
}

function passwords(handler: InteractionHandler, who: Asking, ask: Ask): readonly AuthConfig[] {
  if (handler.password === undefined) return [];
  let attempt = 0;
  let declined = false;
  const given = async (): Promise<string | Secret> => {
    if (declined) throw new Declined();
    attempt += 1;
    try {
      return await answered(ask, () => handler.password?.({ ...who, attempt }));
    } catch (error) {
      declined = true;
      throw error;
    }
  };
  const { newPassword } = handler;
  const config = createPasswordAuth(
    given,
    newPassword === undefined
      ? {}
      : { changePassword: (prompt) => answered(ask, () => newPassword.call(handler, { ...who, prompt })) },
  );
  return Array.from({ length: TRIES }, () => config);
}

/** @throws {Declined} when there is no answer; what the handler throws. */
function answered<T>(ask: Ask, question: () => Answer<T>): Promise<T> {
  return ask(async () => {
    const answer = await question();
    if (answer === undefined) throw new Declined();
    return answer;
  });
}
