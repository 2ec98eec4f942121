import type { CertifiedRow } from '../evaluate/certify-dataset.ts';

/** What a run over a data set has found so far. */
export interface RunFigures {
  /** Images that are certified. */
  readonly done: number;
  /** Share of them that are certified as their true class: the certified accuracy at radius 0. 0 before the first image. */
  readonly accuracy: number;
  /** How many of them the certifier abstained on. */
  readonly abstained: number;
  /** Their average certified radius: mean of the radius, 0 where abstained or wrong, in input units. */
  readonly averageCertifiedRadius: number;
  /** Mean number of noisy copies of an image, both samples. */
  readonly meanSamples: number;
}

/** How far a run over a data set is. */
export interface RunProgress extends RunFigures {
  /** Images of the whole run. */
  readonly total: number;
  /** Images that were in the log already when this run began. */
  readonly resumed: number;
  /**
   * Expected time to the end, from the samples of the images so far and the speed of the last ones, those of earlier runs included;
   * undefined before the first image.
   */
  readonly millisecondsLeft: number | undefined;
}

/** An image so many images ago weighs 1/e in the speed. */
const MEMORY = 20;

/** Adds the rows of a run up. @internal */
export class RunTally {
  readonly #total: number;
  readonly #resumed: number;
  readonly #workers: number;
  #done = 0;
  #correct = 0;
  #abstained = 0;
  #radii = 0;
  #samples = 0;
  #recentSamples = 0;
  #recentTime = 0;

  /** Begins with the rows of earlier runs. So many workers certify at the same time. */
  constructor(total: number, earlier: readonly CertifiedRow[], workers = 1) {
    this.#workers = workers;
    this.#total = total;
    this.#resumed = earlier.length;
    for (const row of earlier) this.add(row);
  }

  /** Takes the next row. */
  add({ correct, abstained, radius, milliseconds, certificate: { n0, nUsed } }: CertifiedRow): void {
    this.#done++;
    this.#correct += correct ? 1 : 0;
    this.#abstained += abstained ? 1 : 0;
    this.#radii += correct ? radius : 0;
    // Time goes with the samples: an adaptive rule draws hundreds for one image and a hundred thousand for the next.
    const samples = n0 + nUsed;
    this.#samples += samples;
    const kept = Math.exp(-1 / MEMORY);
    this.#recentSamples = kept * this.#recentSamples + samples;
    this.#recentTime = kept * this.#recentTime + milliseconds;
  }

  /** What the rows say. */
  figures(): RunFigures {
    const mean = (sum: number): number => (this.#done === 0 ? 0 : sum / this.#done);
    return {
      done: this.#done,
      accuracy: mean(this.#correct),
      abstained: this.#abstained,
      averageCertifiedRadius: mean(this.#radii),
      meanSamples: mean(this.#samples),
    };
  }

  /** How far the run is. */
  progress(): RunProgress {
    const perRow = (this.#samples / this.#done) * (this.#recentTime / Math.max(this.#recentSamples, 1));
    const millisecondsLeft = this.#done === 0 ? undefined : ((this.#total - this.#done) * perRow) / this.#workers;
    return { ...this.figures(), total: this.#total, resumed: this.#resumed, millisecondsLeft };
  }
}

/**
 * One line about a run for people, without line end: how far it is, what it has found, and the time left.
 *
 * @example
 * ```ts
 * const onProgress = (progress) => process.stderr.write(`${progressLine(progress)}\n`);
 * // 120/500 24 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 3 min 05 s left
 * ```
 */
export function progressLine(progress: RunProgress): string {
  const { done, total, accuracy, abstained, meanSamples, millisecondsLeft } = progress;
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const found = [
    `accuracy ${(100 * accuracy).toFixed(1)} %`,
    `${abstained} abstained`,
    `${Math.round(meanSamples)} samples per image`,
  ];
  const left =
    done >= total ? 'done' : millisecondsLeft === undefined ? '' : `${formatDuration(millisecondsLeft)} left`;
  return [`${done}/${total} ${percent} %`, ...(done > 0 ? found : []), ...(left ? [left] : [])].join(', ');
}

/** `48 s`, `3 min 05 s`, `7 h 05 min`, `2 d 03 h`. @internal */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3600)} h`;
}
