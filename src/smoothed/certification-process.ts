import type { CertificationRule, RuleResult, RuleRun } from '../certify/rule.ts';
import { topClass } from '../certify/vote-counts.ts';
import type { Certificate, RuleRecord } from '../certify/types.ts';
import { dataFor } from '../host/own-data.ts';
import type { Noise } from '../noise/types.ts';
import { certificateKeys } from '../random/purposes.ts';
import type { Key, Norm } from '../types.ts';
import { claimOf, noiseRecord } from './certificates.ts';
import type { VoteCounts } from './count-votes.ts';
import { ruleContext, ruleDraw } from './rule-context.ts';

/** How one example is certified. @internal */
export interface ProcessSettings {
  readonly key: Key;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly checkEvery: number;
  readonly rule: CertificationRule;
  readonly norm: Norm;
  readonly noise: Noise;
  readonly numClasses: number;
  readonly dimension: number;
}

/** The samples that a process asks for next. @internal */
export interface WantedSamples {
  readonly key: Key;
  /** Index of the first one. */
  readonly start: number;
  /** So many are needed before anything can be decided. */
  readonly needed: number;
  /** So many are left at most; those beyond `needed` may turn out to be in vain. */
  readonly left: number;
  /** What follows `start` is checked where the index of the next sample is a multiple of this. */
  readonly every: number;
}

/**
 * The way of one example from its first sample to its certificate, without tensors: it says which samples it wants and takes their
 * votes in order, in pieces of any size that no check divides.
 *
 * Stops are tested at multiples of `checkEvery`, and votes beyond a stop are dropped: the pieces never change a result.
 * @internal
 */
export class CertificationProcess {
  readonly #settings: ProcessSettings;
  readonly #keys: ReturnType<typeof certificateKeys>;
  readonly #draw: number;
  readonly #countsSelection: number[];
  readonly #counts: number[];
  #usedSelection = 0;
  #used = 0;
  #run: RuleRun | undefined;
  #stop: string | undefined;

  constructor(settings: ProcessSettings) {
    this.#settings = settings;
    this.#keys = certificateKeys(settings.key);
    this.#draw = ruleDraw(settings.key);
    this.#countsSelection = new Array<number>(settings.numClasses).fill(0);
    this.#counts = new Array<number>(settings.numClasses).fill(0);
  }

  /** The samples wanted next, or undefined once all is decided. */
  wanted(): WantedSamples | undefined {
    const { n0, n, checkEvery } = this.#settings;
    if (this.#stop !== undefined) return undefined;
    if (this.#run === undefined) {
      const left = n0 - this.#usedSelection;
      return { key: this.#keys.selection, start: this.#usedSelection, needed: left, left, every: n0 };
    }
    const left = n - this.#used;
    const needed = Math.min(left, checkEvery - (this.#used % checkEvery));
    return { key: this.#keys.estimation, start: this.#used, needed, left, every: checkEvery };
  }

  /** Takes the votes of the next samples: at most as many samples as are needed. Beyond a stop they are dropped. */
  take({ counts, drawn }: VoteCounts): void {
    const wanted = this.wanted();
    if (wanted === undefined) return;
    if (drawn > wanted.needed) throw new Error('a check divides these votes');
    if (this.#run === undefined) this.#takeSelection(counts, drawn);
    else this.#takeEstimation(this.#run, counts, drawn);
  }

  /** The certificate of a process that wants no more samples. */
  certificate(): Certificate {
    const counts = this.#counts;
    const run = this.#run;
    if (run === undefined || this.#stop === undefined) throw new Error('the process still wants samples');
    const result = run.result({ counts, used: this.#used });
    const ended = { result, counts, countsSelection: this.#countsSelection, used: this.#used, stop: this.#stop };
    return ruledCertificate(this.#settings, ended);
  }

  #takeSelection(counts: readonly number[], drawn: number): void {
    addVotes(this.#countsSelection, counts);
    this.#usedSelection += drawn;
    if (this.#usedSelection < this.#settings.n0) return;
    const countsSelection = this.#countsSelection;
    this.#run = this.#settings.rule.begin(
      ruleContext(this.#settings, { countsSelection, cAHat: topClass(countsSelection), draw: this.#draw }),
    );
  }

  #takeEstimation(run: RuleRun, counts: readonly number[], drawn: number): void {
    const { n, checkEvery } = this.#settings;
    addVotes(this.#counts, counts);
    this.#used += drawn;
    const used = this.#used;
    if (used % checkEvery !== 0 && used < n) return;
    const stop = run.check({ counts: this.#counts, used });
    if (stop !== undefined || used === n) this.#stop = stop ?? 'all-drawn';
  }
}

function addVotes(sums: number[], counts: readonly number[]): void {
  counts.forEach((count, c) => (sums[c] = (sums[c] ?? 0) + count));
}

/** How a rule ended on one example. @internal */
export interface EndedRun {
  readonly result: RuleResult;
  readonly counts: readonly number[];
  readonly countsSelection: readonly number[];
  /** Estimation samples that were drawn. */
  readonly used: number;
  /** What ended the sampling. */
  readonly stop: string;
}

/** The certificate of hard votes as a function of how the rule ended on them. @internal */
export function ruledCertificate(
  settings: Omit<ProcessSettings, 'numClasses' | 'rule'> & { readonly rule: RuleRecord },
  { result, counts, countsSelection, used, stop }: EndedRun,
): Certificate {
  const { key, n0, n, alpha, norm, checkEvery, noise, rule, dimension } = settings;
  const { cAHat, radius, reason, lower, bound, pBBar, steps, draw, topK = 1 } = result;
  const claim = claimOf(cAHat, radius);
  return {
    label: claim.label,
    abstained: claim.abstained,
    radius: claim.radius,
    cAHat: claim.cAHat,
    reason,
    topK,
    pABar: lower.p,
    qABar: lower.q,
    bound,
    nA: counts[cAHat] ?? 0,
    stop,
    norm,
    rule: { name: rule.name, parameters: dataFor(rule.parameters) },
    n0,
    n,
    nUsed: used,
    failures: counts.reduce((left, count) => left - count, used),
    alpha,
    countsSelection,
    counts,
    checkEvery,
    key,
    noise: noiseRecord(noise),
    domain: noise.domain,
    assumptions: dataFor(noise.assumptions) ?? ['real arithmetic'],
    smoothing: 'hard',
    dimension,
    ...(pBBar !== undefined && { pBBar }),
    ...(steps !== undefined && { steps }),
    ...(draw !== undefined && { draw }),
  };
}
