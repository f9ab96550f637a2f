import {
  type ClientAuthAnswer,
  type ClientAuthEffect,
  type ClientCredential,
  isPrivateKeyError,
  parsePrivateKey,
  privateKeyPublicPart,
  type SessionBinding,
  unlockPrivateKey,
} from '@nbs-ssh/auth';
import { readKeyFile } from '@nbs-ssh/auth/node';
import type { CryptoProvider, PrivateKeyMaterial } from '@nbs-ssh/transport/crypto';
import { type PublicKey, publicKeyOf } from '@nbs-ssh/transport/keys';
import { printable, Secret } from '@nbs-ssh/transport/wire';
import type { AgentAuth } from '../agent/agent-auth.ts';
import { AgentCredentials, answerByAgent, type PreparedAgentKey } from '../agent/agent-credentials.ts';
import type { AgentSurroundings } from '../agent/agent-keys.ts';
import { fromKey } from '../errors/mapping.ts';
import { Declined } from '../interaction/handler.ts';
import { expandPath } from '../platform/platform.ts';
import {
  type AuthConfig,
  AuthMethod,
  type KeyboardInteractiveAuth,
  type PasswordAuth,
  type PrivateKeyAuth,
  type SecretSource,
  secretFrom,
  secretOf,
} from './auth-config.ts';
import { certificatesOf, type PreparedCertificate } from './certificates.ts';

/** A credential as the authentication machine sees it, with the configuration it came from. */
type Configured = ClientCredential & { readonly prepared: Prepared };

type Prepared = PasswordAuth | KeyboardInteractiveAuth | PreparedKey | PreparedAgentKey;

interface PreparedKey {
  readonly method: typeof AuthMethod.PRIVATE_KEY;
  readonly config: PrivateKeyAuth;
  /** Content of the key file, the key material itself, or the error of reading it. */
  readonly content: Uint8Array | string | PrivateKeyMaterial | { readonly failure: unknown };
}

interface LoadedKey {
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKeyMaterial;
}

/** Answers what the authentication machine asks, from the user's configuration. */
export class Credentials {
  readonly #crypto: CryptoProvider;
  readonly #register: (secret: Secret) => void;
  readonly #prepared: readonly (readonly Configured[] | AgentCredentials)[];
  readonly #unlocked = new Map<PrivateKeyAuth, Promise<LoadedKey>>();
  #list: readonly ClientCredential[] = [];

  private constructor(
    crypto: CryptoProvider,
    register: (secret: Secret) => void,
    prepared: readonly (readonly Configured[] | AgentCredentials)[],
  ) {
    this.#crypto = crypto;
    this.#register = register;
    this.#prepared = prepared;
  }

  /** What can be tried; empty until {@link trusted}. */
  get list(): readonly ClientCredential[] {
    return this.#list;
  }

  /**
   * Reads key files, without decrypting any. A file that cannot be read is found out when its turn comes.
   *
   * @param register - Told each secret before it is used, so that it never reaches evidence.
   */
  static async prepare(
    configs: readonly AuthConfig[],
    crypto: CryptoProvider,
    register: (secret: Secret) => void,
    around: Omit<AgentSurroundings, 'crypto'>,
  ): Promise<Credentials> {
    // What is known already is told before anybody on the way, such as a proxy command, can repeat it.
    for (const secret of configs.flatMap(givenSecrets)) register(secret);
    const prepared = configs.map((config) =>
      config.method === AuthMethod.SSH_AGENT
        ? new AgentCredentials(config, { ...around, crypto })
        : prepare(config),
    );
    return new Credentials(crypto, register, await Promise.all(prepared));
  }

  /**
   * Completes the {@link list} once the server has proven who it is: only then an agent is told of it, and says which
   * of its keys may be used there.
   */
  async trusted(binding: SessionBinding): Promise<void> {
    const lists = this.#prepared.map(async (one, position) => {
      const some = one instanceof AgentCredentials ? await one.list(binding) : one;
      return some.map((credential) => ({ ...credential, position }));
    });
    this.#list = (await Promise.all(lists)).flat();
  }

  /** Closes connections to agents: nothing more will be signed. */
  close(): void {
    for (const one of this.#prepared) if (one instanceof AgentCredentials) one.close();
  }

  async answer(effect: ClientAuthEffect): Promise<ClientAuthAnswer> {
    const { id, type } = effect;
    const { prepared } = effect.credential as Configured;
    try {
      if (prepared.method === AuthMethod.PRIVATE_KEY) {
        if (type !== 'load-key') return { type: 'skip', id, reason: 'unsupported' };
        return { type, id, ...(await this.#load(prepared)) };
      }
      if (prepared.method === AuthMethod.SSH_AGENT) return await answerByAgent(effect, prepared);
      if (prepared.method === AuthMethod.PASSWORD) return await this.#password(effect, prepared);
      return await this.#interactive(effect, prepared);
    } catch (error) {
      if (error instanceof Declined) return { type: 'skip', id, reason: 'declined' };
      if (!isPrivateKeyError(error)) return { type: 'skip', id, reason: 'callback-failed', error };
      const file = prepared.method === AuthMethod.PRIVATE_KEY ? prepared.config.keyPath : undefined;
      const path = file === undefined ? undefined : printable(file, 1024);
      const reason =
        error.code === 'AUTH_KEY_CERTIFICATE' ? `certificate-${error.context.problem}` : error.context.reason;
      return { type: 'skip', id, reason, error: fromKey(error, {}, path) };
    }
  }

  async #password(effect: ClientAuthEffect, config: PasswordAuth): Promise<ClientAuthAnswer> {
    const { id } = effect;
    if (effect.type === 'password') {
      return { type: 'password', id, password: this.#known(await secretFrom(config.password)) };
    }
    if (effect.type !== 'password-change' || config.changePassword === undefined) {
      return { type: 'skip', id, reason: 'password-expired' };
    }
    const password = this.#known(secretOf(await config.changePassword(printable(effect.prompt, 1024))));
    return { type: 'password-change', id, password };
  }

  async #interactive(effect: ClientAuthEffect, config: KeyboardInteractiveAuth): Promise<ClientAuthAnswer> {
    const { id } = effect;
    if (effect.type !== 'prompts') return { type: 'skip', id, reason: 'unsupported' };
    const { name, instruction, round, prompts } = effect;
    // A round without questions only tells something; there is nobody to ask (RFC 4256 §3.2).
    if (prompts.length === 0) return { type: 'prompts', id, responses: [] };
    const responses: unknown = await config.respond(prompts, { name, instruction, round });
    if (!Array.isArray(responses) || responses.length !== prompts.length) {
      throw new TypeError(`respond must return ${prompts.length} answers, one for each prompt`);
    }
    return {
      type: 'prompts',
      id,
      responses: responses.map((response) => this.#known(secretOf(response))),
    };
  }

  async #load(prepared: PreparedKey): Promise<LoadedKey> {
    const { content, config } = prepared;
    if (isFailure(content)) throw content.failure;
    if (isMaterial(content)) return { publicKey: publicKeyOf(content), privateKey: content };
    const crypto = this.#crypto;
    try {
      const { key, publicKey } = parsePrivateKey(content, { crypto });
      return { publicKey, privateKey: key };
    } catch (error) {
      const locked = isPrivateKeyError(error) && error.context.reason === 'passphrase_required';
      if (!locked || config.passphrase === undefined) throw error;
    }
    // A key with certificates is wanted more than once, and nobody likes to be asked twice.
    const known = this.#unlocked.get(config) ?? this.#unlock(content, config, config.passphrase);
    this.#unlocked.set(config, known);
    return known;
  }

  async #unlock(
    content: Uint8Array | string,
    config: PrivateKeyAuth,
    source: SecretSource,
  ): Promise<LoadedKey> {
    const crypto = this.#crypto;
    const tries = typeof source === 'function' ? (config.passphraseTries ?? 1) : 1;
    for (let tried = 1; ; tried += 1) {
      const passphrase = this.#known(await secretFrom(source));
      try {
        const { key, publicKey } = await unlockPrivateKey(content, { crypto, passphrase });
        return { publicKey, privateKey: key };
      } catch (error) {
        const wrong = isPrivateKeyError(error) && error.context.reason === 'wrong_passphrase';
        if (!wrong || tried >= tries) throw error;
      }
    }
  }

  #known(secret: Secret): Secret {
    this.#register(secret);
    return secret;
  }
}

/** One credential, or for a key with certificates several: they are shown before it. */
async function prepare(config: Exclude<AuthConfig, AgentAuth>): Promise<readonly Configured[]> {
  if (config.method === AuthMethod.PASSWORD) return [{ kind: 'password', prepared: config }];
  if (config.method === AuthMethod.KEYBOARD_INTERACTIVE)
    return [{ kind: 'keyboard-interactive', prepared: config }];
  const content = await keyContent(config);
  const publicKey = publicPart(content);
  const certificates = isFailure(content) ? [] : await certificatesOf(config, publicKey, Date.now());
  const prepared: PreparedKey = { method: config.method, config, content };
  const key: Configured = { kind: 'publickey', prepared, ...(publicKey === undefined ? {} : { publicKey }) };
  return [...certificates.map((certificate) => certified(certificate, prepared)), key];
}

function certified(certificate: PreparedCertificate, prepared: PreparedKey): Configured {
  // Its reason comes out when its turn comes, like that of a key that cannot be used.
  if ('failure' in certificate) return { kind: 'publickey', prepared: { ...prepared, content: certificate } };
  const { certified: publicKey, problem } = certificate;
  const known = problem === undefined ? {} : { certificateProblem: problem };
  return { kind: 'publickey', prepared, publicKey, ...known };
}

async function keyContent(config: PrivateKeyAuth): Promise<PreparedKey['content']> {
  if (config.key !== undefined) return config.key;
  try {
    if (config.keyPath === undefined) throw new TypeError('a private key needs keyPath or key');
    return await readKeyFile(expandPath(config.keyPath));
  } catch (failure) {
    return { failure };
  }
}

/** The public key where it can be had without a passphrase: the server is asked about it before the user is. */
function publicPart(content: PreparedKey['content']): PublicKey | undefined {
  try {
    if (isFailure(content)) return undefined;
    if (isMaterial(content)) return publicKeyOf(content);
    return privateKeyPublicPart(content)?.publicKey;
  } catch {
    // Whatever is wrong with the file comes out, with its reason, when the key's turn comes.
    return undefined;
  }
}

function isFailure(content: PreparedKey['content']): content is { readonly failure: unknown } {
  return typeof content === 'object' && 'failure' in content;
}

function isMaterial(content: PreparedKey['content']): content is PrivateKeyMaterial {
  return typeof content === 'object' && 'type' in content;
}

/** Secrets that were given as they are, and not as somebody to ask. */
function givenSecrets(config: AuthConfig): readonly Secret[] {
  const sources = Object.entries(config).filter(([name]) => name === 'password' || name === 'passphrase');
  return sources.flatMap(([, source]: [string, unknown]) => {
    if (source instanceof Secret) return [source];
    return typeof source === 'string' && source !== '' ? [new Secret(source)] : [];
  });
}
