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
export { insecureNames } from '@nbs-ssh/transport/crypto';
export { atRestCiphers } from '@nbs-ssh/transport/crypto/at-rest';
export { formatOpensshPrivateKey, generateEd25519, parsePrivateKey, parsePublicKeyText } from '@nbs-ssh/auth';
export { formatPublicKeyLine, formatRfc4716 } from '@nbs-ssh/transport/keys';
export { Secret } from '@nbs-ssh/transport/wire';
export { AuthMethod } from './src/auth/auth-config.ts';
`;

/** @returns {Promise<string>} A Markdown table without surrounding blank lines. */
export async function supportTable() {
  const code = await loadSources();
  const { allAlgorithms, isCertificateType, nobleProvider, nodeProvider, insecureNames, atRestCiphers } =
    code;
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
    ['Insecure, to be opted into by name', names(insecureNames(nobleProvider))],
    ['Login', names(Object.values(code.AuthMethod).map(wireName))],
    ['Private key files', keyFormats(code).join('; ')],
    ['Encrypted OpenSSH key files', names(atRestCiphers.map(({ name }) => name))],
    ['Public key files', publicFormats(code).join('; ')],
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
function keyFormats({
  nobleProvider: crypto,
  formatOpensshPrivateKey,
  generateEd25519,
  parsePrivateKey,
  Secret,
}) {
  const keys = keyPairs();
  const cipher = 'aes-256-cbc';
  const passphrase = randomBytes(9).toString('hex');
  const encrypted = { format: 'pem', cipher, passphrase };
  const formats = [
    ['OpenSSH', (key) => openssh(key)],
    ['PKCS#8', (key) => key.export({ type: 'pkcs8', format: 'pem' })],
    ['encrypted PKCS#8', (key) => key.export({ type: 'pkcs8', ...encrypted })],
    ['PKCS#1', (key) => key.export({ type: 'pkcs1', format: 'pem' })],
    ['encrypted PKCS#1', (key) => key.export({ type: 'pkcs1', ...encrypted })],
    ['SEC1', (key) => key.export({ type: 'sec1', format: 'pem' })],
    ['encrypted SEC1', (key) => key.export({ type: 'sec1', ...encrypted })],
  ];
  const openssh = (key) => {
    const { key: material } = parsePrivateKey(key.export({ type: 'pkcs8', format: 'pem' }), { crypto });
    return formatOpensshPrivateKey(material, '', crypto.random);
  };
  const loads = (write, key) => {
    try {
      return parsePrivateKey(write(key), { crypto, passphrase: new Secret(passphrase) }) !== undefined;
    } catch {
      return false;
    }
  };
  if (!loads(() => formatOpensshPrivateKey(generateEd25519(crypto), '', crypto.random))) {
    throw new Error('not even our own key file loads');
  }
  const own = formats.map(([format, write]) => [
    format,
    keys.filter(([, { privateKey }]) => loads(write, privateKey)).map(([name]) => name),
  ]);
  return joined([...own, ...puttyFormats({ crypto, parsePrivateKey, Secret })]);
}

/** One entry for a format and its encrypted form where both have the same keys. */
function joined(formats) {
  const list = new Map(
    formats.filter(([, keys]) => keys.length > 0).map(([name, keys]) => [name, keys.join(', ')]),
  );
  for (const [name, keys] of list) {
    if (list.get(`encrypted ${name}`) !== keys) continue;
    list.delete(name);
    list.delete(`encrypted ${name}`);
    list.set(`${name}, also encrypted`, keys);
  }
  return [...list].map(([name, keys]) => `${name} (${keys})`);
}

/** Only puttygen writes these, which need not be installed here: one file of each kind, made by version 0.78. */
function puttyFormats({ crypto, parsePrivateKey, Secret }) {
  const { passphrase, files } = readJson(join(root, 'test-vectors', 'private-key', 'putty.json'));
  /** @type {Map<string, string[]>} */
  const good = new Map();
  for (const { format, key, encrypted, text } of files) {
    parsePrivateKey(text, { crypto, passphrase: new Secret(passphrase) });
    const label = encrypted ? `encrypted ${format}` : format;
    good.set(label, [...(good.get(label) ?? []), key]);
  }
  return [...good];
}

/** Public key files that are read. */
function publicFormats({ parsePublicKeyText, formatPublicKeyLine, formatRfc4716 }) {
  const [, { publicKey }] = keyPairs()[0];
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const key = parsePublicKeyText(pem).publicKey;
  parsePublicKeyText(formatPublicKeyLine(key));
  parsePublicKeyText(formatRfc4716(key));
  return ['`.pub` lines', 'RFC 4716', 'PEM (SubjectPublicKeyInfo, PKCS#1)'];
}

const keyPairs = () => [
  ['Ed25519', generateKeyPairSync('ed25519')],
  ...['P-256', 'P-384', 'P-521'].map((namedCurve) => [namedCurve, generateKeyPairSync('ec', { namedCurve })]),
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
];

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
