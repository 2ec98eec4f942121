/**
 * Trains a LeNet on ablated digits: one random copy of each image in each step, made by the very `perturb` that certifies later.
 */
import * as tf from '@tensorflow/tfjs';
import { type BandAblation, fillUniforms, foldIn, type Key, split, trainableVariables } from 'catrs';
import { lenet } from 'catrs/models';
import { trainingBatches } from 'catrs/recipes';
import { type Digits, NUM_CLASSES, toDataset } from '../digits/data.ts';

/** How to train. */
export interface PatchTraining {
  readonly epochs: number;
  readonly key: Key;
  /** Told after each epoch. */
  readonly onEpoch: (epoch: number, loss: number) => void;
}

const BATCH = 64;

/** A LeNet for copies of the noise, trained with Adam; the last fifth of the epochs at a tenth of the learning rate. */
export async function trainOnCopies(
  noise: BandAblation,
  digits: Digits,
  { epochs, key, onEpoch }: PatchTraining,
): Promise<tf.LayersModel> {
  const [modelKey, orderKey, copyKey] = split(key, 3);
  const [height = 1, width = 1, channels = 1] = noise.copyShape(noise.inputShape);
  const model = lenet({ key: modelKey, inputShape: [height, width, channels], numClasses: NUM_CLASSES });
  const dataset = toDataset(digits);
  const variables = trainableVariables(model);
  let optimizer = tf.train.adam(1e-3);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch === Math.floor(epochs * 0.8)) {
      optimizer.dispose();
      optimizer = tf.train.adam(1e-4);
    }
    const batches = trainingBatches(dataset, { batchSize: BATCH, key: foldIn(orderKey, epoch), dropRemainder: true });
    let last = NaN;
    for await (const read of batches) {
      using batch = read;
      const copies = randomCopies(noise, batch.x, foldIn(copyKey, step++));
      const targets = tf.oneHot(tf.tensor1d([...batch.labels], 'int32'), NUM_CLASSES);
      const loss = optimizer.minimize(
        () =>
          tf.tidy(() => {
            const logits = model.apply(copies, { training: true }) as tf.Tensor2D;
            return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar;
          }),
        true,
        variables,
      );
      [last = NaN] = (await loss?.data()) ?? [];
      tf.dispose([copies, targets, loss ?? []]);
    }
    onEpoch(epoch, last);
  }
  optimizer.dispose();
  return model;
}

/** One copy of each image of a batch; image b gets copy ⌊u_b · copies⌋ with the uniform numbers of the key. */
function randomCopies(noise: BandAblation, x: tf.Tensor, key: Key): tf.Tensor {
  const [batch = 0] = x.shape;
  const uniform = new Float32Array(batch);
  fillUniforms(uniform, { key, start: 0, dimension: batch });
  return tf.tidy(() =>
    tf.concat(
      tf.unstack(x).map((image, b) => noise.perturb(image, { start: Math.floor((uniform[b] ?? 0) * noise.copies), count: 1 })), // prettier-ignore
    ),
  );
}
