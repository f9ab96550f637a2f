import { strict as assert } from 'node:assert';
import { fingerprint } from '@nbs-ssh/transport/keys';
import { equalBytes, Secret } from '@nbs-ssh/transport/wire';
import { describe, it } from 'vitest';
import type { AuthAttempt, ClientAuthOutput, ServerAuthEffect } from '../../src/index.ts';
import {
  canary,
  crypto,
  ecdsa,
  ed25519,
  failure,
  type KeyPair,
  last,
  newClient,
  newServer,
  rsa,
  run,
  spelled,
} from '../support.ts';

const print = (key: KeyPair): string => fingerprint(crypto.hash, key.publicKey.blob);
const load = (key: KeyPair): { type: 'load-key' } & KeyPair => ({ type: 'load-key', ...key });
const knows =
  (...keys: readonly KeyPair[]) =>
  (effect: ServerAuthEffect): boolean =>
    effect.type === 'check-key' && keys.some((key) => equalBytes(key.publicKey.blob, effect.publicKey.blob));
const none = (): never => {
  throw new Error('nobody asked for this');
};

function attemptsOf(outputs: readonly ClientAuthOutput[]): readonly AuthAttempt[] {
  const output = last(outputs);
  if (output.type === 'success') return output.attempts;
  const error = failure(outputs);
  return (error.context as { attempts: readonly AuthAttempt[] }).attempts;
}
const shape = (attempts: readonly AuthAttempt[]): string[] =>
  attempts.map(
    ({ method, result, skipReason }) => `${method} ${result}${skipReason ? ` ${skipReason}` : ''}`,
  );

describe('login of our client on our server, RFC 4252', () => {
  it('logs in with a password after asking for the methods in the same flight as for the service', () => {
    const password = canary();
    const client = newClient({ credentials: [{ kind: 'password' }] });
    const server = newServer();
    const outcome = run(
      client.machine,
      server.machine,
      () => ({ type: 'password', password }),
      (effect) => effect.type === 'check-password' && effect.password.reveal() === password.reveal(),
    );
    assert.deepEqual(outcome.wire, ['>5', '>50', '<6', '<51', '>50', '<52']);
    assert.deepEqual(last(outcome.server), {
      type: 'success',
      username: 'ada',
      methods: ['password'],
      certificates: [],
    });
    const success = last(outcome.client);
    assert.equal(success.type === 'success' && success.method, 'password');
    assert.deepEqual(shape(attemptsOf(outcome.client)), ['none failure', 'password success']);
    const everything = spelled([client.trace, server.trace, outcome.client, outcome.server]);
    assert.equal(everything.includes(password.reveal()), false);
  });

  it('waits for the service when it may not send ahead', () => {
    const client = newClient({ pipeline: false });
    const server = newServer();
    const outcome = run(client.machine, server.machine, none, none);
    assert.deepEqual(outcome.wire, ['>5', '<6', '>50', '<51']);
    assert.equal(failure(outcome.client).code, 'AUTH_FAILED');
  });

  for (const [name, key, algorithm] of [
    ['ed25519', ed25519(), 'ssh-ed25519'],
    ['ecdsa nistp256', ecdsa('nistp256'), 'ecdsa-sha2-nistp256'],
    ['ecdsa nistp384', ecdsa('nistp384'), 'ecdsa-sha2-nistp384'],
    ['ecdsa nistp521', ecdsa('nistp521'), 'ecdsa-sha2-nistp521'],
    ['rsa', rsa(), 'rsa-sha2-512'],
  ] as const) {
    it(`logs in with a key, probe first, then signature: ${name}`, () => {
      const client = newClient({ credentials: [{ kind: 'publickey' }] });
      const asked: boolean[] = [];
      const outcome = run(
        client.machine,
        newServer().machine,
        () => load(key),
        (effect) => {
          if (effect.type === 'check-key') asked.push(effect.signed);
          return knows(key)(effect);
        },
      );
      assert.deepEqual(outcome.wire, ['>5', '>50', '<6', '<51', '>50', '<60', '>50', '<52']);
      assert.deepEqual(asked, [false, true]);
      const attempt = last(attemptsOf(outcome.client));
      assert.deepEqual(
        [attempt.result, attempt.fingerprint, attempt.algorithm],
        ['success', print(key), algorithm],
      );
    });
  }

  it('loads the private part only after the server wants the key', () => {
    const [unwanted, wanted] = [ed25519(), ed25519()];
    const loaded: unknown[] = [];
    const credentials = [unwanted, wanted].map(
      ({ publicKey }) => ({ kind: 'publickey', publicKey }) as const,
    );
    const client = newClient({ credentials });
    const outcome = run(
      client.machine,
      newServer().machine,
      (effect) => {
        loaded.push('credential' in effect && effect.credential);
        return load(wanted);
      },
      knows(wanted),
    );
    assert.deepEqual(loaded, [credentials[1]]);
    assert.equal(last(outcome.client).type, 'success');
  });

  it('asks an external signer with the data to sign and checks what it gives back', () => {
    const { publicKey } = rsa();
    const client = newClient({ credentials: [{ kind: 'publickey', publicKey, signer: 'external' }] });
    client.machine.serverSigAlgs(['rsa-sha2-256']);
    const outcome = run(
      client.machine,
      newServer().machine,
      (effect) => {
        assert.equal(effect.type === 'sign' && effect.algorithm, 'rsa-sha2-256');
        return { type: 'sign', signature: new Uint8Array(30) };
      },
      knows(rsa()),
    );
    assert.deepEqual(shape(attemptsOf(outcome.client)), ['none failure', 'publickey skipped bad-signature']);
  });

  it('tries a wrong password, then the right key, on one session', () => {
    const key = ed25519();
    const client = newClient({ credentials: [{ kind: 'password' }, { kind: 'publickey' }] });
    const outcome = run(
      client.machine,
      newServer().machine,
      (effect) =>
        effect.type === 'password' ? { type: 'password', password: new Secret('wrong') } : load(key),
      knows(key),
    );
    assert.deepEqual(shape(attemptsOf(outcome.client)), [
      'none failure',
      'password failure',
      'publickey success',
    ]);
    assert.equal(
      last(outcome.client).type === 'success' && last(attemptsOf(outcome.client)).method,
      'publickey',
    );
  });

  it('honours partial success: key, then password, then dialog, none of them twice', () => {
    const key = ed25519();
    const client = newClient({
      credentials: [{ kind: 'password' }, { kind: 'keyboard-interactive' }, { kind: 'publickey' }],
    });
    const server = newServer({ required: [['publickey', 'password', 'keyboard-interactive']] });
    const outcome = run(
      client.machine,
      server.machine,
      (effect) => {
        if (effect.type === 'prompts') return { type: 'prompts', responses: [new Secret('123456')] };
        return effect.type === 'password' ? { type: 'password', password: new Secret('pw') } : load(key);
      },
      (effect) => {
        if (effect.type !== 'keyboard-interactive') return true;
        return effect.round === 0
          ? { name: 'Code', instruction: 'Look', prompts: [{ text: 'Code: ', echo: false }] }
          : effect.responses.map((response) => response.reveal()).join() === '123456';
      },
    );
    assert.deepEqual(shape(attemptsOf(outcome.client)), [
      'none failure',
      'password skipped not-offered',
      'keyboard-interactive skipped not-offered',
      'publickey partial',
      'password partial',
      'keyboard-interactive success',
    ]);
    assert.deepEqual(
      attemptsOf(outcome.client).map((attempt) => attempt.remaining.join()),
      ['publickey', 'publickey', 'publickey', 'password', 'keyboard-interactive', ''],
    );
    assert.deepEqual(outcome.requests, [
      'none',
      'publickey',
      'publickey',
      'password',
      'keyboard-interactive',
    ]);
    assert.deepEqual(last(outcome.server), {
      type: 'success',
      username: 'ada',
      methods: ['publickey', 'password', 'keyboard-interactive'],
      certificates: [],
    });
  });

  it('needs two different keys where two are required', () => {
    const keys = [ed25519(), ed25519()] as const;
    const credentials = [keys[0], keys[0], keys[1]].map(
      ({ publicKey }) => ({ kind: 'publickey', publicKey }) as const,
    );
    const server = newServer({ required: [['publickey', 'publickey']] });
    const outcome = run(
      newClient({ credentials }).machine,
      server.machine,
      (effect) => load(effect.credential === credentials[2] ? keys[1] : keys[0]),
      () => true,
    );
    assert.deepEqual(shape(attemptsOf(outcome.client)), [
      'none failure',
      'publickey partial',
      'publickey failure',
      'publickey success',
    ]);
  });

  it('changes an expired password when asked to', () => {
    const client = newClient({ credentials: [{ kind: 'password' }] });
    const seen: unknown[] = [];
    const outcome = run(
      client.machine,
      newServer().machine,
      (effect) => {
        if (effect.type !== 'password-change') return { type: 'password', password: new Secret('old') };
        seen.push(effect.prompt);
        return { type: 'password-change', password: new Secret('new') };
      },
      (effect) => {
        if (effect.type !== 'check-password') return false;
        seen.push([effect.password.reveal(), effect.newPassword?.reveal()]);
        return effect.newPassword === undefined ? { change: 'Expired. New:\x1b[2J' } : true;
      },
    );
    assert.deepEqual(seen, [['old', undefined], 'Expired. New:\x1b[2J', ['old', 'new']]);
    assert.equal(last(outcome.client).type, 'success');
    const traced = client.trace.find((event) => event.fields['stage'] === 'change-asked');
    assert.equal(traced?.fields['prompt'], 'Expired. New:\\x1b[2J');
  });

  it('answers a dialog of several rounds, one of them without questions', () => {
    const outcome = run(
      newClient({ credentials: [{ kind: 'keyboard-interactive', submethods: 'pam' }] }).machine,
      newServer().machine,
      (effect) => {
        assert.equal(
          effect.type === 'prompts' && effect.round,
          effect.type === 'prompts' && effect.prompts.length,
        );
        const count = effect.type === 'prompts' ? effect.prompts.length : 0;
        return { type: 'prompts', responses: Array.from({ length: count }, () => new Secret('x')) };
      },
      (effect) => {
        if (effect.type !== 'keyboard-interactive') return false;
        assert.equal(effect.submethods, 'pam');
        const ask = (count: number) => ({
          prompts: Array.from({ length: count }, (_, i) => ({ text: `Q${i}`, echo: i === 0 })),
        });
        const expected = [0, 1, 2, 0][effect.round];
        assert.equal(effect.responses.length, expected);
        return [ask(1), ask(2), ask(0), true][effect.round] ?? false;
      },
    );
    assert.equal(last(outcome.client).type, 'success');
  });

  it('never answers a dialog with the password credential', () => {
    const client = newClient({ credentials: [{ kind: 'password' }] });
    const server = newServer({ methods: ['keyboard-interactive'] });
    const outcome = run(client.machine, server.machine, none, none);
    assert.deepEqual(shape(attemptsOf(outcome.client)), ['none failure', 'password skipped not-offered']);
    assert.equal(failure(outcome.client).disconnect, 14);
  });

  it('goes on when a credential cannot be had, and says why in the list', () => {
    const cause = new Error('no such file');
    const client = newClient({ credentials: [{ kind: 'publickey' }, { kind: 'password' }] });
    const outcome = run(
      client.machine,
      newServer().machine,
      (effect) =>
        effect.type === 'load-key'
          ? { type: 'skip', reason: 'file_not_found', error: cause }
          : { type: 'password', password: new Secret('wrong') },
      () => false,
    );
    const error = failure(outcome.client);
    assert.equal(error.code, 'AUTH_FAILED');
    const attempts = attemptsOf(outcome.client);
    assert.deepEqual(shape(attempts), [
      'none failure',
      'publickey skipped file_not_found',
      'password failure',
    ]);
    assert.equal(attempts[1]?.error, cause);
    assert.deepEqual(
      attempts.map((attempt) => attempt.credential),
      [undefined, 0, 1],
    );
    assert.equal(error.message.includes('none,password'), true);
  });

  it('refuses a private key that does not belong to the public one', () => {
    const [offered, loaded] = [ed25519(), ed25519()];
    const client = newClient({ credentials: [{ kind: 'publickey', publicKey: offered.publicKey }] });
    const outcome = run(
      client.machine,
      newServer().machine,
      () => load(loaded),
      () => true,
    );
    assert.deepEqual(shape(attemptsOf(outcome.client)), ['none failure', 'publickey skipped key-mismatch']);
  });

  it('measures attempts in the clock of the driver', () => {
    const client = newClient({ credentials: [{ kind: 'password' }] });
    const outcome = run(
      client.machine,
      newServer().machine,
      () => ({ type: 'password', password: new Secret('wrong') }),
      () => false,
    );
    const attempt = attemptsOf(outcome.client).find(({ method }) => method === 'password');
    assert.ok(attempt !== undefined && attempt.durationMs > 0 && attempt.durationMs % 5 === 0);
  });

  it('lets nobody in with none, and takes it when no credential is configured and the server wants it so', () => {
    const { machine } = newClient();
    machine.start();
    machine.receive(Uint8Array.from([6, 0, 0, 0, 12, ...Buffer.from('ssh-userauth')]));
    machine.receive(Uint8Array.of(52));
    const outputs: ClientAuthOutput[] = [];
    for (let output = machine.poll(); output !== undefined; output = machine.poll()) outputs.push(output);
    const success = last(outputs);
    assert.equal(success.type === 'success' && success.method, 'none');
  });
});
