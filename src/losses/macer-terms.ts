import * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf } from '../options/parse.ts';
import { labelEntries, meanSoftmax } from '../tensors/cross-entropy.ts';
import { type Labels, labelsOfLogits } from '../tensors/labels.ts';
import { asConstant, indicator, oneHot } from '../tensors/masks.ts';
import { normalQuantiles } from '../tensors/normal-quantile.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

// The official code adds it, so that a vanishing probability has a finite loss.
const PROBABILITY_GUARD = 1e-10;

/**
 * The classification part of MACER: L_C = −ln( (1/M) Σ_i softmax(f(x + ε_i))_y + 1e-10 ), the loss of the mean prediction and not the mean
 * loss. NaN logits give NaN.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - [B], an int32 tensor or plain integers; not disposed
 * @returns L_C per image, [B], owned by the caller
 * @throws TensorError if the shapes do not fit
 * @see Zhai et al., MACER, ICLR 2020 (soft smoothed classifier); RuntianZ/macer, macer.py
 * @example
 * ```ts
 * const classification = macerClassification(logits, labels);
 * ```
 */
export function macerClassification(logits: tf.Tensor3D, labels: Labels): tf.Tensor1D {
  return tf.tidy(() => {
    const y = labelsOfLogits('macerClassification', labels, logits);
    const probability = labelEntries(meanSoftmax(logits), y);
    const loss = tf.neg(tf.log(tf.add(probability, PROBABILITY_GUARD)));
    // The logarithm of WebGPU can turn NaN into a number (Chromium's SwiftShader: 89): the sum keeps it.
    return tf.add(loss, tf.mul(probability, 0)) as tf.Tensor1D;
  });
}

/** Options of {@link macerRobustness}. */
export interface MacerRobustnessOptions {
  /** Standard deviation of the noise, in input units. */
  readonly sigma: number;
  /**
   * Inverse temperature of the softmax, β.
   * @defaultValue 16
   */
  readonly beta?: number | undefined;
  /**
   * Width of the hinge, γ: radii above σγ/2 are not pushed further.
   * @defaultValue 8
   */
  readonly gamma?: number | undefined;
}

/** The checks of β and γ, which `MacerLoss` takes too. @internal */
export const macerWidths: FieldsOf<Omit<MacerRobustnessOptions, 'sigma'>, 'beta' | 'gamma'> = {
  gamma: fields.withDefault(fields.positive, 8),
  beta: fields.withDefault(fields.positive, 16),
};

const macerRobustnessOptions = optionsOf<MacerRobustnessOptions>()({ sigma: fields.positive, ...macerWidths });

/**
 * The robustness part of MACER: the hinge on the certified radius of the soft smoothed classifier.
 *
 * With s = (1/M) Σ_i softmax(β f(x + ε_i)), s₁ and s₂ its two largest entries and ξ = Φ⁻¹(s₂) − Φ⁻¹(s₁), so that the radius is −σξ/2:
 * L_R = σ/2 · (γ + ξ) on the images whose largest entry is that of the label and whose ξ is finite with |ξ| ≤ γ; 0 on the others.
 *
 * Φ⁻¹ is taken in float32 as in the official code, where it is infinite for s₂ below about 1.5e-8 and s₁ above 1 − 3e-8: such images are
 * left out. Which classes are the two largest, and which images are in, are constants for the gradient. NaN logits give NaN.
 *
 * @param logits - of the noisy copies, [M, B, numClasses]; not disposed
 * @param labels - [B], an int32 tensor or plain integers; not disposed
 * @returns L_R per image, [B], owned by the caller
 * @throws OptionError for wrong options, TensorError if the shapes do not fit
 * @see Zhai et al., MACER, ICLR 2020; RuntianZ/macer, macer.py
 * @example
 * ```ts
 * const robustness = macerRobustness(logits, labels, { sigma: 0.25 });
 * ```
 */
export function macerRobustness(logits: tf.Tensor3D, labels: Labels, options: MacerRobustnessOptions): tf.Tensor1D {
  const call = 'macerRobustness';
  const { sigma, beta, gamma } = macerRobustnessOptions.parse(call, options);
  return tf.tidy(() => {
    const y = labelsOfLogits(call, labels, logits);
    const scores = meanSoftmax(tf.mul(logits, beta));
    const top = topTwo(scores);
    const included = asConstant((s, classes, two) => isIncluded(s, classes as tf.Tensor1D, two, gamma), scores, y, top);
    // An infinite Φ⁻¹ times 0 would be NaN: images left out get Φ⁻¹(1/2) = 0 instead. NaN scores stay NaN here, so no NaN becomes 0.
    const safe = tf.add(tf.mul(top, included), tf.mul(tf.sub(1, included), 0.5));
    const hinge = tf.add(difference(normalQuantiles(safe)), gamma);
    return tf.mul(tf.mul(hinge, included), sigma / 2) as tf.Tensor1D;
  });
}

/** The largest and the second largest entry of every row: [B, C] → [2, B]. The gradient flows into these two. */
function topTwo(scores: tf.Tensor): tf.Tensor {
  const masks = asConstant((s) => {
    const numClasses = s.shape.at(-1) ?? 0;
    const first = oneHot(tf.argMax(s, -1), numClasses);
    // The entries are in [0, 1], so the first can not be chosen again.
    const second = oneHot(tf.argMax(tf.sub(s, tf.mul(first, 2)), -1), numClasses);
    return tf.stack([first, second]);
  }, scores);
  return tf.sum(tf.mul(scores, masks), -1);
}

/** 1 where L_R counts an image, 0 where not: [B]. In floats, as logical operations fail on WebGPU. */
function isIncluded(scores: tf.Tensor, labels: tf.Tensor1D, top: tf.Tensor, gamma: number): tf.Tensor {
  const winner = oneHot(tf.argMax(scores, -1), scores.shape.at(-1) ?? 0);
  const correct = labelEntries(winner, labels);
  // Φ⁻¹ is finite where its argument, as it rounds in float32, is not an end.
  const finite = tf.min(indicator(tf.less(tf.abs(tf.sub(tf.mul(top, 2), 1)), 1)), 0);
  const held = tf.add(tf.mul(top, finite), tf.mul(tf.sub(1, finite), 0.5));
  const near = indicator(tf.lessEqual(tf.abs(difference(normalQuantiles(held))), gamma));
  return tf.mul(tf.mul(correct, finite), near);
}

/** Φ⁻¹(s₂) − Φ⁻¹(s₁) of quantiles [2, B]. */
function difference(quantiles: tf.Tensor): tf.Tensor {
  const signs = tensorOver([-1, 1], [2, 1], 'float32');
  return tf.sum(tf.mul(quantiles, signs), 0);
}
