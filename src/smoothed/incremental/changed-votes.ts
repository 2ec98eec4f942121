import type { ChangedVotes } from './incremental-certificate.ts';

/** Counts what differs between the votes of an old classifier and a changed one, sample by sample. @internal */
export class VoteChanges {
  readonly #label: number;
  readonly #counts: number[];
  readonly #gains: number[];
  #losses = 0;
  #failures = 0;
  #used = 0;

  constructor(label: number, numClasses: number) {
    this.#label = label;
    this.#counts = new Array<number>(numClasses).fill(0);
    this.#gains = new Array<number>(numClasses).fill(0);
  }

  /** Takes the votes on the next sample, -1 for none, which counts against the class. */
  take(old: number, changed: number): void {
    this.#used++;
    if (changed >= 0) this.#counts[changed] = (this.#counts[changed] ?? 0) + 1;
    if (old < 0 || changed < 0) {
      this.#failures++;
      this.#losses++;
      this.#gains.forEach((gains, c) => (this.#gains[c] = gains + 1));
      return;
    }
    if (old === changed) return;
    if (old === this.#label) this.#losses++;
    this.#gains[changed] = (this.#gains[changed] ?? 0) + 1;
  }

  /** What there is so far. */
  get votes(): ChangedVotes {
    const gains = Math.max(0, ...this.#gains.filter((_, c) => c !== this.#label));
    const [losses, failures, nUsed] = [this.#losses, this.#failures, this.#used];
    return { losses, gains, failures, nUsed, counts: [...this.#counts] };
  }
}
