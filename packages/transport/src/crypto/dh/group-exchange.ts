import { cryptoError } from '../errors.ts';
import type { HashName } from '../hash.ts';
import type { GroupExamination, GroupExchangeKexSuite, GroupSizes, RandomSource } from '../kex.ts';
import { bitLength } from '../modular.ts';
import { type DhPower, roundIn } from './finite-field.ts';
import { type DhGroup, isWellKnownPrime, MODP_SIZES, modpGroup } from './groups.ts';
import { isSafePrime } from './safe-prime.ts';

/**
 * What our client asks for, in bits. RFC 8270 wants 2048 at least; 3072 matches the strength of the ciphers beside it;
 * above 8192 nothing is gained, and a peer could make us compute for minutes.
 */
const REQUEST: GroupSizes = { min: 2048, preferred: 3072, max: 8192 };
/** Primes that were examined and found good, the oldest forgotten first. A server's list has some hundred. */
const MAX_REMEMBERED = 256;

/**
 * The group is the server's choice, RFC 4419.
 *
 * A group that is well known is taken at once. Any other is examined when it is first seen, and remembered by this
 * suite when it was good: a provider's suites live as long as the process.
 */
export function groupExchangeKex(name: string, hash: HashName, power: DhPower): GroupExchangeKexSuite {
  const good = new Set<bigint>();
  return {
    kind: 'group-exchange',
    name,
    hash,
    sharedSecretEncoding: 'mpint',
    request: REQUEST,
    examine: (group, random) => examine(name, group, random, good),
    choose: chooseGroup,
    within: (group) => roundIn(name, group, power),
  };
}

function examine(
  algorithm: string,
  { p, g }: DhGroup,
  random: RandomSource,
  good: Set<bigint>,
): GroupExamination {
  const bits = bitLength(p);
  const refuse = (reason: 'size' | 'generator' | 'not-safe'): never => {
    throw cryptoError('CRYPTO_BAD_GROUP', { algorithm, reason, bits });
  };
  // Everything cheap comes first: nothing is computed with a number whose size we did not ask for.
  if (bits < REQUEST.min || bits > REQUEST.max) return refuse('size');
  if ((p & 1n) === 0n) return refuse('not-safe');
  if (g <= 1n || g >= p - 1n) return refuse('generator');
  if (isWellKnownPrime(p, bits)) return { bits, wellKnown: true, proceed: () => true };
  if (good.has(p)) return { bits, wellKnown: false, proceed: () => true };
  const work = isSafePrime(p, random);
  return {
    bits,
    wellKnown: false,
    proceed: () => {
      const { done, value } = work.next();
      if (done !== true) return false;
      if (!value) return refuse('not-safe');
      remember(good, p);
      return true;
    },
  };
}

function remember(good: Set<bigint>, p: bigint): void {
  const [oldest] = good;
  if (oldest !== undefined && good.size >= MAX_REMEMBERED) good.delete(oldest);
  good.add(p);
}

/**
 * The group for a client's sizes, RFC 4419 §3: the smallest that is as long as the client prefers, else the longest it
 * allows. Groups below 2048 bits are not given, whatever is asked for (RFC 8270 §3).
 */
function chooseGroup({ min, preferred, max }: GroupSizes): DhGroup | undefined {
  if (min > preferred || preferred > max) return undefined;
  const allowed = MODP_SIZES.filter((bits) => bits >= min && bits <= max);
  const bits = allowed.find((size) => size >= preferred) ?? allowed.at(-1);
  return bits === undefined ? undefined : modpGroup(bits);
}
