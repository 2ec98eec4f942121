/**
 * The loss of a configuration: that of its method, and for the ablation CAT-RS without one of its parts.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type ConfidenceAwareLoss,
  GaussianNoise,
  type Prepared,
  type PreparedConfidenceAware,
  toLogitsFn,
  type TensorClassifier,
  type TrainingBatch,
  type TrainingLoss,
} from 'catrs';
import { bottomKCrossEntropy, methods, sampleK, voteFrequency, worstCaseKl } from 'catrs/recipes';
import type { RunConfig } from './config.ts';

/** Makes the loss; its class checks the options of the configuration. */
export function makeLoss(model: tf.LayersModel, { method, sigma, loss, attack, variant }: RunConfig): TrainingLoss {
  // Options from a file: the constructors parse them, so the types only have to let them through.
  const options = { noise: new GaussianNoise({ sigma }), loss, attack } as never;
  if (method !== 'catrs' || variant === undefined) return methods[method].make(model, options);
  return variantOf(methods.catrs.make(model, options), variant);
}

/** The loss with λ · L_high for every image (`no-mask`), or with K = M for every image (`all-copies`). */
export function variantOf(
  loss: ConfidenceAwareLoss,
  variant: NonNullable<RunConfig['variant']>,
): TrainingLoss<TrainingBatch, Prepared> {
  const { classifier } = loss;
  if (variant === 'all-copies') {
    const prepare = (batch: TrainingBatch): Prepared => {
      const k = tf.fill([batch.x.shape[0] ?? 0], loss.numNoise);
      const prepared = loss.prepare({ ...batch, k });
      k.dispose(); // prepared has a copy
      return prepared;
    };
    return { classifier, prepare };
  }
  const prepare = (batch: TrainingBatch): Prepared => {
    const prepared = loss.prepare(batch);
    return { ...prepared, value: () => withoutMask(loss, prepared) };
  };
  return { classifier, prepare };
}

/** mean_b [ L_low + λ · L_high ], with the votes of the M copies for K. */
function withoutMask({ classifier, lambda }: ConfidenceAwareLoss, prepared: PreparedConfidenceAware): tf.Scalar {
  const { x, labels, noise, noiseAdv, uniforms, softTargets } = prepared;
  const f = toLogitsFn(classifier as TensorClassifier);
  const logitsOf = (e: tf.Tensor): tf.Tensor3D => {
    const [numNoise = 1, batch = 1, ...shape] = e.shape;
    const logits = f(tf.reshape(tf.add(x, e), [numNoise * batch, ...shape]), { training: true });
    return tf.reshape(logits, [numNoise, batch, logits.shape[1] ?? 0]);
  };
  return tf.tidy(() => {
    const logits = logitsOf(noise);
    const low = bottomKCrossEntropy(logits, labels, sampleK(voteFrequency(logits, labels), uniforms));
    const targets = softTargets ?? (meanSoftmax(logits) as tf.Tensor2D);
    const high = noiseAdv ? worstCaseKl(logitsOf(noiseAdv), targets) : tf.zerosLike(low);
    return tf.mean(tf.add(low, tf.mul(lambda, high)));
  });
}

/** The mean softmax of the copies, as a constant of the tape. */
const meanSoftmax = tf.customGrad((logits) => ({
  value: tf.mean(tf.softmax(logits as tf.Tensor), 0),
  gradFunc: () => tf.zerosLike(logits as tf.Tensor),
}));
