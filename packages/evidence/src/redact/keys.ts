/** Words that make a key's value private. Whole words: `mapping` is not `pin`, `bypass` is not `pass`. */
const WORDS: ReadonlySet<string> = new Set([
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'passcode',
  'pass',
  'pwd',
  'pw',
  'secret',
  'secrets',
  'token',
  'tokens',
  'apikey',
  'authtoken',
  'accesstoken',
  'credential',
  'credentials',
  'pin',
  'otp',
  'cookie',
  'cookies',
  'privatekey',
  'authorization',
]);

/** Two words in a row that do so together. */
const PAIRS: ReadonlySet<string> = new Set([
  'api key',
  'private key',
  'access key',
  'secret key',
  'signing key',
  'encryption key',
  'session key',
  'master key',
  'auth key',
]);

/** Longer keys are not looked at: no key is that long. */
export const MAX_KEY = 128;

/** Says whether the value under `key` is private. Splits at `_`, `-`, `.`, spaces and capital letters. */
export function isSensitiveKey(key: string): boolean {
  if (key.length > MAX_KEY || !HINT.test(key)) return false;
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word, i) => WORDS.has(word) || PAIRS.has(`${word} ${words[i + 1] ?? ''}`));
}

const HINT = /pass|pwd|pw|secret|token|key|credential|pin|otp|cookie|authorization/i;
