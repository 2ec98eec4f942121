/**
 * Trains a LeNet on images as they are, or under the noise of the sets.
 */
import * as tf from '@tensorflow/tfjs';
import { foldIn, type GaussianNoise, type Key, type LabelledDataset, split, trainableVariables } from 'catrs';
import { lenet } from 'catrs/models';
import { trainingBatches } from 'catrs/recipes';

/** How to train. */
export interface Training {
  /** Absent: the images as they are. */
  readonly noise?: GaussianNoise | undefined;
  readonly epochs: number;
  readonly key: Key;
}

const NUM_CLASSES = 10;

/** A LeNet that was trained with Adam, with one noisy copy of each image and epoch where there is noise. */
export async function train(dataset: LabelledDataset, { noise, epochs, key }: Training): Promise<tf.LayersModel> {
  const [modelKey, orderKey, noiseKey] = split(key, 3);
  const model = lenet({ key: modelKey, inputShape: [28, 28, 1], numClasses: NUM_CLASSES });
  const variables = trainableVariables(model);
  const optimizer = tf.train.adam(1e-3);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const read of trainingBatches(dataset, { batchSize: 64, key: foldIn(orderKey, epoch) })) {
      using batch = read;
      const inputs = tf.tidy(() => {
        const [copy] = noise
          ? tf.unstack(noise.sampleBatch({ key: foldIn(noiseKey, step), numNoise: 1, shape: batch.x.shape }))
          : [];
        return copy ? tf.add(batch.x, copy) : tf.clone(batch.x);
      });
      const targets = tf.tidy(() => tf.oneHot(tf.tensor1d([...batch.labels], 'int32'), NUM_CLASSES));
      step++;
      optimizer.minimize(
        () => {
          const logits = model.apply(inputs, { training: true }) as tf.Tensor2D;
          return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar;
        },
        false,
        variables,
      );
      tf.dispose([inputs, targets]);
    }
    console.log(`epoch ${epoch + 1} of ${epochs}`);
  }
  optimizer.dispose();
  return model;
}
