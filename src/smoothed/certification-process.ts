import type { CertificationRule, RuleContext, RuleRun } from '../certify/rule.ts';
import type { Certificate } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { assertNorm } from '../noise/requests.ts';
import type { Noise } from '../noise/types.ts';
import { fillBits } from '../random/fill-bits.ts';
import { certificateKeys } from '../random/purposes.ts';
import type { Key, Norm } from '../types.ts';
import { hardCertificate } from './certificates.ts';
import type { VoteCounts } from './count-votes.ts';

/** How one example is certified. */
interface ProcessSettings {
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
 * One example from its first sample to its certificate, without tensors: it says which samples it wants and takes their votes in order,
 * in pieces of any size that no check divides.
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
    const votes = { counts, countsSelection: this.#countsSelection, nUsed: this.#used };
    return hardCertificate({ ...this.#settings, ...votes, result, stop: this.#stop });
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

type ContextSettings = Pick<ProcessSettings, 'n' | 'alpha' | 'checkEvery' | 'noise' | 'norm' | 'dimension'>;

/** What a rule may know about one example. @internal */
export function ruleContext(
  { n, alpha, checkEvery, noise, norm, dimension }: ContextSettings,
  selected: Pick<RuleContext, 'countsSelection' | 'cAHat' | 'draw'>,
): RuleContext {
  assertNorm('CertificationRule.begin', norm, noise.norms);
  const request = { norm, dimension };
  const context: RuleContext = {
    countsSelection: selected.countsSelection,
    cAHat: selected.cAHat,
    draw: selected.draw,
    n,
    alpha,
    checkEvery,
    radius: (bound) => noise.radius(bound, request),
  };
  if (noise.radiusAgainst === undefined) return context;
  return { ...context, radiusAgainst: (lower, others, k) => noise.radiusAgainst?.(lower, others, k, request) ?? 0 };
}

/** The rule's own uniform number in (0, 1], of 53 bits, from a key that no sample uses. @internal */
export function ruleDraw(key: Key): number {
  const words = new Uint32Array(2);
  fillBits(words, { key: certificateKeys(key).draw, start: 0, dimension: 2 });
  const [high = 0, low = 0] = words;
  return ((high >>> 5) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 53;
}
