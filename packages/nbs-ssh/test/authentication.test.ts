import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  type KeyFile,
  pamAvailable,
  type Sshd,
  sshdAvailable,
  startSshd,
  testAccountAvailable,
} from '@nbs-ssh/testing';
import {
  type AuthConfig,
  AuthFailed,
  createKeyAuth,
  createKeyboardInteractiveAuth,
  createPasswordAuth,
  EventCollector,
  KeyLoadError,
  Secret,
  SSHConnection,
  type SSHError,
} from 'nbs-ssh';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { optionsFor, rejection } from './lab.ts';
import { answers, login, outcomes, refused } from './logins.ts';

const PASSPHRASE = 'open, sésame';
const WRONG = 'not the password at all';

describe.skipIf(!sshdAvailable() || !testAccountAvailable())('logging in to OpenSSH', () => {
  let sshd: Sshd;
  let locked: KeyFile;
  let unknownLocked: KeyFile;
  let stranger: KeyFile;
  beforeAll(async () => {
    sshd = await startSshd({
      password: true,
      clientKeyTypes: ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'],
    });
    const passphrase = PASSPHRASE;
    // Few rounds: what is tested is who is asked, not the key derivation.
    locked = await sshd.addKey('locked', 'ed25519', { passphrase, rounds: 2, authorized: true });
    unknownLocked = await sshd.addKey('unknown-locked', 'ed25519', { passphrase, rounds: 2 });
    stranger = await sshd.addKey('stranger', 'ed25519');
  });
  afterAll(() => sshd.stop());
  const password = (): string => sshd.password as string;

  describe('with a key', () => {
    const algorithms = {
      ed25519: 'ssh-ed25519',
      'ecdsa-256': 'ecdsa-sha2-nistp256',
      'ecdsa-384': 'ecdsa-sha2-nistp384',
      'ecdsa-521': 'ecdsa-sha2-nistp521',
      rsa: 'rsa-sha2-512',
    } as const;
    for (const [type, algorithm] of Object.entries(algorithms)) {
      it(`takes ${type} and signs with ${algorithm}`, async () => {
        const attempts = await login(sshd, { auth: createKeyAuth(sshd.clientKey(type as 'rsa')) });
        expect(attempts.at(-1)).toMatchObject({ status: 'success', method: 'publickey', algorithm });
        expect(attempts.some((attempt) => attempt.algorithm === 'ssh-rsa')).toBe(false);
      });
    }

    it('signs with rsa-sha2-256 where the server takes no other', async () => {
      await using picky = await startSshd({
        password: true,
        clientKeyTypes: ['rsa'],
        pubkeyAlgorithms: ['rsa-sha2-256'],
      });
      const attempts = await login(picky, { auth: createKeyAuth(picky.clientKey()) });
      expect(attempts.at(-1)).toMatchObject({ status: 'success', algorithm: 'rsa-sha2-256' });
    });

    it('takes the key itself in place of a file', async () => {
      const key = readFileSync(sshd.clientKey(), 'utf8');
      await login(sshd, { auth: { method: 'private_key', key } });
    });

    it('expands ~ in the path', async () => {
      vi.stubEnv('HOME', sshd.dir);
      await login(sshd, { auth: createKeyAuth('~/id_ed25519') });
      vi.unstubAllEnvs();
    });
  });

  describe('with an encrypted key', () => {
    it('takes the passphrase as text, as a secret or from a function', async () => {
      for (const passphrase of [PASSPHRASE, new Secret(PASSPHRASE), async () => new Secret(PASSPHRASE)]) {
        await login(sshd, { auth: createKeyAuth(locked.path, { passphrase }) });
      }
    });

    it('asks the function only if the server would take the key', async () => {
      const passphrase = vi.fn(() => PASSPHRASE);
      const error = await refused(sshd, { auth: createKeyAuth(unknownLocked.path, { passphrase }) });
      expect(outcomes(error)).toEqual(['publickey failure']);
      expect(passphrase).not.toHaveBeenCalled();
      await login(sshd, { auth: createKeyAuth(locked.path, { passphrase }) });
      expect(passphrase).toHaveBeenCalledTimes(1);
    });
  });

  describe('with a key that cannot be used', () => {
    let cases: readonly (readonly [string, AuthConfig, string])[];
    beforeAll(() => {
      const open = join(sshd.dir, 'readable-by-all');
      copyFileSync(sshd.clientKey(), open);
      chmodSync(open, 0o644);
      const folder = join(sshd.dir, 'folder');
      mkdirSync(folder);
      const noise = join(sshd.dir, 'noise');
      writeFileSync(noise, 'this is no key', { mode: 0o600 });
      cases = [
        ['wrong_passphrase', createKeyAuth(locked.path, { passphrase: WRONG }), locked.path],
        ['passphrase_required', createKeyAuth(locked.path), locked.path],
        ['file_not_found', createKeyAuth(join(sshd.dir, 'nowhere')), 'nowhere'],
        ['permission_denied', createKeyAuth(open), open],
        ['invalid_format', createKeyAuth(folder), folder],
        ['invalid_format', createKeyAuth(noise), noise],
      ];
    });

    it('is a KeyLoadError with reason, path and evidence when it was the only credential', async () => {
      for (const [reason, auth, path] of cases) {
        const error = await refused(sshd, { auth });
        expect(error).toBeInstanceOf(KeyLoadError);
        expect(error).toMatchObject({ reason, phase: 'auth', fault: 'caller', retryable: false });
        expect((error as KeyLoadError).context.path).toContain(path);
        expect(error.message).toContain(path);
        expect(error.evidence?.disconnectReason).toBeTruthy();
        expect(JSON.stringify(error)).not.toContain(WRONG);
      }
    });

    it('goes on with the next credential', async () => {
      const auth = [...cases.map(([, config]) => config), createPasswordAuth(password())];
      const attempts = await login(sshd, { auth });
      expect(answers(attempts)).toEqual([
        'none failed',
        ...cases.map(() => 'publickey skipped'),
        'password success',
      ]);
    });

    it('is listed as skipped, with its error, when the others were refused', async () => {
      const error = await refused(sshd, {
        auth: [...cases.map(([, config]) => config), createKeyAuth(stranger.path)],
      });
      expect(outcomes(error)).toEqual([
        ...cases.map(([reason]) => `publickey ${reason}`),
        'publickey failure',
      ]);
      for (const attempt of (error as AuthFailed).attempts.filter(({ result }) => result === 'skipped')) {
        expect(attempt.error).toBeInstanceOf(KeyLoadError);
      }
    });
  });

  describe('with a password', () => {
    it('takes it as text, as a secret or from a function', async () => {
      for (const given of [password(), new Secret(password()), () => password()]) {
        const attempts = await login(sshd, { auth: createPasswordAuth(given) });
        expect(answers(attempts)).toEqual(['none failed', 'password success']);
      }
    });

    it('is AuthFailed with what was tried and what the server still offers when it is wrong', async () => {
      const error = await refused(sshd, { auth: createPasswordAuth(WRONG) });
      expect(outcomes(error)).toEqual(['password failure']);
      expect(error).toMatchObject({ code: 'AUTH_FAILED', phase: 'auth', retryable: false });
      expect((error as AuthFailed).context.remaining).toEqual(['publickey', 'password']);
      expect(error.evidence?.errorContext).toMatchObject({ error_type: 'AuthFailed', phase: 'auth' });
    });

    it('goes on with the next credential when the function throws or gives no text', async () => {
      const broken = [
        createPasswordAuth(() => {
          throw new RangeError('vault is closed');
        }),
        createPasswordAuth(() => undefined as unknown as string),
      ];
      await login(sshd, { auth: [...broken, createPasswordAuth(password())] });
      const error = await refused(sshd, { auth: broken });
      expect(outcomes(error)).toEqual(['password callback-failed', 'password callback-failed']);
      expect((error as AuthFailed).attempts[1]?.error).toBeInstanceOf(RangeError);
    });
  });

  describe('with several credentials', () => {
    it('tries them in their order on one connection', async () => {
      const before = connections();
      const attempts = await login(sshd, {
        auth: [
          createPasswordAuth(WRONG),
          createKeyAuth(stranger.path),
          createPasswordAuth(password()),
          createKeyAuth(sshd.clientKey()),
        ],
      });
      expect(answers(attempts)).toEqual([
        'none failed',
        'password failed',
        'publickey failed',
        'password success',
      ]);
      expect(connections() - before).toBe(1);
    });

    it('tries legacy keys first and then the legacy password, and ignores both beside auth', async () => {
      const { path } = stranger;
      const attempts = await login(sshd, { clientKeys: [path], password: password() });
      expect(answers(attempts)).toEqual(['none failed', 'publickey failed', 'password success']);
      const error = await refused(sshd, { auth: createKeyAuth(path), password: password() });
      expect(outcomes(error)).toEqual(['publickey failure']);
    });

    it('lists what was tried when the server has had enough', async () => {
      await using strict = await startSshd({ password: true, config: ['MaxAuthTries 2'] });
      const keys = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => strict.addKey(name, 'ed25519')));
      const auth = keys.map(({ path }) => createKeyAuth(path));
      const error = await refused(strict, { auth });
      expect(error).toBeInstanceOf(AuthFailed);
      expect(error).toMatchObject({ code: 'TRANSPORT_DISCONNECTED', context: { disconnectReason: 2 } });
      expect(outcomes(error).length).toBeGreaterThan(0);
      expect(error.message).toContain('Too many authentication failures');
    });

    it('is AuthFailed with what the server offers when the list is empty', async () => {
      const error = await refused(sshd, { auth: [] });
      expect(outcomes(error)).toEqual([]);
      expect((error as AuthFailed).context.remaining).toContain('publickey');
    });

    it('skips prompts that the server does not offer', async () => {
      const respond = vi.fn(() => []);
      const error = await refused(sshd, { auth: createKeyboardInteractiveAuth(respond) });
      expect(outcomes(error)).toEqual(['keyboard-interactive not-offered']);
      expect(respond).not.toHaveBeenCalled();
    });
  });

  describe('with nothing configured', () => {
    afterEach(() => {
      vi.unstubAllEnvs();
    });

    it('uses the default keys that exist', async () => {
      const home = join(sshd.dir, 'home');
      mkdirSync(join(home, '.ssh'), { recursive: true });
      symlinkSync(stranger.path, join(home, '.ssh', 'id_ed25519'));
      symlinkSync(sshd.clientKey('rsa'), join(home, '.ssh', 'id_rsa'));
      vi.stubEnv('HOME', home);
      const attempts = await login(sshd, {});
      expect(answers(attempts)).toEqual(['none failed', 'publickey failed', 'publickey success']);
    });

    it('is AuthFailed when there are none', async () => {
      vi.stubEnv('HOME', join(sshd.dir, 'nobody'));
      expect(outcomes(await refused(sshd, {}))).toEqual([]);
    });
  });

  describe('with several factors', () => {
    it('passes publickey and then password', async () => {
      await using both = await startSshd({
        password: true,
        authenticationMethods: ['publickey,password'],
      });
      const key = createKeyAuth(both.clientKey());
      const right = createPasswordAuth(both.password as string);
      // The password comes first here: it is tried when the server asks for it.
      for (const auth of [
        [key, right],
        [right, key],
      ]) {
        const attempts = await login(both, { auth });
        expect(answers(attempts).filter((answer) => !answer.endsWith('skipped'))).toEqual([
          'none failed',
          'publickey partial',
          'password success',
        ]);
      }
      const error = await refused(both, { auth: [key, createPasswordAuth(WRONG)] });
      expect(outcomes(error)).toEqual(['publickey partial', 'password failure']);
    });
  });

  it('sends no credential before the host key was accepted', async () => {
    const before = sshd.log().length;
    const respond = vi.fn(() => password());
    const error = await refused(sshd, {
      knownHosts: [],
      auth: [createKeyAuth(sshd.clientKey()), createPasswordAuth(respond)],
      tracePackets: true,
    });
    expect(error.errorType).toBe('HostKeyMismatch');
    expect(respond).not.toHaveBeenCalled();
    const types = error.evidence?.events.map((event) => event.eventType);
    expect(types).not.toContain('AUTH');
    const sent = error.evidence?.events.flatMap(({ data }) =>
      'direction' in data && data.direction === 'sent' ? [data.name] : [],
    );
    expect(sent?.some((name) => /USERAUTH|SERVICE/.test(name ?? ''))).toBe(false);
    expect(sshd.log().slice(before)).not.toMatch(/userauth-request/);
  });

  it('shows a password nowhere: events, bundle, error, inspection', async () => {
    const secret = 'Xy7-unguessable-pass';
    const eventCollector = new EventCollector();
    const auth = createPasswordAuth(secret);
    const options = optionsFor(sshd, { auth, eventCollector, tracePackets: true });
    const connection = new SSHConnection(options);
    const error = (await rejection(connection.connect())) as SSHError;
    const bundle = connection.getEvidenceBundle();
    const shown = [
      JSON.stringify(eventCollector.events),
      bundle.serialize({ redact: false }),
      bundle.serialize({ redact: true }),
      JSON.stringify(error),
      JSON.stringify(auth),
      ...[error, error.context, auth, connection, bundle, options].map((thing) =>
        inspect(thing, { depth: 9 }),
      ),
      error.message,
      error.stack,
    ];
    for (const text of shown) expect(text).not.toContain(secret);
    expect(inspect(auth)).toContain('[secret]');
    expect(JSON.stringify(auth)).toContain('[secret]');
  });

  function connections(): number {
    return sshd.log().match(/^Connection from /gm)?.length ?? 0;
  }
});

describe.skipIf(!sshdAvailable() || !pamAvailable())('logging in through PAM', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({ keyboardInteractive: true });
  });
  afterAll(() => sshd.stop());

  it('answers the prompts of the server', async () => {
    const seen: unknown[] = [];
    const auth = createKeyboardInteractiveAuth((prompts, round) => {
      seen.push({ prompts, round: round.round });
      return [sshd.password as string];
    });
    const attempts = await login(sshd, { auth });
    expect(answers(attempts)).toEqual(['none failed', 'keyboard-interactive success']);
    expect(seen).toEqual([
      { prompts: [{ text: expect.stringMatching(/password/i), echo: false }], round: 1 },
    ]);
  });

  it('skips the method when respond throws, or answers too few or no texts', async () => {
    for (const respond of [
      () => {
        throw new RangeError('nobody there');
      },
      () => [],
      () => [7 as unknown as string],
      () => undefined as unknown as string[],
    ]) {
      const error = await refused(sshd, { auth: createKeyboardInteractiveAuth(respond) });
      expect(outcomes(error)).toEqual(['keyboard-interactive callback-failed']);
    }
  });

  it('passes a key and then prompts', async () => {
    await using both = await startSshd({
      keyboardInteractive: true,
      authenticationMethods: ['publickey,keyboard-interactive'],
    });
    const auth = [
      createKeyAuth(both.clientKey()),
      createKeyboardInteractiveAuth(() => [new Secret(both.password as string)]),
    ];
    const attempts = await login(both, { auth });
    expect(answers(attempts).filter((answer) => !answer.endsWith('skipped'))).toEqual([
      'none failed',
      'publickey partial',
      'keyboard-interactive success',
    ]);
  });
});
