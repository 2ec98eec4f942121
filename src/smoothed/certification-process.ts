import type { CertificationRule, RuleRun } from '../certify/rule.ts';
import { chosenRule } from '../certify/chosen-rule.ts';
import type { Certificate } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import type { Noise } from '../noise/types.ts';
import { certificateKeys } from '../random/purposes.ts';
import type { InputRange, Key, Norm } from '../types.ts';
import { hardCertificate, noiseAssumptions, noiseRecord } from './certificates.ts';
import type { VoteAsk, VoteCounts } from './count-votes.ts';
import {
  type EarlierSamples,
  type OtherSamples,
  otherSamples,
  SampleComparison,
  type SampleName,
  type SampleNews,
  type SamplePiece,
  type SampleRecord,
} from './earlier-samples.ts';
import { ruleContext, ruleDraw } from './rule-context.ts';
import type { SampleProcess, WantedSamples } from './sample-process.ts';

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
  readonly inputRange?: InputRange | undefined;
  /** Whether the inference form of the models votes. */
  readonly inferenceForm?: boolean | undefined;
  /** So many of the first estimation samples have their votes kept one by one. */
  readonly keepVotes?: number | undefined;
  /** Votes of the selection sample, drawn before by the same key. */
  readonly selection?: readonly number[] | undefined;
  /** Whether its news have the samples. */
  readonly tellsSamples?: boolean | undefined;
}

/**
 * One example from its first sample to its certificate, without tensors: it says which samples it wants and takes their votes in order,
 * in pieces of any size that no check divides.
 *
 * Stops are tested at multiples of `checkEvery`, and votes beyond a stop are dropped: the pieces never change a result.
 *
 * Samples of an earlier run count once a few of them have been drawn again and voted the same; else it begins anew, and says so in its news.
 * @internal
 */
export class CertificationProcess implements SampleProcess<VoteCounts, Certificate, VoteAsk> {
  readonly #settings: ProcessSettings;
  readonly #keys: ReturnType<typeof certificateKeys>;
  readonly #draw: number;
  readonly #record: SampleRecord;
  #countsSelection: number[] = [];
  #counts: number[] = [];
  #votes: number[] = [];
  #usedSelection = 0;
  #used = 0;
  #run: RuleRun | undefined;
  #stop: string | undefined;
  #earlier: readonly SamplePiece[] = [];
  #comparison: SampleComparison | undefined;
  #other: OtherSamples | undefined;
  #taken: SamplePiece[] = [];

  constructor(settings: ProcessSettings, earlier?: EarlierSamples) {
    this.#settings = settings;
    this.#keys = certificateKeys(settings.key);
    this.#draw = ruleDraw(settings.key);
    this.#record = recordOf(settings);
    this.#restart();
    if (earlier === undefined) return;
    const { numClasses, noise } = settings;
    this.#other = otherSamples(this.#record, earlier, (piece) => isVoteCount(piece, numClasses, noise));
    if (this.#other !== undefined) return;
    this.#earlier = earlier.pieces;
    this.#comparison = new SampleComparison(earlier.pieces, settings.checkEvery);
    this.#takeEarlier();
  }

  /** The samples wanted next, or undefined once all is decided. */
  wanted(): WantedSamples<VoteAsk> | undefined {
    const { n0, checkEvery, rule } = this.#settings;
    const again = this.#comparison?.wanted();
    if (again === undefined) return this.#next();
    const { sample, ...range } = again;
    return {
      key: this.#keys[sample],
      ...range,
      sure: () => range.left,
      isFixed: rule.drawsAll === true,
      every: sample === 'selection' ? n0 : checkEvery,
      ask: undefined,
    };
  }

  /** Takes the votes of the next samples: at most as many samples as are needed. Beyond a stop they are dropped. */
  take({ counts, drawn, votes }: VoteCounts): void {
    const wanted = this.wanted();
    if (wanted === undefined) return;
    if (drawn > wanted.needed) throw new Error('a check divides these votes');
    if (this.#comparison === undefined) {
      if (this.#settings.tellsSamples)
        this.#taken.push({ sample: this.#sample(), start: wanted.start, drawn, values: counts });
      if (wanted.ask === 'votes') this.#keep(votes);
      this.#accept(counts, drawn);
    } else {
      this.#comparison.take(counts, drawn);
      this.#takeEarlier();
    }
  }

  /** The certificate of a process that wants no more samples. */
  certificate(): Certificate {
    const counts = this.#counts;
    const run = this.#run;
    if (run === undefined || this.#stop === undefined) throw new Error('the process still wants samples');
    const result = run.result({ counts, used: this.#used });
    const votes = { counts, countsSelection: this.#countsSelection, nUsed: this.#used };
    const certificate = hardCertificate({ ...this.#settings, ...votes, result, stop: this.#stop });
    return (this.#settings.keepVotes ?? 0) > 0 ? { ...certificate, votes: this.#votes } : certificate;
  }

  /** Samples that count so far, of both samples. */
  get drawn(): number {
    return this.#usedSelection + this.#used;
  }

  /** What has happened since it was asked last. */
  news(): Omit<SampleNews, 'milliseconds'> {
    const [pieces, other] = [this.#taken, this.#other];
    [this.#taken, this.#other] = [[], undefined];
    return { record: this.#record, pieces, other, drawn: this.drawn };
  }

  #sample(): SampleName {
    return this.#run === undefined ? 'selection' : 'estimation';
  }

  #keep(votes: Int32Array | undefined): void {
    if (votes === undefined) throw new Error('these votes were asked for');
    this.#votes.push(...votes.subarray(0, (this.#settings.keepVotes ?? 0) - this.#votes.length));
  }

  #next(): WantedSamples<VoteAsk> | undefined {
    const { n0, n, checkEvery, rule } = this.#settings;
    if (this.#stop !== undefined) return undefined;
    const isFixed = rule.drawsAll === true;
    if (this.#run === undefined) {
      const left = n0 - this.#usedSelection;
      return {
        ...{ key: this.#keys.selection, start: this.#usedSelection, every: n0 },
        ...{ needed: left, left, sure: () => left, isFixed, ask: undefined },
      };
    }
    const run = this.#run;
    const start = this.#used;
    const left = n - start;
    const needed = Math.min(left, checkEvery - (start % checkEvery));
    const sure = (): number => {
      if (isFixed) return left;
      const earliest = run.earliestStop?.({ counts: this.#counts, used: start }) ?? 0;
      return Math.min(left, Math.max(needed, Math.ceil(earliest / checkEvery) * checkEvery - start));
    };
    const ask = start < (this.#settings.keepVotes ?? 0) ? 'votes' : undefined;
    return { key: this.#keys.estimation, start, every: checkEvery, needed, left, sure, isFixed, ask };
  }

  #accept(counts: readonly number[], drawn: number): void {
    if (this.#run === undefined) this.#takeSelection(counts, drawn);
    else this.#takeEstimation(this.#run, counts, drawn);
  }

  /** Once the comparison is at its end, shows the rule the samples of the earlier run, check by check. */
  #takeEarlier(): void {
    const comparison = this.#comparison;
    if (comparison?.wanted() !== undefined) return;
    if (comparison?.isSame === false) return this.#drop();
    this.#comparison = undefined;
    for (const { values, drawn } of this.#earlier) {
      if (this.#stop !== undefined) return this.#drop(); // nothing was drawn beyond a stop
      this.#accept(values, drawn);
    }
  }

  #drop(): void {
    this.#restart();
    this.#comparison = undefined;
    this.#other = { kind: 'votes' };
  }

  #restart(): void {
    const none = (): number[] => new Array<number>(this.#settings.numClasses).fill(0);
    [this.#countsSelection, this.#counts] = [none(), none()];
    [this.#usedSelection, this.#used] = [0, 0];
    [this.#run, this.#stop] = [undefined, undefined];
    this.#votes = [];
    const { n0, selection } = this.#settings;
    if (n0 === 0)
      this.#begin(0); // the rule chooses the class
    else if (selection !== undefined) this.#takeSelection(selection, n0);
  }

  #takeSelection(counts: readonly number[], drawn: number): void {
    addVotes(this.#countsSelection, counts);
    this.#usedSelection += drawn;
    if (this.#usedSelection < this.#settings.n0) return;
    this.#begin(topClass(this.#countsSelection));
  }

  #begin(cAHat: number): void {
    const selected = { countsSelection: this.#countsSelection, cAHat, draw: this.#draw };
    this.#run = this.#settings.rule.begin(ruleContext(this.#settings, selected));
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

/** What the samples of a process depend on. */
function recordOf(settings: ProcessSettings): SampleRecord {
  const { noise, norm, rule, n0, n, alpha, checkEvery, dimension, key, numClasses, inputRange, inferenceForm } =
    settings;
  return {
    smoothing: 'hard',
    noise: noiseRecord(noise),
    norm,
    rule: chosenRule(rule),
    n0,
    n,
    alpha,
    checkEvery,
    domain: noise.domain,
    assumptions: noiseAssumptions(noise, { inputRange, inferenceForm }),
    dimension,
    key,
    classes: numClasses,
  };
}

/** Whether a piece says how its copies voted; only a sampler that can fail leaves some without a vote. */
function isVoteCount({ values, drawn }: SamplePiece, numClasses: number, { fillCopies }: Noise): boolean {
  const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;
  const votes = values.reduce((sum, value) => sum + value, 0);
  const isFull = votes === drawn || (votes < drawn && fillCopies === undefined);
  return values.length === numClasses && values.every(isCount) && isFull;
}

function addVotes(sums: number[], counts: readonly number[]): void {
  counts.forEach((count, c) => (sums[c] = (sums[c] ?? 0) + count));
}
