export const KEYGEN_HELP = `usage: nbs-ssh keygen [-q] [-t ed25519|ecdsa|rsa] [-b BITS] [-C COMMENT] [-f FILE] [-N PASSPHRASE] [-a ROUNDS] [-Z CIPHER]
       nbs-ssh keygen -p [-f FILE] [-P OLD] [-N NEW] [-a ROUNDS] [-Z CIPHER]     another passphrase
       nbs-ssh keygen -c [-f FILE] [-P PASSPHRASE] [-C COMMENT]                  another comment
       nbs-ssh keygen -y [-f FILE] [-P PASSPHRASE]                               the public key of a private key
       nbs-ssh keygen -l [-v] [-E sha256|md5] [-f FILE]                          fingerprints; -v draws them too
       nbs-ssh keygen -e [-f FILE]                                               the public key as RFC 4716
       nbs-ssh keygen -i [-f FILE]                                               the .pub line of RFC 4716 or PEM
       nbs-ssh keygen -F HOST [-l | -H] [-q] [-f KNOWN_HOSTS]                    the lines of a host, also hashed ones
       nbs-ssh keygen -R HOST [-q] [-f KNOWN_HOSTS]                              takes them out
       nbs-ssh keygen -H [-f KNOWN_HOSTS]                                        hides the names of hosts
       nbs-ssh keygen -Y sign [-U] -f KEY -n NAMESPACE [-O hashalg=sha256|sha512] [FILE…]
       nbs-ssh keygen -Y verify -f ALLOWED_SIGNERS -I IDENTITY -n NAMESPACE -s SIGNATURE [-r REVOKED] < FILE
       nbs-ssh keygen -Y find-principals -f ALLOWED_SIGNERS -s SIGNATURE
       nbs-ssh keygen -Y match-principals -f ALLOWED_SIGNERS -I IDENTITY
       nbs-ssh keygen -Y check-novalidate -n NAMESPACE -s SIGNATURE < FILE

Makes keys, shows them, and signs files, with the letters of ssh-keygen. Without -t it makes an ed25519 key.

HOST is a name, or [name]:port. -R and -H keep the file as it was in KNOWN_HOSTS.old.

The KEY of -Y sign may be a .pub file or a certificate: the private key beside it signs or, with -U or when there is none,
the agent.

For -Y, also: -O verify-time=YYYYMMDD[HHMM[SS]][Z], -O print-pubkey, -q.

Passphrases are asked for on the terminal, or taken from NBS_SSH_PASSPHRASE; -N and -P take them too, where other users
of the machine can see them. A file is not overwritten without asking. Private keys are written with mode 0600.

Exit status: 0 when it worked; 1 for options that make no sense, when you declined, and when -F finds no line; 255 for everything else, also a
signature that is not good.
`;

/** What ssh-keygen has and we do not: said by name, rather than taken for a typing error. */
export const KEYGEN_LATER: Readonly<Record<string, string>> = {
  A: 'making all host keys at once (-A)',
  B: 'bubble-babble fingerprints (-B)',
  D: 'keys in PKCS#11 tokens (-D)',
  K: 'keys in authenticators (-K)',
  L: 'listing certificates (-L)',
  M: 'making and screening moduli (-M)',
  Q: 'revocation lists (-Q)',
  V: 'making certificates (-V)',
  g: 'DNS records (-g)',
  h: 'making certificates (-h)',
  k: 'revocation lists (-k)',
  u: 'revocation lists (-u)',
  w: 'keys in authenticators (-w)',
  z: 'making certificates (-z)',
};
