import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import type { OutputProgress } from './output-progress.ts';
import { type ImageProgress, SamplesUnderWay } from './samples-under-way.ts';

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
   * Expected time to the end, from the samples of the images so far and the speed of the last ones, those of earlier runs included. Before
   * the first image is done, the time that all would take with all their samples, once the speed is known; a rule may stop before.
   */
  readonly millisecondsLeft: number | undefined;
  /** The image that the next row waits for, where an image takes more than a few seconds. */
  readonly image: ImageProgress | undefined;
  /** Noisy copies in a second, of all images and threads, over the last seconds; undefined before it is known. */
  readonly samplesPerSecond: number | undefined;
  /** Copies of images under way that an earlier run drew. Fewer than before where some do not count after all (see `recheck`). */
  readonly resumedSamples: number;
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
  readonly #underWay: SamplesUnderWay;

  /** Begins with the rows of earlier runs. So many workers certify at the same time. */
  constructor(
    total: number,
    earlier: readonly CertifiedRow[],
    workers = 1,
    underWay: SamplesUnderWay = new SamplesUnderWay(),
  ) {
    this.#workers = workers;
    this.#total = total;
    this.#underWay = underWay;
    this.#resumed = earlier.length;
    for (const row of earlier) this.add(row);
  }

  /** Takes the next row. */
  add({ index, correct, abstained, radius, milliseconds, certificate: { n0, nUsed } }: CertifiedRow): void {
    this.#done++;
    this.#underWay.done(index);
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
    const { samplesPerSecond, image, resumedSamples } = this.#underWay;
    const counts = { total: this.#total, resumed: this.#resumed, resumedSamples };
    return { ...this.figures(), ...counts, millisecondsLeft: this.#millisecondsLeft(), image, samplesPerSecond };
  }

  #millisecondsLeft(): number | undefined {
    const { samplesPerSecond, most, drawn } = this.#underWay;
    const samplesLeft = (perImage: number): number => Math.max(0, (this.#total - this.#done) * perImage - drawn);
    if (this.#done === 0) return samplesPerSecond && (1000 * samplesLeft(most)) / samplesPerSecond;
    const perSample = this.#recentTime / Math.max(this.#recentSamples, 1) / this.#workers;
    return samplesLeft(this.#samples / this.#done) * perSample;
  }
}

/**
 * One line about a run for people, without line end: how far it is, what it has found, and the time left. Where an image takes more than a few
 * seconds, also how far the image is.
 *
 * @example
 * ```ts
 * const onProgress = (progress) => process.stderr.write(`${progressLine(progress)}\n`);
 * // 120/500 24 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 3 min 05 s left
 * // 3/50 6 %, image 60: 45200/100100 copies, 312/s, at most 2 min 56 s left, accuracy 66.7 %, 1 abstained, ...
 * ```
 */
export function progressLine(progress: RunProgress | OutputProgress): string {
  const { done, total, image } = progress;
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const found = 'accuracy' in progress ? foundParts(progress) : [];
  const parts = [`${done}/${total} ${percent} %`, ...(image ? imageParts(image, progress) : [])];
  return [...parts, ...(done > 0 ? found : []), ...leftParts(progress)].join(', ');
}

function foundParts({ accuracy, abstained, meanSamples }: RunProgress): string[] {
  return [
    `accuracy ${(100 * accuracy).toFixed(1)} %`,
    `${abstained} abstained`,
    `${Math.round(meanSamples)} samples per image`,
  ];
}

function imageParts(
  { index, drawn, most, isCompared, millisecondsLeft }: ImageProgress,
  { samplesPerSecond = 0 }: RunProgress | OutputProgress,
): string[] {
  const what = isCompared ? `comparing image ${index}` : `image ${index}`;
  const left = millisecondsLeft === undefined ? [] : [`at most ${formatDuration(millisecondsLeft)} left`];
  return [`${what}: ${drawn}/${most} copies`, `${shortNumber(samplesPerSecond)}/s`, ...left];
}

/** The time of the whole run, which needs its name where there is one of an image, too. */
function leftParts({ done, total, image, millisecondsLeft }: RunProgress | OutputProgress): string[] {
  if (done >= total) return image === undefined ? ['done'] : [];
  if (millisecondsLeft === undefined) return [];
  const left = `${formatDuration(millisecondsLeft)} left`;
  return [image === undefined ? left : `${done === 0 ? 'at most ' : ''}${left} in all`];
}

const shortNumber = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

/** `48 s`, `3 min 05 s`, `7 h 05 min`, `2 d 03 h`. @internal */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3600)} h`;
}
