import { progressLine, type RunProgress } from '../node/run-progress.ts';
import { type CliIo, note, type ProgressDisplay } from './io.ts';

const LONG_COMPARISON_MS = 20_000;

/** Says how far a run over a data set is: what it will take and what it goes on from, and then a line for each image, and in between. @internal */
export class RunTeller {
  readonly #io: CliIo;
  readonly #cost: (imagesLeft: number) => string | undefined;
  #before: RunProgress | undefined;
  /** When a comparison was first heard of. */
  #comparing: number | undefined;
  #hasToldOfComparison = false;

  /** @param cost - what the images that are left will take; undefined if that is not worth a word */
  constructor(io: CliIo, cost: (imagesLeft: number) => string | undefined) {
    this.#io = io;
    this.#cost = cost;
  }

  /** Takes the next progress. */
  tell(progress: RunProgress, display: ProgressDisplay): void {
    const { done, total, resumedSamples } = progress;
    if (this.#before === undefined) this.#begin(progress);
    else if (resumedSamples < this.#before.resumedSamples) {
      display.end();
      const copies = this.#before.resumedSamples - resumedSamples;
      note(this.#io, `${copies} earlier copies of an image are drawn anew: here they vote otherwise`);
    }
    const isCompared = progress.image?.isCompared === true;
    if (isCompared) this.#tellOfComparison(display);
    const isInBetween = this.#before?.done === done && (done < total || isCompared);
    display.update(progressLine(progress), { isMinor: isInBetween });
    this.#before = progress;
  }

  /** Once, where it takes long. */
  #tellOfComparison(display: ProgressDisplay): void {
    this.#comparing ??= performance.now();
    if (this.#hasToldOfComparison || performance.now() - this.#comparing < LONG_COMPARISON_MS) return;
    this.#hasToldOfComparison = true;
    display.end();
    note(this.#io, 'an image of the log is drawn again first, to compare; --no-recheck spares it');
  }

  #begin({ done, total, resumedSamples }: RunProgress): void {
    const cost = this.#cost(total - done);
    if (cost !== undefined) note(this.#io, cost);
    if (resumedSamples > 0) note(this.#io, `going on with ${resumedSamples} copies of images that were under way`);
  }
}
