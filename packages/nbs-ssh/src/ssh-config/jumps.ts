import { ConfigError } from './errors.ts';
import { type JumpHop, MAX_HOPS } from './hop.ts';
import type { HostSettings } from './settings.ts';

/**
 * The hosts on the way to one, each with what the configuration says about it, in the order they are connected to. As
 * with ssh: a jump host has its own `User`, `Port` and keys, and the first of them may need others to be reached.
 *
 * @param resolve - What the configuration says about a hop.
 * @throws {ConfigError} `CONFIG_LIMIT` when they lead to themselves, or are too many.
 */
export async function jumpSettings(
  target: HostSettings,
  resolve: (hop: JumpHop) => Promise<HostSettings>,
): Promise<readonly HostSettings[]> {
  const way: HostSettings[] = [target];
  for (let first: HostSettings | undefined = target; first !== undefined && first.proxyJump.length > 0; ) {
    const hops: readonly HostSettings[] = await Promise.all(first.proxyJump.map(resolve));
    for (const [at, hop] of hops.entries()) {
      if (![...way, ...hops.slice(0, at)].some((other) => isSame(other, hop))) continue;
      const text = `the way to ${target.host} leads through ${hop.host} twice`;
      throw new ConfigError('CONFIG_LIMIT', text, { option: 'ProxyJump' });
    }
    way.unshift(...hops);
    // Together with those that jump hosts need themselves.
    if (way.length > MAX_HOPS + 1) {
      const text = `there are more than ${MAX_HOPS} hosts on the way to ${target.host}`;
      throw new ConfigError('CONFIG_LIMIT', text, { option: 'ProxyJump' });
    }
    first = hops[0];
  }
  return way.slice(0, -1);
}

function isSame(one: HostSettings, other: HostSettings): boolean {
  return one.hostName === other.hostName && one.port === other.port && one.user === other.user;
}
