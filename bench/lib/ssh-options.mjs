// How OpenSSH's client is started: with nothing of the user's own settings.

export function sshOptions({ port, key, knownHosts, cipher, mac }) {
  const settings = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    `UserKnownHostsFile=${knownHosts}`,
    ...(cipher === undefined ? [] : [`Ciphers=${cipher}`]),
    ...(mac === undefined ? [] : [`MACs=${mac}`]),
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  return ['-F', 'none', ...options, '-i', key, '-p', String(port)];
}
