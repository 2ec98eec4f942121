import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { informationGain, leavesIn, type MarginLevels, verticesOf } from '../smoothed/segmentation/class-tree.ts';
import { type MaskLike, readMask } from '../smoothed/segmentation/masks.ts';
import { type ClassTerm, leastIou, leastMiou } from './least-miou.ts';

/** Options of {@link segmentationMetrics}. */
export interface SegmentationMetricsOptions {
  /**
   * Labels of the truth that stand for nothing: components that have one are left out.
   * @defaultValue none
   */
  readonly ignore?: number | readonly number[] | undefined;
  /**
   * The levels of the certificates, where their labels may be groups of classes.
   * @defaultValue each label is a class
   */
  readonly levels?: MarginLevels | undefined;
}

const segmentationMetricsOptions = optionsOf<SegmentationMetricsOptions>()({
  ignore: fields.optional(
    fields.field<number | readonly number[]>('must be a whole number or a list of them', (v) =>
      (Array.isArray(v) ? v : [v]).every((label) => Number.isSafeInteger(label)),
    ),
  ),
  levels: fields.optional(fields.object<MarginLevels>('must be levels of classes')),
});

/**
 * Figures of certified masks against the truth, pooled over all images: counts are added up, then divided. Every figure is null before there is a labelled component.
 *
 * With groups of classes a label is right if the truth is one of its classes; the figures of single classes (mIoU) are then null.
 */
export interface SegmentationMetrics {
  /**
   * Adds the components of one image.
   *
   * @param labels - class of each component, −1 where it abstains: the `labels` of a certificate or of a prediction
   * @param truth - a mask of as many components; its shape is compared where it has one of several axes
   * @throws OptionError for masks of several sizes, and for labels that are no class
   */
  add(labels: MaskLike, truth: MaskLike): void;
  /** Number of labelled components, those that are left out not among them. */
  readonly labelled: number;
  /** Share of the labelled components whose label is right. */
  readonly certifiedAccuracy: number | null;
  /** Share of the labelled components that abstain. */
  readonly abstained: number | null;
  /** Mean over all classes of tp / max(1, truth + predicted − tp), as reference code averages it: no bound on anything under attack. */
  readonly miouReference: number | null;
  /** The same mean over the classes that occur in the truth: no bound on anything under attack. */
  readonly miouPresent: number | null;
  /**
   * The least mean over the classes that occur in the truth, whatever the abstaining components are predicted as: with all certificates true, no attack within the
   * radius brings the mIoU of the smoothed segmenter below it.
   */
  readonly worstMiou: number | null;
  /** The least IoU of each class on its own, null for one that does not occur in the truth: right / (union + abstaining components of other classes). */
  readonly worstIou: readonly (number | null)[] | null;
  /** Mean of what a right label says of the class, 1 for a class and less for a group (`informationGain`), 0 for all others. */
  readonly informationGain: number | null;
  /** Rows of the truth, columns of the labels, the abstaining components in the last one. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Collects certified masks and their truth: certified accuracy, abstentions, and mIoU with what an attack can make of it.
 *
 * @param numClasses - C, at least 2
 * @throws OptionError for a wrong option
 * @see docs/guide/segmentation.md, where the least mIoU is derived
 * @example
 * ```ts
 * const m = segmentationMetrics(19, { ignore: 255 });
 * m.add(certificate.labels, truth);
 * console.log(m.certifiedAccuracy, m.worstMiou, m.abstained);
 * ```
 */
export function segmentationMetrics(numClasses: number, options: SegmentationMetricsOptions = {}): SegmentationMetrics {
  const call = 'segmentationMetrics';
  if (!fields.isInteger(numClasses, 2, 2 ** 14)) {
    throw refusal(OptionError, { call, field: 'numClasses', value: numClasses }, 'must be an integer from 2 to 16384');
  }
  const { ignore = [], levels } = segmentationMetricsOptions.parse(call, options);
  return new PooledMetrics(numClasses, Array.isArray(ignore) ? ignore : [ignore as number], levels);
}

class PooledMetrics implements SegmentationMetrics {
  readonly #numClasses: number;
  readonly #ignore: ReadonlySet<number>;
  readonly #vertices: ReturnType<typeof verticesOf>;
  /** Rows of the truth; columns of the labels, classes and groups, and of abstentions. */
  readonly #counts: Float64Array[];

  constructor(numClasses: number, ignore: readonly number[], levels: MarginLevels | undefined) {
    this.#numClasses = numClasses;
    this.#ignore = new Set(ignore);
    this.#vertices = verticesOf(numClasses, levels?.tree);
    const columns = this.#labels + 1;
    this.#counts = Array.from({ length: numClasses }, () => new Float64Array(columns));
  }

  /** Number of labels that there are. */
  get #labels(): number {
    return this.#vertices.low.length;
  }

  add(labels: MaskLike, truth: MaskLike): void {
    const call = 'segmentationMetrics.add';
    const said = readMask(call, 'labels', labels);
    const known = readMask(call, 'truth', truth);
    const several = said.shape.length > 1 && known.shape.length > 1;
    if (said.values.length !== known.values.length || (several && String(said.shape) !== String(known.shape))) {
      const must = `must be a mask of shape [${said.shape.join(', ')}] as the labels`;
      throw refusal(
        OptionError,
        { call, field: 'truth', value: known.shape, got: `[${known.shape.join(', ')}]` },
        must,
      );
    }
    // All is looked at before anything is counted.
    known.values.forEach((truthHere, i) => this.#check(call, truthHere, said.values[i] as number));
    known.values.forEach((truthHere, i) => {
      if (this.#ignore.has(truthHere)) return;
      const label = said.values[i] as number;
      (this.#counts[truthHere] as Float64Array)[label < 0 ? this.#labels : label]! += 1;
    });
  }

  #check(call: string, truth: number, label: number): void {
    if (label < -1 || label >= this.#labels) {
      const must = `must hold labels from -1 to ${this.#labels - 1}`;
      throw refusal(OptionError, { call, field: 'labels', value: label }, must);
    }
    if (this.#ignore.has(truth) || (truth >= 0 && truth < this.#numClasses)) return;
    const way = 'name what stands for nothing in `ignore`';
    const must = `must hold classes from 0 to ${this.#numClasses - 1}`;
    throw refusal(OptionError, { call, field: 'truth', value: truth, way }, must);
  }

  get labelled(): number {
    return sumOf(this.#counts.map(sumOf));
  }

  get certifiedAccuracy(): number | null {
    return this.#share((right) => (right ? 1 : 0));
  }

  get abstained(): number | null {
    return this.labelled === 0 ? null : sumOf(this.#abstainedOf()) / this.labelled;
  }

  get informationGain(): number | null {
    return this.#share((right, label) =>
      right ? informationGain(this.#numClasses, leavesIn(this.#vertices, label)) : 0,
    );
  }

  get miouReference(): number | null {
    return this.#mean((terms) => terms);
  }

  get miouPresent(): number | null {
    return this.#mean((terms) => terms.filter(({ truth }) => truth > 0));
  }

  get worstMiou(): number | null {
    const terms = this.#terms();
    if (terms === undefined) return null;
    const present = terms.filter(({ truth }) => truth > 0);
    return leastMiou(present, sumOf(this.#abstainedOf()));
  }

  get worstIou(): readonly (number | null)[] | null {
    const terms = this.#terms();
    if (terms === undefined) return null;
    return terms.map((term) => (term.truth > 0 ? leastIou(term) : null));
  }

  get confusion(): readonly (readonly number[])[] {
    return this.#counts.map((row) => [...row]);
  }

  /** Mean over the labelled components of what a label is worth. */
  #share(worth: (right: boolean, label: number) => number): number | null {
    if (this.labelled === 0) return null;
    const { low, high, order } = this.#vertices;
    let sum = 0;
    this.#counts.forEach((row, c) => {
      const place = order[c] as number;
      for (let label = 0; label < this.#labels; label++) {
        const right = place >= (low[label] as number) && place <= (high[label] as number);
        sum += (row[label] as number) * worth(right, label);
      }
    });
    return sum / this.labelled;
  }

  #abstainedOf(): number[] {
    return this.#counts.map((row) => row[this.#labels] as number);
  }

  #mean(of: (terms: readonly ClassTerm[]) => readonly ClassTerm[]): number | null {
    const terms = this.#terms();
    if (terms === undefined) return null;
    const ious = of(terms).map(({ right, truth, predicted }) => right / Math.max(1, truth + predicted - right));
    return sumOf(ious) / ious.length;
  }

  /** The counts of each class; none of groups, and none of nothing. */
  #terms(): readonly ClassTerm[] | undefined {
    if (this.#labels > this.#numClasses || this.labelled === 0) return undefined;
    const abstained = this.#abstainedOf();
    const all = sumOf(abstained);
    return this.#counts.map((row, c) => ({
      right: row[c] as number,
      truth: sumOf(row),
      predicted: sumOf(this.#counts.map((other) => other[c] as number)),
      others: all - (abstained[c] as number),
    }));
  }
}

function sumOf(numbers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i] as number;
  return sum;
}
