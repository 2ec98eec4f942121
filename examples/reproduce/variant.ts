/**
 * CAT-RS without one of its parts, for the ablation: put together from the parts that the loss gives.
 */
import * as tf from '@tensorflow/tfjs';
import type { ConfidenceAwareLoss, PreparedConfidenceAware, TrainingBatch, TrainingLoss } from 'catrs';
import type { RunConfig } from './config.ts';

/** The loss with λ · L_high for every image (`no-mask`), or with K = M for every image (`all-copies`). */
export function variantOf(
  loss: ConfidenceAwareLoss,
  variant: NonNullable<RunConfig['variant']>,
  { lambda, numNoise }: { readonly lambda: number; readonly numNoise: number },
): TrainingLoss<TrainingBatch, PreparedConfidenceAware> {
  if (variant === 'all-copies') {
    return {
      classifier: loss.classifier,
      prepare: (batch) => {
        const k = tf.fill([batch.x.shape[0] ?? 0], numNoise);
        const prepared = loss.prepare({ ...batch, k });
        k.dispose(); // prepared has a copy
        return prepared;
      },
      value: (prepared) => loss.value(prepared),
    };
  }
  return {
    classifier: loss.classifier,
    prepare: (batch) => loss.prepare(batch),
    value: (prepared) =>
      tf.tidy(() => {
        const { low, high } = loss.terms(prepared);
        return tf.mean(tf.add(low, tf.mul(lambda, high)));
      }),
  };
}
