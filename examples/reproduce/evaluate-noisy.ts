/**
 * The learning curve: the base classifier on noisy images, as the official code logs it.
 */
import * as tf from '@tensorflow/tfjs';
import { GaussianNoise } from 'catrs';
import type { Key } from 'catrs';
import type { LabelledDataset } from 'catrs/data';
import { trainingBatches } from 'catrs/recipes';

/** Mean cross-entropy and accuracy of the base classifier under one draw of noise. */
export interface NoisyFigures {
  readonly loss: number;
  readonly accuracy: number;
}

/** Evaluates a data set under one draw of noise, the same in every epoch. */
export async function evaluateNoisy(
  model: tf.LayersModel,
  dataset: LabelledDataset,
  { sigma, key }: { readonly sigma: number; readonly key: Key },
): Promise<NoisyFigures> {
  const noise = new GaussianNoise({ sigma });
  let [first, sum, right] = [0, 0, 0];
  for await (const batch of trainingBatches(dataset, { batchSize: 500, key, shuffle: false })) {
    const { x, labels } = batch;
    const [mean, found]: [tf.Scalar, tf.Tensor1D] = tf.tidy(() => {
      const draw = noise.sampleBatch({ shape: x.shape, numNoise: 1, key, firstImage: first });
      const logits = model.predict(tf.add(x, tf.squeeze(draw, [0]))) as tf.Tensor2D;
      const oneHot = tf.oneHot(tf.tensor1d([...labels], 'int32'), logits.shape[1]);
      return [tf.losses.softmaxCrossEntropy(oneHot, logits), tf.argMax(logits, 1)] as [tf.Scalar, tf.Tensor1D];
    });
    const [loss = NaN] = await mean.data();
    const classes = await found.data();
    sum += loss * labels.length;
    right += labels.filter((label, i) => label === classes[i]).length;
    first += labels.length;
    tf.dispose([mean, found]);
    batch.dispose();
  }
  return { loss: sum / dataset.size, accuracy: right / dataset.size };
}
