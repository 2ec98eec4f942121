import type * as positions from '../../src/random/draw-position.ts';

let seen = new Set<string>();

/**
 * `random/draw-position.ts` as a module that remembers the keys: every draw of the library passes one of its two functions, on every backend.
 * For `vi.mock` in the file of the test.
 */
export function watching(real: typeof positions): typeof positions {
  const see = ({ key }: positions.DrawPosition): void => void seen.add(String(key));
  return {
    checkDrawPosition: (...args) => {
      see(args[3]);
      real.checkDrawPosition(...args);
    },
    checkSamples: (...args) => {
      see(args[1]);
      real.checkSamples(...args);
    },
  };
}

/** The keys that something draws numbers from, while nothing else draws; those of a call of this function inside are not counted. */
export async function drawnKeys(work: () => unknown): Promise<Set<string>> {
  const before = seen;
  seen = new Set();
  try {
    await work();
    return seen;
  } finally {
    seen = before;
  }
}

/** Which purposes have keys in common, as `a = b`. */
export function shared(purposes: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const entries = [...purposes];
  return entries.flatMap(([a, ofA], i) =>
    entries.slice(i + 1).flatMap(([b, ofB]) => ([...ofA].some((key) => ofB.has(key)) ? [`${a} = ${b}`] : [])),
  );
}
