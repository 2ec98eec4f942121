import type { CertificationRule, RuleContext, RuleResult } from '../../src/certify/rule.ts';
import { topClass } from '../../src/certify/vote-counts.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import type { Key, ProbabilityBound } from '../../src/types.ts';

/** Which runs to simulate. */
export interface Simulation {
  readonly rule: CertificationRule;
  /** True class probabilities. */
  readonly probabilities: readonly number[];
  /** Size of the selection sample. */
  readonly n0?: number;
  /** `true`: the certified class is what the selection sample chooses; else it is class 0, and the sample only feeds priors. */
  readonly selects?: boolean;
  readonly n: number;
  readonly checkEvery: number;
  readonly alpha: number;
  readonly runs: number;
  readonly seed: number;
}

/** How the runs ended. */
export interface Tallies {
  /** Radius at or beyond the true one, or any radius where there is none. */
  readonly wrong: number;
  readonly certified: number;
  /** A fixed radius was declined although the class probability gives it. */
  readonly wronglyDeclined: number;
  readonly meanUsed: number;
}

// Laplace noise for the rules of one bound, since its radius is quick to compute; Gaussian noise for those of several.
const laplace = new LaplaceNoise({ scale: 1 });
const gaussian = new GaussianNoise({ sigma: 1 });
const pair = (p: number): ProbabilityBound => ({ p, q: 1 - p });
const radius: RuleContext['radius'] = (bound) => laplace.radius(bound, { norm: 'l1', dimension: 1 });
const radiusAgainst: NonNullable<RuleContext['radiusAgainst']> = (lower, others, k) =>
  gaussian.radiusAgainst(lower, others, k, { norm: 'l2', dimension: 1 });

/** Class probability whose radius is r in these simulations, for the rules of one bound. */
export const probabilityFor = (r: number): number => 1 - Math.exp(-r) / 2;

/** Largest radius that holds for a class, by the rule's own theorem at the true probabilities. */
function trueRadius(rule: CertificationRule, probabilities: readonly number[], label: number): number {
  const own = pair(probabilities[label]!);
  if (rule.name !== 'top-two' && rule.name !== 'top-k') return radius(own);
  const others = probabilities.filter((_, c) => c !== label).map(pair);
  return radiusAgainst(own, others, rule.name === 'top-k' ? (rule.parameters['k'] as number) : 1);
}

/** Runs a rule many times on simulated votes and compares each result with the truth. */
export function simulate(simulation: Simulation): Tallies {
  const { rule, probabilities, n0 = 50, selects = false, n, checkEvery, alpha, runs, seed } = simulation;
  const sampler = new VoteSampler(probabilities, [n0, checkEvery]);
  const words = new Uint32Array((1 + Math.ceil(n / checkEvery)) * (probabilities.length - 1));
  const truth = probabilities.map((_, label) => trueRadius(rule, probabilities, label));
  const smallest = [rule.parameters['radius'] ?? 0].flat().map(Number)[0]!;
  let [wrong, certified, wronglyDeclined, used] = [0, 0, 0, 0];
  for (let run = 0; run < runs; run++) {
    fillBits(words, { key: foldIn(createKey(seed), run), start: 0, dimension: words.length });
    sampler.start(words);
    const countsSelection = probabilities.map(() => 0);
    if (n0 > 0) sampler.add(countsSelection, n0);
    const played = playCounts(simulation, countsSelection, selects ? topClass(countsSelection) : 0, sampler, run);
    const { radius, cAHat, reason } = played.result;
    used += played.used;
    if (radius > 0) certified++;
    // Radii are rounded down by about 1e-13; the least probability of a radius is found up to that.
    if (radius > 0 && radius >= truth[cAHat]! * (1 - 1e-9)) wrong++;
    if (reason === 'declined' && truth[cAHat]! >= smallest * (1 - 1e-9)) wronglyDeclined++;
  }
  return { wrong, certified, wronglyDeclined, meanUsed: used / runs };

  function playCounts(
    { rule }: Simulation,
    countsSelection: readonly number[],
    cAHat: number,
    votes: VoteSampler,
    run: number,
  ): { readonly result: RuleResult; readonly used: number } {
    const going = rule.begin({
      countsSelection,
      cAHat,
      n,
      n0,
      checkEvery,
      alpha,
      draw: uniformOf(foldIn(createKey(seed + 1), run)),
      radius,
      radiusAgainst,
    });
    const counts = probabilities.map(() => 0);
    for (let drawn = checkEvery; ; drawn += checkEvery) {
      votes.add(counts, checkEvery);
      const tally = { counts, used: drawn };
      if (going.check(tally) !== undefined || drawn >= n) return { result: going.result(tally), used: drawn };
    }
  }
}

function uniformOf(key: Key): number {
  const words = new Uint32Array(1);
  fillBits(words, { key, start: 0, dimension: 1 });
  return (words[0]! + 0.5) / 2 ** 32;
}

/**
 * Votes of whole ranges of samples at once: the classes' counts are conditional binomials, drawn through their distribution functions
 * from 32-bit uniform numbers (so every probability is off by at most 2⁻³²).
 */
class VoteSampler {
  readonly #tables: ReadonlyMap<number, readonly (readonly Float64Array[])[]>;
  #words: Uint32Array = new Uint32Array();
  #next = 0;

  constructor(probabilities: readonly number[], sizes: readonly number[]) {
    this.#tables = new Map(
      sizes.map((size) => {
        let left = 1;
        const ofClasses = probabilities.slice(0, -1).map((p) => {
          const share = Math.min(1, p / left);
          left -= p;
          return Array.from({ length: size + 1 }, (_, m) => binomialDistribution(m, share));
        });
        return [size, ofClasses];
      }),
    );
  }

  start(words: Uint32Array): void {
    this.#words = words;
    this.#next = 0;
  }

  add(counts: number[], size: number): void {
    const tables = this.#tables.get(size)!;
    let left = size;
    tables.forEach((ofSize, c) => {
      const u = (this.#words[this.#next++]! + 0.5) / 2 ** 32;
      const cumulative = ofSize[left]!;
      let count = 0;
      while (count < left && cumulative[count]! < u) count++;
      counts[c]! += count;
      left -= count;
    });
    counts[counts.length - 1]! += left;
  }
}

/** P(Bin(n, p) <= j) for j = 0, ..., n. */
function binomialDistribution(n: number, p: number): Float64Array {
  let logChoose = 0;
  let sum = 0;
  const cumulative = new Float64Array(n + 1);
  for (let j = 0; j <= n; j++) {
    if (j > 0) logChoose += Math.log((n - j + 1) / j);
    const [hits, misses] = [j > 0 ? j * Math.log(p) : 0, n > j ? (n - j) * Math.log1p(-p) : 0];
    sum += Math.exp(logChoose + hits + misses);
    cumulative[j] = sum;
  }
  return cumulative;
}
