/**
 * The loss of a configuration: that of its method, and for the ablation CAT-RS without one of its parts.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type ConfidenceAwareLoss,
  GaussianNoise,
  type PreparedConfidenceAware,
  type TrainingBatch,
  type TrainingLoss,
} from 'catrs';
import { methods } from 'catrs/recipes';
import type { RunConfig } from './config.ts';

/** Makes the loss; its class checks the options of the configuration. */
export function makeLoss(model: tf.LayersModel, { method, sigma, loss, attack, variant }: RunConfig): TrainingLoss {
  // Options from a file: the constructors parse them, so the types only have to let them through.
  const options = { noise: new GaussianNoise({ sigma }), loss, attack } as never;
  if (method !== 'catrs' || variant === undefined) return methods[method].make(model, options);
  const settings = loss as { readonly lambda: number; readonly numNoise: number };
  return variantOf(methods.catrs.make(model, options), variant, settings) as TrainingLoss;
}

/** The loss with λ · L_high for every image (`no-mask`), or with K = M for every image (`all-copies`). */
function variantOf(
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
