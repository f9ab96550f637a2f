import { createECDH } from 'node:crypto';
import { chacha20Poly1305 } from '../chacha20-poly1305.ts';
import type { AeadCipherSuite, MacSuite, StreamCipherSuite } from '../cipher.ts';
import { bigintPower, fixedGroupKex } from '../dh/finite-field.ts';
import { groupExchangeKex } from '../dh/group-exchange.ts';
import { type DiffieHellman, ecdhKex } from '../ecdh.ts';
import type { HashName } from '../hash.ts';
import { hybridKex } from '../hybrid.ts';
import { NISTP256, NISTP384, NISTP521, type NistCurve, nistKex } from '../nist.ts';
import { aes128Ctr, aes192Ctr, aes256Ctr } from '../noble/aes-ctr.ts';
import { aes128Gcm, aes256Gcm } from '../noble/aes-gcm.ts';
import { aes128Cbc, aes192Cbc, aes256Cbc, tripleDesCbcSuite } from '../noble/cbc.ts';
import { nobleNistp256, nobleNistp384, nobleNistp521 } from '../noble/ecdh-nist.ts';
import { nobleHash, nobleHmac } from '../noble/hashes.ts';
import {
  hmacSha1,
  hmacSha1Etm,
  hmacSha256,
  hmacSha256Etm,
  hmacSha512,
  hmacSha512Etm,
} from '../noble/hmac.ts';
import { nobleMlkem768, nobleMlkem1024 } from '../noble/mlkem.ts';
import { nobleX25519 } from '../noble/x25519.ts';
import type { CryptoProvider } from '../provider.ts';
import { sntrup761 } from '../sntrup761/index.ts';
import { nodeAesCtr } from './aes-ctr.ts';
import { nodeAesGcm } from './aes-gcm.ts';
import { nodeCbc } from './cbc.ts';
import { nodeChacha20Poly1305, nodeChacha20Works } from './chacha20-poly1305.ts';
import {
  aeadOrElse,
  aeadWorks,
  dhOrElse,
  macOrElse,
  macWorks,
  powerOrElse,
  streamOrElse,
  streamUndoes,
  streamWorks,
  x25519Works,
} from './detect.ts';
import { nodePower, nodePowerWorks } from './dh.ts';
import { nodeNistDh } from './ecdh-nist.ts';
import { nodeHashes, nodeRandom } from './hashes.ts';
import { nodeHmac } from './hmac.ts';
import { KNOWN } from './known-answers.ts';
import { nodeGenerateRsa } from './rsa-key.ts';
import { nodeInsecureSignatures, nodeSignatures } from './signatures.ts';
import { nodeX25519 } from './x25519.ts';

/**
 * Suites over `node:crypto`, which Deno and Bun have too. Whatever the platform lacks or does differently is done by
 * the same suite in JavaScript.
 */
export function createNodeProvider(): CryptoProvider {
  const hashes = nodeHashes({ hash: nobleHash, hmac: nobleHmac });
  const x25519 = dhOrElse(nobleX25519, nodeX25519, () => x25519Works(nodeX25519, KNOWN.x25519));
  const nistp256 = nistDh(NISTP256, nobleNistp256);
  const nistp384 = nistDh(NISTP384, nobleNistp384);
  const digest = (name: HashName) => (bytes: Uint8Array) => hashes.hash(name, bytes);
  const [sha256, sha384, sha512] = [digest('sha256'), digest('sha384'), digest('sha512')];
  const sntrup = sntrup761((...parts) => hashes.hash('sha512', ...parts));
  const power = powerOrElse(bigintPower, nodePower, nodePowerWorks);
  return {
    name: 'node',
    random: nodeRandom,
    ...hashes,
    kex: [
      // Node 20 has no ML-KEM, and no version has sntrup761.
      hybridKex('mlkem768x25519-sha256', 'sha256', nobleMlkem768, x25519, sha256),
      hybridKex('sntrup761x25519-sha512', 'sha512', sntrup, x25519, sha512),
      hybridKex('sntrup761x25519-sha512@openssh.com', 'sha512', sntrup, x25519, sha512),
      hybridKex('mlkem768nistp256-sha256', 'sha256', nobleMlkem768, nistp256, sha256),
      hybridKex('mlkem1024nistp384-sha384', 'sha384', nobleMlkem1024, nistp384, sha384),
      ecdhKex('curve25519-sha256', 'sha256', x25519),
      ecdhKex('curve25519-sha256@libssh.org', 'sha256', x25519),
      nistKex(NISTP256, nistp256),
      nistKex(NISTP384, nistp384),
      nistKex(NISTP521, nistDh(NISTP521, nobleNistp521)),
      fixedGroupKex('diffie-hellman-group14-sha256', 'sha256', 2048, power),
      fixedGroupKex('diffie-hellman-group16-sha512', 'sha512', 4096, power),
      fixedGroupKex('diffie-hellman-group18-sha512', 'sha512', 8192, power),
      groupExchangeKex('diffie-hellman-group-exchange-sha256', 'sha256', power),
    ],
    signatures: nodeSignatures,
    ciphers: [
      gcm(aes128Gcm, KNOWN.aes128Gcm),
      gcm(aes256Gcm, KNOWN.aes256Gcm),
      aeadOrElse(chacha20Poly1305, nodeChacha20Poly1305(), nodeChacha20Works),
      ctr(aes128Ctr, KNOWN.aes128Ctr),
      ctr(aes192Ctr, KNOWN.aes192Ctr),
      ctr(aes256Ctr, KNOWN.aes256Ctr),
    ],
    macs: [
      mac(hmacSha256Etm, 'sha256', KNOWN.hmacSha256),
      mac(hmacSha512Etm, 'sha512', KNOWN.hmacSha512),
      mac(hmacSha256, 'sha256', KNOWN.hmacSha256),
      mac(hmacSha512, 'sha512', KNOWN.hmacSha512),
    ],
    insecure: {
      kex: [
        fixedGroupKex('diffie-hellman-group14-sha1', 'sha1', 2048, power),
        fixedGroupKex('diffie-hellman-group1-sha1', 'sha1', 1024, power),
      ],
      signatures: nodeInsecureSignatures,
      ciphers: [
        cbc(aes128Cbc, KNOWN.aes128Cbc),
        cbc(aes192Cbc, KNOWN.aes192Cbc),
        cbc(aes256Cbc, KNOWN.aes256Cbc),
        cbc(tripleDesCbcSuite, KNOWN.tripleDesCbc),
      ],
      macs: [mac(hmacSha1Etm, 'sha1', KNOWN.hmacSha1), mac(hmacSha1, 'sha1', KNOWN.hmacSha1)],
    },
    generateRsa: nodeGenerateRsa,
  };
}

/** {@link createNodeProvider}, made when this module is loaded: that asks nothing of the platform yet. */
export const nodeProvider: CryptoProvider = /* @__PURE__ */ createNodeProvider();

function nistDh(curve: NistCurve, fallback: DiffieHellman): DiffieHellman {
  // Multiplying only to see whether it works takes milliseconds on the larger curves; a missing curve throws here.
  const works = (): boolean => createECDH(curve.openssl) !== undefined;
  return dhOrElse(fallback, nodeNistDh(curve), works);
}

function gcm(fallback: AeadCipherSuite, known: string): AeadCipherSuite {
  const suite = nodeAesGcm(fallback);
  return aeadOrElse(fallback, suite, () => aeadWorks(suite, known));
}

function ctr(fallback: StreamCipherSuite, known: string): StreamCipherSuite {
  const suite = nodeAesCtr(fallback);
  return streamOrElse(fallback, suite, () => streamWorks(suite, known));
}

function cbc(fallback: StreamCipherSuite, known: string): StreamCipherSuite {
  const suite = nodeCbc(fallback);
  return streamOrElse(fallback, suite, () => streamWorks(suite, known) && streamUndoes(suite));
}

function mac(fallback: MacSuite, hash: 'sha1' | 'sha256' | 'sha512', known: string): MacSuite {
  const suite = nodeHmac(fallback, hash);
  return macOrElse(fallback, suite, () => macWorks(suite, known));
}
