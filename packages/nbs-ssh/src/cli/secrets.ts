/** Secrets that scripts give through the environment. */
export interface EnvironmentSecrets {
  readonly password: string | undefined;
  readonly passphrase: string | undefined;
}

/** Takes them out of `env`, so that nothing that is started later inherits them. An empty value is none. */
export function takeSecrets(env: Record<string, string | undefined>): EnvironmentSecrets {
  const take = (name: string): string | undefined => {
    const value = env[name];
    delete env[name];
    return value === '' ? undefined : value;
  };
  return { password: take('NBS_SSH_PASSWORD'), passphrase: take('NBS_SSH_PASSPHRASE') };
}
