import type { Boundaries } from '../../src/certify/crossing.ts';

/** A probability k/2^bits, which a double holds. */
export interface Dyadic {
  readonly k: bigint;
  readonly bits: bigint;
}

/** An exact probability: `numerator` / 2^(bits · n). */
export interface ExactShare {
  readonly numerator: bigint;
  readonly bits: bigint;
}

/** Probability that boundaries certify, in integers, vote by vote: slow and obvious. */
export function exactCrossing({ checks, up, low }: Boundaries, { k, bits }: Dyadic): ExactShare {
  const n = checks.at(-1)!;
  const miss = (1n << bits) - k;
  let law = new Map<number, bigint>([[0, 1n]]);
  let numerator = 0n;
  for (let used = 1; used <= n; used++) {
    const next = new Map<number, bigint>();
    for (const [h, weight] of law) {
      next.set(h + 1, (next.get(h + 1) ?? 0n) + weight * k);
      next.set(h, (next.get(h) ?? 0n) + weight * miss);
    }
    law = next;
    const j = checks.indexOf(used);
    if (j < 0) continue;
    for (const [h, weight] of law) {
      if (h >= up[j]!) numerator += weight << (bits * BigInt(n - used));
      if (h >= up[j]! || h <= low[j]!) law.delete(h);
    }
  }
  return { numerator, bits: bits * BigInt(n) };
}

/** A double as an exact quotient: value = numerator / 2^bits. */
function exactDouble(value: number): ExactShare {
  let bits = 0n;
  let scaled = value;
  for (; !Number.isInteger(scaled); bits++) scaled *= 2;
  return { numerator: BigInt(scaled), bits };
}

/** Whether a double is at least an exact probability. */
export function isAtLeast(value: number, { numerator, bits }: ExactShare): boolean {
  const double = exactDouble(value);
  return double.numerator << bits >= numerator << double.bits;
}

/** Some other exact probability is certified by a class of several: every class has its run on the same votes. */
export interface ClassRuns {
  readonly boundaries: Boundaries;
  /** Probabilities of the classes. */
  readonly probabilities: readonly number[];
}

/**
 * Probability that each class is the one that is certified, where every class has its run on the same votes: by carrying the law of all counts, with the classes that are
 * out.
 */
export function certifiedClasses({ boundaries, probabilities }: ClassRuns): number[] {
  const { checks, up, low } = boundaries;
  const certified = probabilities.map(() => 0);
  let law = new Map<string, { counts: number[]; out: boolean[]; weight: number }>();
  law.set('', { counts: probabilities.map(() => 0), out: probabilities.map(() => false), weight: 1 });
  for (let used = 1; used <= checks.at(-1)!; used++) {
    const next: typeof law = new Map();
    const put = (counts: number[], out: boolean[], weight: number): void => {
      const name = `${counts.join()} ${out.join()}`;
      const there = next.get(name);
      if (there) there.weight += weight;
      else next.set(name, { counts, out, weight });
    };
    const j = checks.indexOf(used);
    for (const { counts, out, weight } of law.values()) {
      probabilities.forEach((p, c) => {
        const now = counts.map((h, i) => h + (i === c ? 1 : 0));
        if (j < 0) return put(now, out, weight * p);
        const outNow = now.map((h, i) => out[i]! || h <= low[j]!);
        const chosen = now.findIndex((h, i) => !outNow[i] && h >= up[j]!);
        if (chosen >= 0) certified[chosen]! += weight * p;
        else if (!outNow.every(Boolean)) put(now, outNow, weight * p);
      });
    }
    law = next;
  }
  return certified;
}
