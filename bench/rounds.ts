/** One piece of work; it may say how many seconds to count, for example if another process has measured them. */
export type Work = () => unknown;

/** How to measure. */
export interface RoundOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before them, which warm up compilers and caches. */
  readonly warmUp?: number;
  /** The clock, in seconds. */
  readonly clock?: () => number;
}

/** Wall-clock time in seconds. */
function wallSeconds(): number {
  return performance.now() / 1000;
}

/** Time of the processor in seconds, all threads of this process: what neighbours on the machine disturb least. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Seconds of each work in each round. Every round does every work once, beginning with another one each time, so that slow moments of
 * the machine fall on all of them alike.
 */
export async function alternate<Name extends string>(
  works: Readonly<Record<Name, Work>>,
  { rounds, warmUp = 1, clock = wallSeconds }: RoundOptions,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i] of names.entries()) {
      const name = names[(i + round + warmUp) % names.length]!;
      const begin = clock();
      const told: unknown = await works[name]();
      const measured = typeof told === 'number' ? told : clock() - begin;
      if (round >= 0) seconds[name].push(measured);
    }
  }
  return seconds;
}
