import { describe, expect, it } from 'vitest';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { createKey, foldIn } from '../../src/random/key.ts';

// Small spaces, tried in full: every input, every set of positions, random tables as classifiers. A certificate that some input turns fails. Keys are
// fixed, and nothing here is a matter of chance but which tables are tried.

const VALUES = 3;
const CLASSES = 3;
const l0 = { norm: 'l0' } as const;

const setsOf = (positions: number, keep: number, from = 0): number[][] =>
  keep === 0
    ? [[]]
    : Array.from({ length: positions - from }, (_, i) => from + i).flatMap((first) =>
        setsOf(positions, keep - 1, first + 1).map((rest) => [first, ...rest]),
      );

const inputsOf = (positions: number): number[][] =>
  positions === 0
    ? [[]]
    : inputsOf(positions - 1).flatMap((rest) => Array.from({ length: VALUES }, (_, value) => [...rest, value]));

const distance = (a: readonly number[], b: readonly number[]): number => a.filter((value, i) => value !== b[i]).length;

/** Votes per class at every input, and for each the number of copies, of a random table that leans towards class 0. */
function votesOf(positions: number, keep: number, table: number): { inputs: number[][]; votes: number[][] } {
  const sets = setsOf(positions, keep);
  const inputs = inputsOf(positions);
  const key = foldIn(createKey(64), table);
  const lean = 1 + (table % 7); // from nearly even to nearly unanimous
  const answers = new Map<string, number>();
  const answer = (copy: string): number => {
    const known = answers.get(copy);
    if (known !== undefined) return known;
    const [word] = foldIn(key, answers.size);
    const drawn = word % (CLASSES + lean);
    const own = drawn < CLASSES ? drawn : 0;
    answers.set(copy, own);
    return own;
  };
  const votes = inputs.map((x) => {
    const counts = new Array<number>(CLASSES).fill(0);
    for (const set of sets) counts[answer(`${set.join()}:${set.map((i) => x[i]).join()}`)]!++;
    return counts;
  });
  return { inputs, votes };
}

const argmax = (counts: readonly number[]): number => counts.indexOf(Math.max(...counts));

/** Smallest number of changes that leads to an input for which something does not hold; Infinity for none. */
function nearest(inputs: readonly number[][], from: number, fails: (at: number) => boolean): number {
  let least = Infinity;
  inputs.forEach((x, at) => {
    const away = distance(inputs[from]!, x);
    if (away < least && fails(at)) least = away;
  });
  return least;
}

describe.each([
  [5, 2],
  [5, 1],
  [4, 1],
  [6, 2],
])('of %i positions %i are kept', (positions, keep) => {
  const options = { inputShape: [positions], keep, positions: 'values' } as const;
  const [all, sampled] = [new AllAblations(options), new AblationNoise(options)];
  // The exact shares, as bounds: rounded to the safe side.
  const up = (count: number): number => Math.min(1, (count / all.copies) * (1 + 2 ** -52));
  const exact = (count: number): { p: number; q: number } => ({
    p: 1 - up(all.copies - count),
    q: up(all.copies - count),
  });
  const asUpper = (count: number): { p: number; q: number } => ({ p: up(count), q: 1 - up(count) });
  const TABLES = positions > 5 ? 12 : 60;

  it('no change within a certified radius turns the answer of the classifier', () => {
    const tally = { certified: 0, changed: 0, tight: 0 };
    for (let table = 0; table < TABLES; table++) {
      const { inputs, votes } = votesOf(positions, keep, table);
      inputs.forEach((_, at) => {
        const counts = votes[at]!;
        const label = argmax(counts);
        const turned = nearest(inputs, at, (other) => argmax(votes[other]!) !== label);
        const radius = all.radius(counts, label, l0);
        expect(radius, 'the class itself is known').toBeGreaterThanOrEqual(0);
        expect(turned, `table ${table}, input ${at}`).toBeGreaterThan(radius);
        if (radius > 0) tally.certified++;
        if (turned < Infinity) tally.changed++;
        if (turned === radius + 1) tally.tight++;

        // The exact shares as bounds of the sampled noise: strictly the most probable class, whatever the order of classes.
        const rivals = counts.filter((_, c) => c !== label);
        const others = rivals.map(asUpper);
        const one = sampled.radius(exact(counts[label]!), l0);
        const two = sampled.radiusAgainst(exact(counts[label]!), others, 1, l0);
        const beaten = nearest(inputs, at, (other) => rivalOf(votes[other]!, label) >= votes[other]![label]!);
        expect(beaten, `one bound, table ${table}, input ${at}`).toBeGreaterThan(one);
        expect(beaten, `two bounds, table ${table}, input ${at}`).toBeGreaterThan(two);
      });
    }
    // The certificates are not empty, and some are as large as they can be.
    expect(tally.certified).toBeGreaterThan(50);
    expect(tally.changed).toBeGreaterThan(1000);
    expect(tally.tight).toBeGreaterThan(10);
  });

  it('no change within a certified radius takes a class out of the two most probable ones', () => {
    let certified = 0;
    for (let table = 0; table < TABLES; table++) {
      const { inputs, votes } = votesOf(positions, keep, table);
      inputs.forEach((_, at) => {
        const counts = votes[at]!;
        for (let label = 0; label < CLASSES; label++) {
          const others = counts.filter((_, c) => c !== label).map(asUpper);
          const radius = sampled.radiusAgainst(exact(counts[label]!), others, 2, l0);
          if (radius < 0) continue;
          if (radius > 0) certified++;
          const out = nearest(inputs, at, (other) => {
            const own = votes[other]![label]!;
            return votes[other]!.filter((count, c) => c !== label && count >= own).length >= 2;
          });
          expect(out, `class ${label}, table ${table}, input ${at}`).toBeGreaterThan(radius);
        }
      });
    }
    expect(certified).toBeGreaterThan(50);
  });
});

/** Votes of the strongest other class. */
function rivalOf(counts: readonly number[], label: number): number {
  return Math.max(...counts.filter((_, c) => c !== label));
}
