import * as tf from '@tensorflow/tfjs';
import type { Classifier, ClassifierOutput } from '../classifier/types.ts';
import { OptionError, refusal } from '../errors.ts';
import { hostTurns } from '../host/turns.ts';
import { ablatedCopies, encodingField } from '../noise/ablated-copies.ts';
import { assertPatch, imageShape, perAxis, type PatchSize, type PerAxis } from '../noise/band-ablation.ts';
import { axisMasks, coversPatches, doubleMasking, type MaskedAnswer, type MaskPair } from '../noise/double-masks.ts';
import { type CallContext, contextOf } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertShape } from '../tensors/assert-shapes.ts';
import type { Norm } from '../types.ts';
import { baseClassifierFields, runFields } from './call-options.ts';
import { CheckedClassifier } from './checked-classifier.ts';
import { votesOf } from './count-votes.ts';
import { rowsReader } from './read-rows.ts';

/** Options of {@link DoubleMasking}. */
export interface DoubleMaskingOptions {
  /** Shape of an image, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** The patch that is covered, [height, width] in pixels; smaller ones are too. */
  readonly patch: PatchSize;
  /** How many masks cover an axis, or [of the rows, of the columns]; with more masks each hides less, and there are more passes. */
  readonly masks: PerAxis;
  /**
   * What a mask shows, one number or one for each channel; it must not be computed from the image.
   * @defaultValue 0
   */
  readonly fill?: number | readonly number[] | undefined;
  /**
   * Number of classes of the base classifier. Of a model with one output of known shape it is read, and checked where it is given.
   * @defaultValue what the model says; else it must be given
   */
  readonly numClasses?: number | undefined;
  /**
   * What the base classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Masked images per forward pass: speed and memory only, never a result.
   * @defaultValue at most 256, as many as the memory holds (see {@link SmoothedClassifierOptions.batchSize})
   */
  readonly batchSize?: number | undefined;
}

const isFill = (v: unknown): boolean => encodingField.safeParse({ fill: v }).success;

const doubleMaskingOptions = optionsOf<DoubleMaskingOptions>()({
  inputShape: imageShape,
  patch: fields.field<PatchSize>('must be [height, width] in pixels', (v) => Array.isArray(v) && v.length === 2),
  masks: perAxis,
  fill: fields.withDefault(
    fields.field<number | readonly number[]>('must be a finite number, or one for each channel', isFill),
    0,
  ),
  numClasses: baseClassifierFields.numClasses,
  output: baseClassifierFields.output,
  batchSize: baseClassifierFields.batchSize,
});

/** Options of {@link DoubleMasking.certify} and {@link DoubleMasking.predict}. */
export interface DoubleMaskingRunOptions {
  /**
   * Masked images per forward pass.
   * @defaultValue the batch size of the defence
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const runOptions = optionsOf<DoubleMaskingRunOptions>()({ ...runFields });

/** What {@link DoubleMasking.certify} found. */
export interface DoubleMaskingCertificate {
  /** Whether the answer stays for every content of a patch of the stated size at every place. */
  readonly certified: boolean;
  /** The class of the defence at the image, also where nothing is certified. */
  readonly label: number;
  /** Masked images that the base classifier was asked about. */
  readonly passes: number;
}

/**
 * PatchCleanser's double masking: an answer that no patch of one size changes, of a classifier that already tolerates holes in its images. There are no votes, and
 * nothing is drawn.
 *
 * Masks of an axis of N cells against a patch of m: stride t = ⌈(N − m + 1) / k⌉, size min(m + t − 1, N), from 0 on and once at the end. Every place
 * of the patch lies inside one mask, which the constructor checks. F(i, j) is the class with masks i and j hidden. Answer: where all F(i, i) agree,
 * that class; else the first F(i, i) that differs from their majority and equals every F(i, j); else the majority, the lowest class
 * among equals. It is certified where all F(i, j) agree: the mask k that covers the patch has the same F(k, j) with and without it.
 *
 * Price with K masks: K(K + 1)/2 passes to certify (K = 36: 666), K to K(K + 1)/2 to predict. One size of patch for a set of masks; several
 * patches are not covered.
 *
 * @throws OptionError for options that do not fit together
 * @see Xiang, Mahloujifar, Mittal, "PatchCleanser: Certifiably Robust Defense against Adversarial Patches for Any Image Classifier", USENIX Security 2022
 * @example
 * ```ts
 * const guard = new DoubleMasking(model, { inputShape: [28, 28, 1], patch: [5, 5], masks: 3, numClasses: 10 });
 * const c = await guard.certify(image);
 * console.log(c.certified, c.label, guard.masks, c.passes); // 9 masks, at most 45 passes
 * ```
 */
export class DoubleMasking {
  /** The base classifier, as it was given. */
  readonly classifier: Classifier;
  /** Shape of an image, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** The patch that is covered, [height, width]. */
  readonly patch: PatchSize;
  /** Number of masks, K. */
  readonly masks: number;
  /** Number of classes. */
  readonly numClasses: number;
  readonly #fill: number | readonly number[];
  /** Top, left, height and width of each mask. */
  readonly #rectangles: readonly (readonly [number, number, number, number])[];
  readonly #checked: CheckedClassifier<MaskedCopies>;

  /** Checks the options and the cover of the masks; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: DoubleMaskingOptions) {
    const call = 'DoubleMasking';
    const { inputShape, patch, masks, fill, ...base } = doubleMaskingOptions.parse(call, options);
    const [height = 1, width = 1, channels = 1] = inputShape;
    assertPatch(call, 'patch', patch, inputShape);
    if (typeof fill === 'object' && fill.length !== channels) {
      const must = `must be one number, or one for each of the ${channels} channels`;
      throw refusal(OptionError, { call, field: 'fill', value: fill }, must);
    }
    const [ofRows, ofColumns] = typeof masks === 'number' ? [masks, masks] : masks;
    const rows = axisMasks(height, patch[0], ofRows);
    const columns = axisMasks(width, patch[1], ofColumns);
    if (!coversPatches(height, patch[0], rows) || !coversPatches(width, patch[1], columns))
      throw refusal(OptionError, { call, field: 'masks', value: masks }, 'must cover every place of the patch');
    this.classifier = classifier;
    this.inputShape = inputShape;
    this.patch = patch;
    this.#fill = fill;
    this.#rectangles = rows.starts.flatMap((top) =>
      columns.starts.map((left) => [top, left, rows.size, columns.size] as const),
    );
    this.masks = this.#rectangles.length;
    this.#checked = new CheckedClassifier(call, classifier, {
      ...base,
      noise: {
        name: 'double-masking',
        norms: ['patch'],
        domain: 'real',
        perturb: (x, { count }) => this.#masked(x, firstPairs(this.masks, count)),
      },
      inputRange: [-Infinity, Infinity],
      inferenceForm: true,
    });
    this.numClasses = this.#checked.voting.numClasses;
  }

  /**
   * The class of the defence at one image.
   *
   * @param x - one image of `inputShape`, float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async predict(x: tf.Tensor, options: DoubleMaskingRunOptions = {}): Promise<number> {
    return (await this.#answer('DoubleMasking.predict', x, options, false)).label;
  }

  /**
   * The class of the defence at one image, and whether every patch of the stated size leaves it. Pairs of masks are asked until one disagrees.
   *
   * @param x - one image of `inputShape`, float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: DoubleMaskingRunOptions = {}): Promise<DoubleMaskingCertificate> {
    const { certified, label, passes } = await this.#answer('DoubleMasking.certify', x, options, true);
    return { certified, label, passes };
  }

  async #answer(
    name: string,
    x: tf.Tensor,
    options: DoubleMaskingRunOptions,
    certifies: boolean,
  ): Promise<MaskedAnswer & { readonly passes: number }> {
    const context: CallContext = contextOf(options, name);
    const { call, run } = context;
    const { signal, batchSize } = runOptions.parse(call, options);
    return this.#checked.withOwn(context, x, async (own, voting) => {
      assertShape(call, 'x', own, this.inputShape);
      const reader = rowsReader(voting, call, run);
      const hostTurn = hostTurns(signal);
      const known = new Map<number, number>(); // class of each pair
      const nameOf = ([i, j]: MaskPair): number => i * this.masks + j;
      const ask = async (pairs: readonly MaskPair[], expected: number | undefined): Promise<void> => {
        for (let begin = 0; begin < pairs.length;) {
          signal?.throwIfAborted();
          const part = pairs.slice(begin, begin + (batchSize ?? voting.batches.next(own.size)));
          const kept = (): Uint8Array => this.#kept(part);
          const range = { count: part.length, copies: () => this.#masked(own, part), kept };
          const classes = votesOf(await reader.rows([range]), voting.numClasses);
          part.forEach((pair, row) => known.set(nameOf(pair), classes[row]!));
          begin += part.length;
          await hostTurn();
          if (expected !== undefined && classes.some((each) => each !== expected)) return;
        }
      };
      const asking = doubleMasking(this.masks, certifies);
      let question = asking.next();
      while (!question.done) {
        const { pairs, expected } = question.value;
        const found = (): number[] => pairs.flatMap((pair) => known.get(nameOf(pair)) ?? []);
        if (expected === undefined || found().every((each) => each === expected))
          await ask(pairs.filter((pair) => !known.has(nameOf(pair))), expected); // prettier-ignore
        question = asking.next(found());
      }
      return { ...question.value, passes: known.size };
    });
  }

  /** Images with the masks of each pair, inside a tidy. */
  #masked(x: tf.Tensor, pairs: readonly MaskPair[]): tf.Tensor {
    return tf.tidy(() => ablatedCopies(x, this.#kept(pairs), pairs.length, { fill: this.#fill }));
  }

  #kept(pairs: readonly MaskPair[]): Uint8Array<ArrayBuffer> {
    const [height = 1, width = 1] = this.inputShape;
    const kept = new Uint8Array(pairs.length * height * width).fill(1);
    pairs.forEach((pair, copy) => {
      for (const mask of pair) {
        const [top, left, rows, columns] = this.#rectangles[mask]!;
        for (let row = top; row < top + rows; row++) {
          const begin = (copy * height + row) * width + left;
          kept.fill(0, begin, begin + columns);
        }
      }
    });
    return kept;
  }
}

/** What the checks of a base classifier want of a noise. */
interface MaskedCopies {
  readonly name: string;
  readonly norms: readonly Norm[];
  readonly domain: 'real';
  readonly perturb: (x: tf.Tensor, range: { readonly start: number; readonly count: number }) => tf.Tensor;
}

/** Some pairs of masks, the first ones again where there are too few. */
function firstPairs(masks: number, count: number): MaskPair[] {
  return Array.from({ length: count }, (_, i) => [0, i % masks]);
}
