import { afterAll, describe, expect, it } from 'vitest';
import { armor, line, load, PASSPHRASE, reason, unarmor } from './loading.ts';
import { hasOpenssl, hasSshKeygen, workspace } from './tools.ts';

const space = workspace();
afterAll(() => space.remove());

describe.skipIf(!hasOpenssl || !hasSshKeygen)('files of openssl', () => {
  const CURVES = [
    ['prime256v1', 'p256'],
    ['secp384r1', 'p384'],
    ['secp521r1', 'p521'],
  ] as const;
  const loads = (name: string): void => {
    space.run('chmod', '600', name);
    expect(line(load(space.read(name)))).toBe(space.run('ssh-keygen', '-y', '-f', name).trim());
  };

  it('load as PKCS#8, ed25519', () => {
    space.run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 'ed.p8');
    // ssh-keygen cannot print the public key of this file, so openssl must.
    const spki = space.run('openssl', 'pkey', '-in', 'ed.p8', '-pubout', '-outform', 'PEM');
    const { publicKey } = load(space.read('ed.p8'));
    expect(publicKey.material.type).toBe('ed25519');
    expect(unarmor(spki).subarray(-32)).toEqual(Buffer.from(publicKey.blob.subarray(-32)));
  });

  it('load as PKCS#8 and SEC1, with and without a parameters block in front', () => {
    for (const [curve, name] of CURVES) {
      space.run('openssl', 'ecparam', '-name', curve, '-genkey', '-out', `${name}.sec1`);
      expect(space.read(`${name}.sec1`)).toContain('EC PARAMETERS');
      loads(`${name}.sec1`);
      space.run('openssl', 'ec', '-in', `${name}.sec1`, '-out', `${name}.plain.sec1`);
      loads(`${name}.plain.sec1`);
      space.run('openssl', 'ec', '-in', `${name}.sec1`, '-no_public', '-out', `${name}.secret.sec1`);
      expect(load(space.read(`${name}.secret.sec1`)).key).toEqual(load(space.read(`${name}.sec1`)).key);
      const compressed = ['-conv_form', 'compressed', '-out', `${name}.short.sec1`];
      space.run('openssl', 'ec', '-in', `${name}.sec1`, ...compressed);
      expect(load(space.read(`${name}.short.sec1`)).key).toEqual(load(space.read(`${name}.sec1`)).key);
      space.run('openssl', 'pkcs8', '-topk8', '-nocrypt', '-in', `${name}.sec1`, '-out', `${name}.p8`);
      loads(`${name}.p8`);
    }
  });

  it('load as PKCS#8 and PKCS#1, RSA', () => {
    for (const bits of ['2048', '3072']) {
      space.run(
        'openssl',
        'genpkey',
        '-algorithm',
        'RSA',
        '-pkeyopt',
        `rsa_keygen_bits:${bits}`,
        '-out',
        `r${bits}.p8`,
      );
      loads(`r${bits}.p8`);
      space.run('openssl', 'rsa', '-traditional', '-in', `r${bits}.p8`, '-out', `r${bits}.p1`);
      expect(space.read(`r${bits}.p1`)).toContain('BEGIN RSA PRIVATE KEY');
      loads(`r${bits}.p1`);
    }
  });

  it('refuse typed when cut or changed anywhere', () => {
    for (const name of ['ed.p8', 'p256.plain.sec1', 'p256.short.sec1', 'p384.p8', 'r2048.p1']) {
      const text = space.read(name);
      const label = /BEGIN (.*)-----/.exec(text)?.[1] ?? '';
      const bytes = unarmor(text);
      const original = load(text).key;
      const step = bytes.length > 300 ? 7 : 1;
      for (let at = 0; at < bytes.length; at += step) {
        expect(reason(armor(bytes.subarray(0, at), label))).toBe('invalid_format');
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ 0x01;
        const changed = armor(flipped, label);
        const outcome = reason(changed);
        // A bare seed has nothing to be compared with: any 32 bytes are a key.
        if (outcome === 'loaded' && name !== 'ed.p8') expect(load(changed).key).toEqual(original);
        else expect(['invalid_format', 'unsupported', 'loaded']).toContain(outcome);
      }
      expect(reason(armor(Buffer.concat([bytes, Buffer.of(0)]), label))).toBe('invalid_format');
    }
  });

  it('are unsupported when of another curve or of another algorithm', () => {
    space.run('openssl', 'ecparam', '-name', 'secp256k1', '-genkey', '-out', 'k1');
    space.run(
      'openssl',
      'ecparam',
      '-name',
      'prime256v1',
      '-param_enc',
      'explicit',
      '-genkey',
      '-out',
      'explicit',
    );
    space.run('openssl', 'genpkey', '-algorithm', 'x25519', '-out', 'x25519.p8');
    space.run('openssl', 'genpkey', '-algorithm', 'ed448', '-out', 'ed448.p8');
    space.run('openssl', 'genrsa', '-out', 'r1024', '1024');
    for (const name of ['k1', 'explicit', 'x25519.p8', 'ed448.p8', 'r1024']) {
      expect([name, reason(space.read(name), PASSPHRASE)]).toEqual([name, 'unsupported']);
    }
  });
});
