import type { SampleProgress } from '../smoothed/call-options.ts';
import type { SampleNews } from '../smoothed/earlier-samples.ts';

/** How far the image is that the next row waits for. */
export interface ImageProgress extends SampleProgress {
  /** Whether its row is in the log already, and it is drawn again to compare. */
  readonly isCompared: boolean;
  /** Time until its last copy at the speed of its own copies so far; a rule may stop before. Undefined before the speed is known. */
  readonly millisecondsLeft: number | undefined;
}

/** An image that has no row yet. */
interface ImageUnderWay {
  drawn: number;
  readonly most: number;
  /** When it was first heard of, and how many copies it has drawn in this run since. */
  readonly since: number;
  drawnSince: number;
  readonly isCompared: boolean;
}

/** Of so many milliseconds at least a speed is known. */
const LEAST_MS = 1000;
/** The speed is that of the last one or two times so many milliseconds. */
const WINDOW_MS = 10_000;
/** An image that takes less is not worth a word. */
const LONG_MS = 5000;

/** Counts the copies of the images that have no row yet, and how fast they come. @internal */
export class SamplesUnderWay {
  readonly #now: () => number;
  readonly #images = new Map<number, ImageUnderWay>();
  /** How many copies were drawn in this run until two moments. */
  #marks: readonly { readonly time: number; readonly samples: number }[] = [];
  #samples = 0;
  #most = 0;
  /** Copies of images under way that an earlier run drew. */
  resumedSamples = 0;

  /** @param now - a clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes what a batch brought to an image. */
  add(
    index: number,
    { drawn, pieces, record: { n0, n } }: Pick<SampleNews, 'drawn' | 'pieces' | 'record'>,
    isCompared = false,
  ): void {
    const more = pieces.reduce((sum, piece) => sum + piece.drawn, 0);
    this.#add({ index, drawn, most: n0 + n }, more, isCompared);
  }

  /** Takes how far an image is of which nothing was drawn before this run. */
  tell(progress: SampleProgress, isCompared = false): void {
    this.#add(progress, progress.drawn - (this.#images.get(progress.index)?.drawn ?? 0), isCompared);
  }

  #add({ index, drawn, most }: SampleProgress, more: number, isCompared: boolean): void {
    const now = this.#now();
    const image = this.#images.get(index);
    if (image) {
      image.drawn = drawn;
      image.drawnSince += more;
    } else this.#images.set(index, { drawn, most, since: now, drawnSince: 0, isCompared });
    this.#most = most;
    this.#samples += more;
    const [last] = this.#marks.slice(-1);
    if (last === undefined || now - last.time >= WINDOW_MS)
      this.#marks = [...this.#marks.slice(-1), { time: now, samples: this.#samples }];
  }

  /** Lets go of an image that was drawn again to compare. */
  endComparison(): void {
    for (const [index, { isCompared }] of this.#images) if (isCompared) this.#images.delete(index);
  }

  /** Lets go of an image that has its row. */
  done(index: number): void {
    this.#images.delete(index);
  }

  /** Most copies of an image. */
  get most(): number {
    return this.#most;
  }

  /** Copies of all images under way. */
  get drawn(): number {
    return [...this.#images.values()].reduce((sum, image) => sum + (image.isCompared ? 0 : image.drawn), 0);
  }

  /** Copies in a second over the last seconds. */
  get samplesPerSecond(): number | undefined {
    const [mark] = this.#marks;
    if (mark === undefined) return undefined;
    const [milliseconds, samples] = [this.#now() - mark.time, this.#samples - mark.samples];
    return milliseconds < LEAST_MS || samples === 0 ? undefined : (1000 * samples) / milliseconds;
  }

  /** The image that the next row waits for, the first that was begun, if images take long. */
  get image(): ImageProgress | undefined {
    const [first] = this.#images;
    const speed = this.samplesPerSecond;
    if (first === undefined || speed === undefined || (1000 * this.#most) / speed < LONG_MS) return undefined;
    const [index, { drawn, most, since, drawnSince, isCompared }] = first;
    const perSample = (this.#now() - since) / drawnSince;
    const millisecondsLeft = drawnSince > 0 ? (most - drawn) * perSample : undefined;
    return { index, drawn, most, isCompared, millisecondsLeft };
  }
}
