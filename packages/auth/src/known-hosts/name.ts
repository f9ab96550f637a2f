/** Port whose host names stand bare in known_hosts. */
const DEFAULT_PORT = 22;

/**
 * The name a host has in known_hosts: `host`, or `[host]:port` for ports other than 22.
 *
 * Lower case in ASCII only, as host names are compared: `toLowerCase` would turn a Kelvin sign into `k`.
 */
export function knownHostsName(host: string, port: number): string {
  const lower = asciiLowerCase(host);
  return port === DEFAULT_PORT ? lower : `[${lower}]:${port}`;
}

export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
}
