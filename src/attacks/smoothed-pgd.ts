import * as tf from '@tensorflow/tfjs';
import { adaptClassifier } from '../classifier/adapt-classifier.ts';
import { noisyLogits } from '../classifier/noisy-logits.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import { parseSmoothedPgdOptions, parseSmoothedPgdRequest } from '../options/smoothed-pgd-options.ts';
import { fillNormals } from '../random/fill-normals.ts';
import { split } from '../random/split.ts';
import { assertBatch, assertBatchNoise } from '../tensors/assert-shapes.ts';
import { assertOutsideTape } from '../tensors/assert-outside-tape.ts';
import { gradientOf } from '../tensors/gradient-of.ts';
import { labelEntries } from '../tensors/cross-entropy.ts';
import { assertLabelsFit, checkLabels, type Labels } from '../tensors/labels.ts';
import { flattenExamples, rowNorms, shortenRows } from '../tensors/per-example.ts';
import type { InputRange, Key } from '../types.ts';
import { projectedAscent } from './projected-ascent.ts';

/** Options of {@link SmoothedPgd}. */
export interface SmoothedPgdOptions {
  /** The noise of the smoothed classifier that is attacked. */
  readonly noise: AdditiveNoise;
  /** Largest ℓ2 length of the perturbation, in input units. */
  readonly epsilon: number;
  /** Number of gradient steps, T. */
  readonly steps: number;
  /**
   * Number of noisy copies whose mean softmax is attacked, M.
   * @defaultValue 1
   */
  readonly numNoise?: number;
  /**
   * ℓ2 length of one step, in input units.
   * @defaultValue 2 · epsilon / steps
   */
  readonly stepSize?: number;
  /** Range to which the attacked input x + δ is clipped, which must hold x; absent: no clipping. */
  readonly clip?: InputRange;
}

/** What {@link SmoothedPgd.perturb} is given. */
export interface SmoothedPgdRequest {
  /** Inputs [B, ...inputShape]; not changed, not disposed. */
  readonly x: tf.Tensor;
  /** Class labels [B] that the attack moves away from; not disposed. */
  readonly labels: Labels;
  /** Drives the noise (absent `noise`) and the directions taken where a gradient vanishes. */
  readonly key: Key;
  /** The noise [M, B, ...inputShape] to use instead of drawing it; not disposed. */
  readonly noise?: tf.Tensor;
}

const CALL = 'SmoothedPgd.perturb';

/**
 * Projected gradient descent on the smoothed classifier (SmoothAdv), in ℓ2.
 *
 * Maximises −ln (1/M) Σ_i softmax(f(x + δ + ε_i))_y over ‖δ‖₂ ≤ `epsilon`, the noises ε_i staying the same through all steps.
 * Every step moves δ by `stepSize` along its normalised gradient (along a standard normal vector, the same in every step, where the
 * gradient is exactly 0), clips x + δ to `clip`, then shortens δ to `epsilon`. The classifier runs in inference mode.
 *
 * The mean over copies is a log-sum-exp, so a probability too small for float32 still has a gradient; the official code
 * holds it above 1e-20, where the gradient vanishes.
 *
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019, Eq. 6;
 * Hadisalman/smoothing-adversarial, attacks.py
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ noise, epsilon: 0.5, steps: 20, numNoise: 8, clip: [0, 1] });
 * const xAdv = attack.perturb(model, { x, labels, key: createKey(1) });
 * ```
 */
export class SmoothedPgd {
  readonly #options: ReturnType<typeof parseSmoothedPgdOptions>;

  /** Checks the options. */
  constructor(options: SmoothedPgdOptions) {
    this.#options = parseSmoothedPgdOptions('SmoothedPgd', options);
  }

  /**
   * Attacks a batch.
   *
   * @returns the attacked inputs x + δ, [B, ...inputShape], owned by the caller
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws OptionError if the key is missing or labels are out of range
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(classifier: Classifier, request: SmoothedPgdRequest): tf.Tensor {
    assertOutsideTape(CALL);
    const { x, labels, key, noise } = parseSmoothedPgdRequest(CALL, request);
    const { epsilon, steps, numNoise, clip } = this.#options;
    const stepSize = this.#options.stepSize ?? (2 * epsilon) / steps;
    assertBatch(CALL, x);
    const run = adaptClassifier(CALL, classifier);
    const [noiseKey, directionKey] = split(key);
    return tf.tidy(() => {
      const drawn = noise ?? this.#options.noise.sampleBatch({ key: noiseKey, numNoise, shape: x.shape });
      assertBatchNoise(CALL, x, drawn);
      const checked = checkLabels(CALL, labels, x.shape[0] ?? 0);
      const objective = (delta: tf.Tensor): tf.Tensor => {
        const logProbability = meanLogProbability(run, tf.add(x, tf.reshape(delta, x.shape)), drawn, checked.labels);
        assertLabelsFit(CALL, checked.largest, logProbability.numClasses);
        return tf.neg(tf.sum(logProbability.values));
      };
      const rows = flattenExamples(x, 1);
      const fallback = drawNormals(directionKey, rows.shape);
      const delta = projectedAscent(tf.zerosLike(rows), steps, stepSize, {
        gradient: (current) => gradientOf(objective, current),
        direction: (gradient) => unitDirection(gradient, fallback),
        project: (moved) =>
          shortenRows(clip ? tf.sub(tf.clipByValue(tf.add(rows, moved), ...clip), rows) : moved, epsilon),
      });
      const attacked = tf.add(x, tf.reshape(delta, x.shape));
      // x + (clipped − x) can round to just outside the range.
      return clip ? tf.clipByValue(attacked, ...clip) : attacked;
    });
  }
}

/** ln (1/M) Σ_i softmax(f(x + ε_i))_y for every image, [B]. */
function meanLogProbability(
  run: LogitsFn,
  x: tf.Tensor,
  noise: tf.Tensor,
  labels: tf.Tensor1D,
): { values: tf.Tensor; numClasses: number } {
  const logits = noisyLogits(CALL, run, { x, noise }, { training: false });
  const [numNoise, , numClasses] = logits.shape;
  const logProbabilities = labelEntries(tf.logSoftmax(logits), labels);
  return { values: tf.sub(tf.logSumExp(logProbabilities, 0), Math.log(numNoise)), numClasses };
}

/** Gradient over its length; the row of `fallback` where the length is exactly 0. */
function unitDirection(gradient: tf.Tensor2D, fallback: tf.Tensor2D): tf.Tensor2D {
  const norms = rowNorms(gradient);
  const vanished = tf.equal(norms, 0);
  const unit: tf.Tensor2D = tf.div(gradient, tf.where(vanished, tf.onesLike(norms), norms));
  return tf.where(vanished, fallback, unit);
}

/** Standard normal rows, [rows, dimension]: row r is sample r of the key. */
function drawNormals(key: Key, [rows, dimension]: [number, number]): tf.Tensor2D {
  const normals = new Float32Array(rows * dimension);
  fillNormals(normals, { key, start: 0, dimension });
  return tf.tensor2d(normals, [rows, dimension]);
}
