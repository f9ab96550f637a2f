import { createHash } from 'node:crypto';
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { buildSync } from 'esbuild';
import type { Kem } from '../../../src/crypto/kem.ts';

// sntrup761 under observation. The sources are bundled into one script, which is run twice over: once with the engine
// counting how often each block of it runs, once with typed arrays that record each index they are asked for.

type Typed = Uint8Array | Int32Array | Float64Array;
type Make = (sha512: (...parts: readonly Uint8Array[]) => Uint8Array) => Kem;

const ARRAYS = { Uint8Array, Int32Array, Float64Array } as const;
const entry = new URL('../../../src/crypto/sntrup761/index.ts', import.meta.url);
let scripts = 0;

/** The sources as one function body in JavaScript, which returns what `index.ts` exports. */
export function bundle(): string {
  const built = buildSync({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'exported',
    target: 'node20',
  });
  return `${built.outputFiles[0]?.text ?? ''}\nreturn exported.sntrup761;`;
}

/** One use of the mechanism, with random bytes and a hash that belong to the observation. */
export type Use = (kem: Kem, own: (bytes: Uint8Array) => Uint8Array) => void;

/** How often each block of `code` runs in each of `uses`: one text for each, as the engine counts. */
export function blockCounts(code: string, uses: readonly Use[]): string[] {
  const session = new Session();
  session.connect();
  const post = (method: string, parameters: object = {}): unknown => {
    let answer: unknown;
    session.post(method, parameters, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  };
  // A name of its own: it is how the engine's report is found again.
  scripts += 1;
  const filename = `sntrup761-observed-${scripts}.js`;
  // A function that was inlined into another is not counted any more.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
  try {
    post('Profiler.enable');
    post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    const make = new Script(`(() => {${code}})()`, { filename }).runInThisContext() as Make;
    const kem = make(sha512);
    const take = (): string => {
      const { result } = post('Profiler.takePreciseCoverage') as {
        result: { url: string; functions: unknown }[];
      };
      return JSON.stringify(result.find(({ url }) => url === filename)?.functions);
    };
    return uses.map((use) => {
      take();
      use(kem, (bytes) => bytes);
      return take();
    });
  } finally {
    post('Profiler.stopPreciseCoverage');
    post('Profiler.disable');
    session.disconnect();
    setFlagsFromString('--opt');
  }
}

/** A digest of all indices, in order, that each of `uses` reads and writes; and how many there were. */
export function indexTraces(code: string, uses: readonly Use[]): { count: number; digest: number }[] {
  const trace = { count: 0, digest: 0 };
  const targets = new WeakMap<object, Typed>();
  const plain = <T>(value: T): T =>
    (typeof value === 'object' && value !== null ? (targets.get(value) ?? value) : value) as T;
  const seen = (key: string | symbol): void => {
    const index = typeof key === 'string' ? Number(key) : Number.NaN;
    if (Number.isNaN(index)) return;
    trace.count += 1;
    trace.digest = Math.imul(trace.digest ^ index, 0x01000193) ^ (trace.digest >>> 15);
  };
  const watch = <T>(value: T): T => {
    if (!ArrayBuffer.isView(value)) return value;
    const proxy = new Proxy(value as unknown as Typed, {
      get: (target, key) => {
        seen(key);
        const found: unknown = Reflect.get(target, key, target);
        if (typeof found !== 'function' || key === 'constructor') return found;
        return (...args: unknown[]) => watch(Reflect.apply(found, target, args.map(plain)) as unknown);
      },
      set: (target, key, next) => {
        seen(key);
        return Reflect.set(target, key, next, target);
      },
    });
    targets.set(proxy, value as unknown as Typed);
    return proxy as T;
  };
  const watched = Object.entries(ARRAYS).map(
    ([name, base]) =>
      [
        name,
        new Proxy(base, {
          construct: (target, args: unknown[]) => watch(Reflect.construct(target, args.map(plain)) as Typed),
          get: (target, key) => {
            const found: unknown = Reflect.get(target, key, target);
            if (key !== 'of' && key !== 'from') return found;
            return (...args: unknown[]) =>
              watch(Reflect.apply(found as () => Typed, target, args.map(plain)) as Typed);
          },
        }),
      ] as const,
  );
  const make = new Function(...watched.map(([name]) => name), code)(
    ...watched.map(([, base]) => base),
  ) as Make;
  const kem = make((...parts) => watch(sha512(...parts.map(plain))));
  return uses.map((use) => {
    trace.count = 0;
    trace.digest = 0;
    use(kem, watch);
    return { ...trace };
  });
}

function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash('sha512');
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}
