import type * as tf from '@tensorflow/tfjs';
import { copiesLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { batchCopies, readBatchCopies } from '../noise/batch-copies.ts';
import { rangeOf } from '../noise/domains.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertBatch, assertFloat, assertShape } from '../tensors/assert-shapes.ts';
import { assertLabelsFit, checkLabels } from '../tensors/labels.ts';
import { copyOf, keeping, withDispose } from '../tensors/own-tensor.ts';
import { assertOutsideTape } from '../tensors/tape.ts';
import type { InputRange } from '../types.ts';
import { voteFrequency } from './confidence-aware-terms.ts';
import { noisyCrossEntropy } from './gaussian-loss.ts';
import { preparedStep } from './prepared-step.ts';
import { trainingBatchFields } from './training-batch.ts';
import type { PreparedBatch, TrainingBatch, TrainingLoss } from './types.ts';

/** Options of {@link CopiesLoss}. */
export interface CopiesLossOptions {
  /** The noise of the smoothed classifier, additive or not, drawn or enumerated. */
  readonly noise: Noise | DeterministicNoise;
  /**
   * Noisy copies of each image, M.
   * @defaultValue 1
   */
  readonly numNoise?: number | undefined;
}

const copiesLossOptions = optionsOf<CopiesLossOptions>()({
  noise: fields.noise<Noise | DeterministicNoise>(),
  numNoise: fields.withDefault(fields.positiveInteger, 1),
});

/** A batch for {@link CopiesLoss.prepare}. */
export interface CopiesBatch extends TrainingBatch {
  /** Not taken: a noise that is not additive has no ε. Give `copies` instead. */
  readonly noise?: undefined;
  /** The noisy copies [M, B, ...copyShape] to use instead of drawing them, with M = `numNoise` of the loss; copied, not disposed. */
  readonly copies?: tf.Tensor | undefined;
}

const copiesBatch = optionsOf<CopiesBatch>()({
  ...trainingBatchFields,
  noise: fields.optional(
    fields.field<undefined>('must be left out, as CopiesLoss adds nothing to the images (give `copies`)', () => false),
  ),
  copies: fields.optional(fields.tensor),
});

/** The terms of the loss on copies, one entry per image. */
export interface CopiesTerms {
  /** Mean cross entropy of the noisy copies, [B]. */
  readonly crossEntropy: tf.Tensor1D;
}

/** A batch with its copies, made by `prepare` of {@link CopiesLoss}. */
export interface PreparedCopies extends Omit<PreparedBatch<CopiesTerms>, 'x' | 'noise'> {
  /** The noisy copies, [M, B, ...copyShape]. */
  readonly copies: tf.Tensor;
}

/** A step that is asked for, checked. */
type Given = ReturnType<typeof copiesBatch.parse>;

const VALUE = 'CopiesLoss.value';

/**
 * Training for any noise: the mean cross entropy of noisy copies, (1/MB) Σ_b Σ_i −ln softmax(f(copy_i(x_b)))_y.
 *
 * The copies are those that certification makes, by `perturb` of the same noise, and no gradient flows through them. So it trains for noises that
 * are not additive too: splitting, bands, ablation, flipped bits, deletion. The classifier takes inputs of the shape of a copy. With an additive noise it
 * is the same objective as {@link GaussianLoss}.
 *
 * The key drives the copies: of image b those of samples 0 … M − 1 of `foldIn(key, firstImage + b)`. Of a noise that enumerates its copies each sample is
 * one of them, all equally likely: number ⌊word · copies / 2³²⌋, with the 32-bit word of the sample. One forward pass over M · B copies.
 *
 * @throws OptionError for a wrong or unknown option, ClassifierError for a classifier without gradients
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, section 3.3, for Gaussian noise;
 * Levine, Feizi, "Robustness Certificates for Sparse Adversarial Attacks by Randomized Ablation", AAAI 2020, and "(De)Randomized Smoothing for
 * Certifiable Defense against Patch Attacks", NeurIPS 2020, for ablation
 * @example
 * ```ts
 * const loss = new CopiesLoss(model, { noise: new SplittingNoise({ halfWidth: 0.5 }) });
 * using step = await loss.prepareAsync({ x, labels, key });
 * optimizer.minimize(() => step.value(), false, trainableVariables(model));
 * ```
 */
export class CopiesLoss implements TrainingLoss<CopiesBatch, PreparedCopies> {
  /** The base classifier that is trained. */
  readonly classifier: Classifier;
  /** The noise that makes the copies. */
  readonly noise: Noise | DeterministicNoise;
  /** Noisy copies of each image. */
  readonly numNoise: number;
  readonly #run: LogitsFn;

  /** Checks the options. */
  constructor(classifier: Classifier, options: CopiesLossOptions) {
    const { noise, numNoise } = copiesLossOptions.parse('CopiesLoss', options);
    this.#run = adaptForGradients('CopiesLoss', classifier);
    this.classifier = classifier;
    this.noise = noise;
    this.numNoise = numNoise;
  }

  /** Smallest and largest value of an input coordinate in the domain of the noise; undefined for a noise of all real inputs. */
  get inputRange(): InputRange | undefined {
    return rangeOf(this.noise.domain);
  }

  /**
   * Draws the copies of a batch, image by image, which can take as long as the step: take `prepareAsync` where the loop can wait. `value()` of the result makes one training-mode forward pass.
   *
   * @throws OptionError, TensorError for a missing key, unknown names, labels or shapes that do not fit, or inside a tape
   */
  prepare(batch: CopiesBatch): PreparedCopies {
    const call = 'CopiesLoss.prepare';
    assertOutsideTape(call);
    const given = copiesBatch.parse(call, batch);
    return this.#step(() => {
      const own = this.#checked(call, given);
      const copies = given.copies ? copyOf(given.copies) : batchCopies(this.noise, given.x, this.#draw(given));
      return { ...own, copies };
    });
  }

  /**
   * Prepares the same step, with the copies of all images in one array where the noise has `fillCopies`: the same draws with far fewer operations.
   *
   * @throws what `prepare` throws, by the promise
   */
  async prepareAsync(batch: CopiesBatch): Promise<PreparedCopies> {
    // A subclass that prepares in another way, or nothing to draw.
    if (this.prepare !== CopiesLoss.prototype.prepare || batch.copies) return this.prepare(batch);
    const call = 'CopiesLoss.prepareAsync';
    assertOutsideTape(call);
    const given = copiesBatch.parse(call, batch);
    return keeping(async (keep) => {
      const own = keep(withDispose(() => this.#checked(call, given)));
      const copies = await readBatchCopies(this.noise, given.x, this.#draw(given));
      const { labels, largestLabel } = own;
      return this.#step(() => ({ labels, largestLabel, copies }));
    });
  }

  /** The labels, as a new tensor; throws where the batch does not fit. */
  #checked(call: string, { x, labels, copies }: Given) {
    assertBatch(call, x);
    const [images = 0, ...inputShape] = x.shape;
    const checked = checkLabels(call, labels, images);
    if (copies) {
      const shape = this.noise.copyShape?.(inputShape) ?? inputShape;
      assertShape(call, 'copies', copies, [this.numNoise, images, ...shape]);
      assertFloat(call, 'copies', copies);
    }
    return { labels: checked.labels, largestLabel: checked.largest };
  }

  #draw({ key, firstImage }: Given) {
    return { key, numNoise: this.numNoise, firstImage };
  }

  #step(build: () => Pick<PreparedCopies, 'labels' | 'largestLabel' | 'copies'>): PreparedCopies {
    return preparedStep('CopiesLoss', build, ({ copies, labels, largestLabel }) => {
      const logits = copiesLogits(VALUE, this.#run, copies, { training: true });
      assertLabelsFit(VALUE, largestLabel, logits.shape[2]);
      return {
        terms: { crossEntropy: noisyCrossEntropy(logits, labels) },
        numbers: { accuracy: voteFrequency(logits, labels) },
      };
    });
  }
}
