/** Why a name that a peer offers is not among ours. The first that matches counts. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/@ssh\.com$/, "SSH Communications Security's own name; the standard one works"],
  [/^umac-/, 'UMAC (RFC 4418) is not implemented; every peer that has it has HMAC-SHA-2 too'],
  [/^hmac-md5/, 'MD5 is broken, and every peer that has it has something better'],
  [/^hmac-sha1-96/, 'a truncated SHA-1 adds nothing to `hmac-sha1`'],
  [/^hmac-ripemd160/, 'RIPEMD-160 was never widely used'],
  [/^(arcfour|blowfish-|cast128-|seed-|rijndael-|twofish|serpent)/, 'out of use for a decade, and weak'],
  [/^aes\d+-gcm$|^AEAD_AES_/, 'the form of AES-GCM that negotiates by `…-gcm@openssh.com` works'],
  [/^hmac-sha2-\d+-96/, 'truncated, in no SSH standard'],
  [/^curve448-|^ssh-ed448/, 'Curve448 is not implemented; no peer has it alone'],
  [/^diffie-hellman-group(15|17)-/, 'group 15 and 17 (RFC 8268) lie between groups we have'],
  [
    /^diffie-hellman-group-exchange-sha1/,
    'group exchange with SHA-1; the form with SHA-256 exists since 2006',
  ],
  [/^rsa2048-sha256|^rsa1024-sha1/, 'RSA key exchange (RFC 4432) has no forward secrecy'],
  [/1\.3\.132\.0\.10/, 'secp256k1 is in no SSH standard'],
  [/^sntrup4591761/, 'an experiment that `sntrup761x25519-sha512` replaced'],
  [/^(sntrup|mlkem)/, 'this post-quantum exchange is not implemented'],
  [/^ssh-mldsa/, 'ML-DSA keys are not implemented'],
  [/^spki-sign-/, 'SPKI certificates were given up before SSH was standardized'],
  [/^(x509v3|pgp-)/, 'X.509 and OpenPGP host keys are not implemented'],
  [/^hmac-sha2-384$/, 'in no SSH standard'],
  [/-cert-v01@openssh\.com$/, 'certificates of this kind are not implemented'],
];

/** One sentence without its full stop, in Markdown. */
export function notImplemented(name: string): string {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? 'not implemented';
}
