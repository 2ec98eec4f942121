import * as tf from '@tensorflow/tfjs';
import {
  type Classifier,
  CopiesLoss,
  type DeletionNoise,
  fillUniforms,
  foldIn,
  type Key,
  trainableVariables,
} from 'catrs';
import { type Fragments, TYPES } from './data.ts';

/** Bytes are ids as they are; the pad is the next one. */
export const PAD = 256;

/** A network for copies of a fragment. */
export interface CopyClassifier {
  /** Takes copies [batch, length]. */
  readonly classifier: Classifier;
  readonly variables: tf.Variable[];
  /** Frees the weights. */
  dispose(): void;
}

/**
 * A network that reads the first columns of a copy: an embedding of each byte, a convolution, the mean of its features, two dense layers.
 *
 * Behind the last byte of nearly every copy there are pads only, so that more columns cost time and tell nothing. How many it reads is fixed, the
 * same for every copy and batch: what it says of a row depends on that row alone.
 */
export function copyClassifier(columns: number, seed: number): CopyClassifier {
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({
        inputDim: PAD + 1,
        outputDim: 24,
        inputLength: columns,
        embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed }),
      }),
      tf.layers.conv1d({
        filters: 48,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: tf.initializers.glorotUniform({ seed: seed + 1 }),
      }),
      tf.layers.globalAveragePooling1d(),
      tf.layers.dense({
        units: 64,
        activation: 'relu',
        kernelInitializer: tf.initializers.glorotUniform({ seed: seed + 2 }),
      }),
      tf.layers.dense({ units: TYPES.length, kernelInitializer: tf.initializers.glorotUniform({ seed: seed + 3 }) }),
    ],
  });
  const classifier: Classifier = (copies, { training }) =>
    model.apply(tf.slice(copies, [0, 0], [-1, columns]), { training }) as tf.Tensor2D;
  return { classifier, variables: trainableVariables(model), dispose: () => void model.dispose() };
}

/** How a network is trained. */
export interface TrainingSettings {
  readonly noise: DeletionNoise;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly key: Key;
  readonly onEpoch: (epoch: number, loss: number) => void;
}

/** Trains on one copy of each fragment and epoch, made by the noise that certifies. */
export async function train(
  { classifier, variables }: CopyClassifier,
  { bytes, labels }: Fragments,
  { noise, epochs, batchSize, learningRate, key, onEpoch }: TrainingSettings,
): Promise<void> {
  const inputs = bytes.map((fragment) => noise.pad(fragment));
  const loss = new CopiesLoss(classifier, { noise });
  const optimizer = tf.train.adam(learningRate);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const epochKey = foldIn(key, epoch);
    const order = shuffled(inputs.length, epochKey);
    let sum = 0;
    let batches = 0;
    for (let begin = 0; begin + batchSize <= order.length; begin += batchSize) {
      const chosen = order.slice(begin, begin + batchSize);
      const x = tf.tensor2d(flat(chosen.map((at) => inputs[at]!)), [batchSize, noise.length]);
      using step = await loss.prepareAsync({
        x,
        labels: chosen.map((at) => labels[at]!),
        key: foldIn(epochKey, begin),
      });
      const value = optimizer.minimize(() => step.value(), true, variables)!;
      sum += (await value.data())[0]!;
      tf.dispose([x, value]);
      batches++;
    }
    onEpoch(epoch, sum / batches);
  }
  optimizer.dispose();
}

function flat(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((size, row) => size + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

function shuffled(count: number, key: Key): number[] {
  const uniforms = new Float32Array(count);
  fillUniforms(uniforms, { key, start: 0, dimension: count });
  return Array.from(uniforms.keys()).sort((a, b) => uniforms[a]! - uniforms[b]!);
}
