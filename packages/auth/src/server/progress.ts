import type { Certificate } from '@nbs-ssh/transport/keys';
import type { OpenRequest } from './state.ts';
import type { ServerMethod } from './types.ts';

/** How far one user has come on each of the ways in. */
export class Progress {
  readonly #methods: readonly ServerMethod[];
  readonly #required: readonly (readonly ServerMethod[])[];
  #ways: readonly (readonly ServerMethod[])[];
  #passed: ServerMethod[] = [];
  readonly #keys = new Set<string>();
  #certificates: Certificate[] = [];

  /** @throws {RangeError} when there is no way in, an empty one, or one over a method that does not exist here. */
  constructor(
    methods: readonly ServerMethod[],
    required: readonly (readonly ServerMethod[])[] = methods.map((method) => [method]),
  ) {
    if (methods.length === 0 || required.length === 0) {
      throw new RangeError('authentication needs at least one method');
    }
    for (const way of required) {
      if (way.length === 0 || way.some((method) => !methods.includes(method))) {
        throw new RangeError(`required methods [${way.join(',')}] must be some of [${methods.join(',')}]`);
      }
    }
    this.#methods = methods;
    this.#required = required;
    this.#ways = required;
  }

  /** Forgets everything: another user or service begins from the start, RFC 4252 §5. */
  reset(): void {
    this.#ways = this.#required;
    this.#passed = [];
    this.#keys.clear();
    this.#certificates = [];
  }

  /** Methods that can continue. */
  get open(): readonly ServerMethod[] {
    return [...new Set(this.#ways.flatMap((way) => way.slice(0, 1)))];
  }

  get passed(): readonly ServerMethod[] {
    return [...this.#passed];
  }

  /** Those that counted for a step. What they restrict holds for the whole login. */
  get certificates(): readonly Certificate[] {
    return [...this.#certificates];
  }

  allows(method: string): method is ServerMethod {
    return this.open.some((open) => open === method);
  }

  /** One key counts for one step only. */
  keyWasUsed(fingerprint: string): boolean {
    return this.#keys.has(fingerprint);
  }

  /**
   * Takes one step.
   *
   * @param next - Methods of which one must follow, when the application decided that itself.
   * @returns `true` when the user is in.
   */
  pass(method: ServerMethod, key: OpenRequest['key'], next?: readonly ServerMethod[]): boolean {
    this.#passed.push(method);
    if (key !== undefined) this.#keys.add(key.fingerprint);
    const certificate = key?.publicKey.certificate;
    if (certificate !== undefined) this.#certificates.push(certificate);
    this.#ways =
      next === undefined
        ? this.#ways.map((way) => (way[0] === method ? way.slice(1) : way))
        : next.map((step) => [step]);
    return this.#ways.some((way) => way.length === 0);
  }

  /** Says whether an application's own list of next methods can be satisfied at all. */
  canContinueWith(next: unknown): next is readonly ServerMethod[] {
    return (
      Array.isArray(next) &&
      next.length > 0 &&
      next.every((method) => this.#methods.includes(method as never))
    );
  }
}
