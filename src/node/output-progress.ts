import type { SampleProgress } from '../smoothed/call-options.ts';
import { type ImageProgress, SamplesUnderWay } from './samples-under-way.ts';

/** How far a run over a data set is whose certificates are not of one label. */
export interface OutputProgress {
  /** Examples that are certified. */
  readonly done: number;
  /** Examples of the whole run. */
  readonly total: number;
  /** Examples that were in the log already when this run began. */
  readonly resumed: number;
  /**
   * Expected time to the end by the time of the last examples, those of earlier runs included. Before the first is done, the time that all would take with
   * all their samples, once the speed is known.
   */
  readonly millisecondsLeft: number | undefined;
  /** The example that the next row waits for, where an example takes more than a few seconds. */
  readonly image: ImageProgress | undefined;
  /** Noisy copies in a second, of all examples and threads, over the last seconds; undefined before it is known. */
  readonly samplesPerSecond: number | undefined;
}

/** An example so many examples ago weighs 1/e in the speed. */
const MEMORY = 20;

/** Counts the rows of a run and the samples of those that are under way. @internal */
export class OutputTally {
  readonly #total: number;
  readonly #resumed: number;
  readonly #workers: number;
  readonly #underWay: SamplesUnderWay;
  #done = 0;
  #recentRows = 0;
  #recentTime = 0;

  /** Begins with the rows of earlier runs. So many workers certify at the same time. */
  constructor(
    total: number,
    earlier: readonly { readonly index: number; readonly milliseconds: number }[],
    workers = 1,
    underWay: SamplesUnderWay = new SamplesUnderWay(),
  ) {
    this.#total = total;
    this.#resumed = earlier.length;
    this.#workers = workers;
    this.#underWay = underWay;
    for (const row of earlier) this.add(row);
  }

  /** Takes how far an example is. */
  tell(progress: SampleProgress, isCompared: boolean): void {
    this.#underWay.tell(progress, isCompared);
  }

  /** Lets go of an example that was drawn again to compare. */
  endComparison(): void {
    this.#underWay.endComparison();
  }

  /** Takes the next row. */
  add({ index, milliseconds }: { readonly index: number; readonly milliseconds: number }): void {
    this.#done++;
    this.#underWay.done(index);
    const kept = Math.exp(-1 / MEMORY);
    this.#recentRows = kept * this.#recentRows + 1;
    this.#recentTime = kept * this.#recentTime + milliseconds;
  }

  /** How far the run is. */
  progress(): OutputProgress {
    const { samplesPerSecond, image } = this.#underWay;
    const counts = { done: this.#done, total: this.#total, resumed: this.#resumed };
    return { ...counts, millisecondsLeft: this.#millisecondsLeft(), image, samplesPerSecond };
  }

  #millisecondsLeft(): number | undefined {
    const { samplesPerSecond, most, drawn } = this.#underWay;
    const rows = this.#total - this.#done;
    if (this.#done === 0) return samplesPerSecond && (1000 * Math.max(0, rows * most - drawn)) / samplesPerSecond;
    const left = Math.max(0, rows - (most === 0 ? 0 : drawn / most));
    return (left * this.#recentTime) / this.#recentRows / this.#workers;
  }
}
