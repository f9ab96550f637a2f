// What the code supports, asked of the code itself, as the table of README.md.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readJson, root } from './repo.mjs';
import { VERSIONS } from './runtimes.mjs';

const SOURCES = `
export { allAlgorithms } from '@nbs-ssh/transport';
export { isCertificateType } from '@nbs-ssh/transport/keys';
export { nobleProvider } from '@nbs-ssh/transport/crypto/noble';
export { nodeProvider } from '@nbs-ssh/transport/crypto/node';
export { atRestCiphers } from '@nbs-ssh/transport/crypto/at-rest';
export { formatOpensshPrivateKey, generateEd25519, parsePrivateKey } from '@nbs-ssh/auth';
export { AuthMethod } from './src/auth/auth-config.ts';
`;

/** @returns {Promise<string>} A Markdown table without surrounding blank lines. */
export async function supportTable() {
  const code = await loadSources();
  const { allAlgorithms, isCertificateType, nobleProvider, nodeProvider, atRestCiphers, AuthMethod } = code;
  const noble = allAlgorithms(nobleProvider);
  const node = allAlgorithms(nodeProvider);
  for (const slot of Object.keys(noble)) {
    if ([...noble[slot]].sort().join() !== [...node[slot]].sort().join()) {
      throw new Error(
        `the providers have different algorithms for ${slot}; the table needs a column for each`,
      );
    }
  }
  const { engines } = readJson(join(root, 'packages', 'nbs-ssh', 'package.json'));
  const rows = [
    ['Key exchange', names(noble.kex)],
    ['Host keys and user keys', names(noble.hostKey.filter((name) => !isCertificateType(name)))],
    ['Certificates of hosts', names(noble.hostKey.filter(isCertificateType))],
    ['Ciphers', names(noble.ciphers)],
    ['MACs', `${names(noble.macs)}; AEAD ciphers need none`],
    ['Login', names(Object.values(AuthMethod).map(wireName))],
    ['Private key files', keyFormats(code).join('; ')],
    ['Encrypted OpenSSH key files', names(atRestCiphers.map(({ name }) => name))],
    ['Runtimes', `Node ${engines.node}, Deno ${VERSIONS.deno}, Bun ${VERSIONS.bun} (the versions tested)`],
  ];
  return ['| What | Supported |', '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

const names = (list) => list.map((name) => `\`${name}\``).join(', ');

/** @param {string} method - As in options. @returns {string} As in RFC 4252 and 4256. */
function wireName(method) {
  return method === 'private_key' ? 'publickey' : method.replaceAll('_', '-');
}

/** Makes a key file of each kind and keeps those that load. */
function keyFormats({ nobleProvider: crypto, formatOpensshPrivateKey, generateEd25519, parsePrivateKey }) {
  const keys = [
    ['Ed25519', generateKeyPairSync('ed25519')],
    ...['P-256', 'P-384', 'P-521'].map((namedCurve) => [
      namedCurve,
      generateKeyPairSync('ec', { namedCurve }),
    ]),
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ];
  const cipher = 'aes-256-cbc';
  const passphrase = randomBytes(9).toString('hex');
  const formats = [
    ['OpenSSH', (key) => openssh(key)],
    ['PKCS#8', (key) => key.export({ type: 'pkcs8', format: 'pem' })],
    ['encrypted PKCS#8', (key) => key.export({ type: 'pkcs8', format: 'pem', cipher, passphrase })],
    ['PKCS#1', (key) => key.export({ type: 'pkcs1', format: 'pem' })],
    ['SEC1', (key) => key.export({ type: 'sec1', format: 'pem' })],
  ];
  const openssh = (key) => {
    const { key: material } = parsePrivateKey(key.export({ type: 'pkcs8', format: 'pem' }), { crypto });
    return formatOpensshPrivateKey(material, '', crypto.random);
  };
  const loads = (write, key) => {
    try {
      return parsePrivateKey(write(key), { crypto }) !== undefined;
    } catch {
      return false;
    }
  };
  if (!loads(() => formatOpensshPrivateKey(generateEd25519(crypto), '', crypto.random))) {
    throw new Error('not even our own key file loads');
  }
  return formats.flatMap(([format, write]) => {
    const good = keys.filter(([, { privateKey }]) => loads(write, privateKey)).map(([name]) => name);
    return good.length === 0 ? [] : [`${format} (${good.join(', ')})`];
  });
}

/** The sources, bundled in memory: Node 20 does not run TypeScript. */
async function loadSources() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: SOURCES, resolveDir: join(root, 'packages', 'nbs-ssh') },
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@nbs-ssh/source'],
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
