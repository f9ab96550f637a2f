import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { opensshPeer, PEER_VERSIONS, runOk, scratchDir } from '@nbs-ssh/testing';
import { describe, expect, it } from 'vitest';
import { generateKey, PrivateKey, signatureOf, signMessage } from '../src/index.ts';

const MESSAGE = 'the same in every version\n';
const KINDS = [['ed25519'], ['ecdsa', 256], ['ecdsa', 384], ['ecdsa', 521], ['rsa', 2048]] as const;

for (const version of PEER_VERSIONS) {
  const peer = opensshPeer(version);
  describe.skipIf(!peer.available)(`ssh-keygen of OpenSSH ${version} (skipped where it is absent)`, () => {
    it('reads our keys, accepts our signatures, and the other way round', { timeout: 240_000 }, async () => {
      if (!peer.available) return;
      using dir = scratchDir('keys-peer');
      const at = (name: string): string => join(dir.path, name);
      const { binaries } = peer;
      const env = { ...process.env, ...binaries.env };
      const keygen = async (...args: readonly string[]): Promise<string> =>
        (await runOk(binaries.sshKeygen, args, { env })).stdout;
      writeFileSync(at('message'), MESSAGE);
      for (const [type, bits] of KINDS) {
        const name = `${type}${bits ?? ''}`;
        const key = await generateKey(type, { bits, comment: 'a comment' });
        writeFileSync(at(name), key.toOpenSSH({ passphrase: 'pass word', rounds: 4 }), { mode: 0o600 });
        expect((await keygen('-y', '-P', 'pass word', '-f', at(name))).trim()).toBe(key.publicLine);
        writeFileSync(at('signers'), `me ${key.publicLine}\n`);
        writeFileSync(at('sig'), await signMessage(MESSAGE, key, { namespace: 'file' }));
        const verify = ['-Y', 'verify', '-f', at('signers'), '-I', 'me', '-n', 'file', '-s', at('sig')];
        const { stdout } = await runOk(binaries.sshKeygen, verify, { env, stdin: MESSAGE });
        expect(stdout).toContain(`Good "file" signature for me with ${key.publicKey.label} key`);
        const theirs = at(`${name}-theirs`);
        const size = bits === undefined ? [] : ['-b', String(bits)];
        await keygen('-q', '-t', type, ...size, '-N', 'pass word', '-a', '4', '-C', 'theirs', '-f', theirs);
        const read = await PrivateKey.fromFile(theirs, { passphrase: 'pass word' });
        expect(read.publicLine).toBe(readFileSync(`${theirs}.pub`, 'utf8').trim());
        await keygen('-q', '-p', '-P', 'pass word', '-N', '', '-f', theirs);
        writeFileSync(at(`${name}.txt`), MESSAGE);
        await keygen('-Y', 'sign', '-f', theirs, '-n', 'file', at(`${name}.txt`));
        const verdict = signatureOf(MESSAGE, readFileSync(at(`${name}.txt.sig`)), 'file');
        expect(verdict.valid && verdict.publicKey.fingerprint()).toBe(read.publicKey.fingerprint());
      }
    });
  });
}
