/**
 * Whether a host name can go where commands are built: nothing that a shell or an option parser takes for more than a
 * name. The same as OpenSSH since 9.6.
 */
export function isSafeHost(host: string): boolean {
  return host !== '' && !host.startsWith('-') && !/['"`$\\;&<>|(){},\s]/.test(host) && !hasControls(host);
}

/** The same for a user. Names of Windows domains have a backslash, so one is allowed, though not at the end. */
export function isSafeUser(user: string): boolean {
  if (user === '' || user.startsWith('-') || user.endsWith('\\')) return false;
  return !/['"`;&<>|(){}]|\s-/.test(user) && !hasControls(user);
}

/**
 * Whether a value may be put into a command line that a shell will read. Stricter than for a name: a dollar sign or a
 * backslash has a meaning there, whatever it had for the user.
 */
export function isSafeInCommand(value: string): boolean {
  return !value.startsWith('-') && !/['"`$\\;&<>|(){}*?#!\s]/.test(value) && !hasControls(value);
}

export function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}
