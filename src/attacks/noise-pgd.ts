import * as tf from '@tensorflow/tfjs';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { adaptForGradients } from '../classifier/check-gradients.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertBatch, assertBatchNoise, assertSoftTargets } from '../tensors/assert-shapes.ts';
import { klRows, meanSoftmax } from '../tensors/cross-entropy.ts';
import { asConstant, flattenExamples, shortenRows } from '../tensors/masks.ts';
import { copyOf, withDispose } from '../tensors/own-tensor.ts';
import { rowsOf } from '../tensors/rows.ts';
import { assertOutsideTape, gradientSeeing } from '../tensors/tape.ts';
import { guardedDirection } from './norm-geometry.ts';
import { projectedAscent } from './projected-ascent.ts';
import type { NoiseAttack, NoiseAttackRequest, StartedAttack } from './types.ts';

/** Options of {@link NoisePgd}. */
export interface NoisePgdOptions {
  /** Largest ℓ2 length of the change of one noise, in input units. */
  readonly epsilon: number;
  /** Number of gradient steps, T. */
  readonly steps: number;
  /**
   * ℓ2 length of one step, in input units.
   * @defaultValue 2 · epsilon / steps
   */
  readonly stepSize?: number | undefined;
}

const noisePgdOptions = optionsOf<NoisePgdOptions>()({
  epsilon: fields.positive,
  steps: fields.positiveInteger,
  stepSize: fields.optional(fields.positive),
});

const noiseAttackRequest = optionsOf<NoiseAttackRequest>()({
  x: fields.tensor,
  noise: fields.tensor,
  softTargets: fields.optional(fields.tensor),
  strength: fields.withDefault(fields.positive, 1),
});

// All-zero noise has no scale to restore; it stays zero instead of becoming NaN.
const LEAST_SCALE = 1e-30;

/**
 * The worst-case noise of CAT-RS: projected gradient ascent on the noise, x untouched.
 *
 * Maximises (1/M) Σ_i KL(ŷ ‖ softmax f(x + ε_i)) over the noises. Every step moves each ε_i by `stepSize` along its normalised
 * gradient, shortens the change ε_i − ε⁰_i to at most `epsilon`, and brings the noise back to the mean and root-mean-square of
 * ε⁰_i, so that it stays a plausible draw. The classifier runs in inference mode; its weights are not changed.
 *
 * @see Jeong, Kim, Shin, "Confidence-aware Training of Smoothed Classifiers for Certified Robustness", AAAI 2023;
 * alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * const attack = new NoisePgd({ epsilon: 1, steps: 4 });
 * ```
 */
export class NoisePgd implements NoiseAttack {
  /** Largest ℓ2 length of the change of one noise. */
  readonly epsilon: number;
  /** Number of gradient steps. */
  readonly steps: number;
  /** ℓ2 length of one step. */
  readonly stepSize: number;

  /** Checks the options. */
  constructor(options: NoisePgdOptions) {
    const { epsilon, steps, stepSize } = noisePgdOptions.parse('NoisePgd', options);
    this.epsilon = epsilon;
    this.steps = steps;
    this.stepSize = stepSize ?? (2 * epsilon) / steps;
  }

  /**
   * Attacks the noise of a batch.
   *
   * @returns the attacked noise [M, B, ...inputShape], owned by the caller
   * @throws OptionError for a missing or unknown name
   * @throws TensorError if called inside a gradient tape or if the shapes do not fit
   * @throws ClassifierError if the classifier does not return [batch, numClasses]
   */
  perturb(classifier: Classifier, request: NoiseAttackRequest): tf.Tensor {
    const { run, ...batch } = parseRequest('NoisePgd.perturb', classifier, request);
    return tf.tidy(() => this.#ascend(batch, lookFor('NoisePgd.perturb', run, batch)));
  }

  /**
   * Takes the first gradient for the whole batch, and goes on later with the images that are chosen then. Undefined in a subclass with a `perturb` of
   * its own. Throws what `perturb` throws.
   */
  get start(): ((classifier: Classifier, request: NoiseAttackRequest) => StartedAttack<tf.Tensor>) | undefined {
    if (this.perturb !== NoisePgd.prototype.perturb) return undefined;
    return (classifier, request) => this.#start(classifier, request);
  }

  #start(classifier: Classifier, request: NoiseAttackRequest): StartedAttack<tf.Tensor> {
    const call = 'NoisePgd.start';
    const { run, ...batch } = parseRequest(call, classifier, request);
    const first = withDispose(() => {
      const { noise, x, softTargets } = batch;
      const { gradient, seen } = lookFor(call, run, batch)(flattenExamples(noise, 2), softTargets);
      return { logits: seen.logits, targets: copyOf(seen.targets), gradient, x: copyOf(x), noise: copyOf(noise) };
    });
    const finish = (images: readonly number[]): tf.Tensor =>
      tf.tidy(() => {
        const { x, noise, gradient, targets } = first;
        const chosen = {
          x: rowsOf(x, images),
          noise: rowsOf(noise, images, 1),
          softTargets: rowsOf(targets, images),
          strength: batch.strength,
        };
        const known = flattenExamples(rowsOf(tf.reshape(gradient, noise.shape), images, 1), 2);
        return this.#ascend(chosen, lookFor(call, run, chosen), known);
      });
    const dispose = (): void => first.dispose();
    return { logits: first.logits as tf.Tensor3D, finish, dispose, [Symbol.dispose]: dispose };
  }

  /** The steps of the attack; the first takes a gradient that is known already. */
  #ascend({ noise, softTargets, strength }: Batch, look: Look, known?: tf.Tensor2D): tf.Tensor {
    const start = flattenExamples(noise, 2);
    const first: tf.NamedTensorMap = softTargets ? { targets: softTargets } : {};
    const { rows } = projectedAscent({ rows: start, memory: first }, this.steps, {
      look: (rows, memory, step) => {
        if (step === 0 && known) return { gradient: known, memory };
        const { gradient, seen } = look(rows, memory.targets);
        return { gradient, memory: { targets: seen.targets } };
      },
      direction: guardedDirection,
      stepLength: () => strength * this.stepSize,
      project: (rows) => restandardize(tf.add(start, shortenRows(tf.sub(rows, start), strength * this.epsilon)), start),
    });
    return tf.reshape(rows, noise.shape);
  }
}

type Batch = ReturnType<typeof noiseAttackRequest.parse>;

/** The gradient at noise rows, the logits there and the targets, which are those given or the mean softmax there. */
type Look = (
  rows: tf.Tensor2D,
  targets: tf.Tensor | undefined,
) => { readonly gradient: tf.Tensor2D; readonly seen: { logits: tf.Tensor; targets: tf.Tensor } };

function parseRequest(call: string, classifier: Classifier, request: NoiseAttackRequest): Batch & { run: LogitsFn } {
  assertOutsideTape(call);
  const batch = noiseAttackRequest.parse(call, request);
  assertBatch(call, batch.x);
  assertBatchNoise(call, batch.x, batch.noise);
  return { ...batch, run: adaptForGradients(call, classifier) };
}

function lookFor(call: string, run: LogitsFn, { x, noise }: Pick<Batch, 'x' | 'noise'>): Look {
  return (rows, given) =>
    gradientSeeing(
      call,
      (moved) => {
        const logits = noisyLogits(call, run, { x, noise: tf.reshape(moved, noise.shape) }, { training: false });
        if (given) assertSoftTargets(call, given, ...(logits.shape.slice(1) as [number, number]));
        // The first forward pass also gives the default targets; they stay fixed from then on.
        const targets = given ?? asConstant(meanSoftmax, logits);
        return { value: tf.mean(tf.sum(klRows(logits, targets), 1)), seen: { logits, targets } };
      },
      rows,
    );
}

/**
 * Gives every row the mean and root-mean-square of the same row of `reference`: μ₀ + r₀ (v − μ) / r.
 *
 * The root-mean-squares r are of the values, not of their deviations, as in the official code.
 */
function restandardize(rows: tf.Tensor2D, reference: tf.Tensor2D): tf.Tensor2D {
  const rootMeanSquare = (v: tf.Tensor2D): tf.Tensor => tf.sqrt(tf.mean(tf.square(v), 1, true));
  const scale = tf.div(rootMeanSquare(reference), tf.maximum(rootMeanSquare(rows), LEAST_SCALE));
  const mean = (v: tf.Tensor2D): tf.Tensor => tf.mean(v, 1, true);
  const centred = tf.sub(rows, mean(rows));
  return tf.add(mean(reference), tf.mul(centred, scale));
}
