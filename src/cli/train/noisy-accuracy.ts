import * as tf from '@tensorflow/tfjs';
import { toLogitsFn } from '../../classifier/to-logits-fn.ts';
import type { LabelledDataset } from '../../data/labelled-dataset.ts';
import { GaussianNoise } from '../../noise/gaussian-noise.ts';
import { trainingBatches } from '../../recipes/training-batches.ts';
import type { Key } from '../../types.ts';

/** Images that the accuracy of an epoch is taken from, the first ones. */
const MOST = 1000;
const BATCH = 100;

/** Share of the first images whose class the base classifier finds under one draw of noise, the same in every epoch. @internal */
export async function noisyAccuracy(
  model: tf.LayersModel,
  dataset: LabelledDataset,
  { sigma, key }: { readonly sigma: number; readonly key: Key },
): Promise<number> {
  const noise = new GaussianNoise({ sigma });
  const run = toLogitsFn(model);
  const { shape, size } = dataset;
  const part = { shape, size: Math.min(MOST, size), example: (index: number) => dataset.example(index) };
  let right = 0;
  let first = 0;
  for await (const batch of trainingBatches(part, { batchSize: BATCH, key, shuffle: false })) {
    const classes = tf.tidy(() => {
      const draw = noise.sampleBatch({ shape: batch.x.shape, numNoise: 1, key, firstImage: first });
      return tf.argMax(run(tf.add(batch.x, tf.squeeze(draw, [0])), { training: false }), 1);
    });
    const found = await classes.data();
    right += batch.labels.filter((label, i) => label === found[i]).length;
    first += batch.labels.length;
    classes.dispose();
    batch.dispose();
  }
  return right / part.size;
}
