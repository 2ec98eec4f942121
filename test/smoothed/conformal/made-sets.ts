import * as tf from '@tensorflow/tfjs';
import {
  type CalibrateRobustSetsOptions,
  createKey,
  GaussianNoise,
  type LabelledDataset,
  type RobustSetsRecord,
} from 'catrs';
import { arrayDataset } from 'catrs/data';

export const noise: GaussianNoise = new GaussianNoise({ sigma: 0.5 });
export const CLASSES = 4;
export const POINTS = 120;

/** A linear classifier of points in [0, 1]^3. */
const WEIGHTS = [3, -2, 1, 0, -1, 4, -3, 1, 2, 0, 2, -4];
export const model = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => tf.mul(2, tf.matMul(tf.reshape(x, [-1, 3]), tf.tensor2d(WEIGHTS, [3, CLASSES]))));

export const values: Float32Array = Float32Array.from({ length: POINTS * 3 }, (_, i) => ((i * 37 + 11) % 64) / 64);

/** The most probable class, but for every seventh point. */
export const labels: readonly number[] = Array.from({ length: POINTS }, (_, i) => {
  const score = (c: number): number =>
    [0, 1, 2].reduce((sum, k) => sum + values[3 * i + k]! * WEIGHTS[k * CLASSES + c]!, 0);
  return i % 7 === 0 ? (i / 7) % CLASSES : [0, 1, 2, 3].reduce((best, c) => (score(c) > score(best) ? c : best), 0);
});

export const data: LabelledDataset = arrayDataset({ values, shape: [3], labels: [...labels] });

export const options = {
  noise,
  score: 'lac',
  numClasses: CLASSES,
  data,
  key: createKey(0),
  alpha: 0.2,
  radius: 0.1,
} as const satisfies CalibrateRobustSetsOptions;

/** The first points, one after the other. */
export async function* stream(count: number): AsyncGenerator<{ x: tf.Tensor; index: number }> {
  for (let index = 0; index < count; index++) {
    const x = tf.tensor1d(values.slice(3 * index, 3 * index + 3));
    try {
      yield await Promise.resolve({ x, index });
    } finally {
      x.dispose();
    }
  }
}

/** As it comes back from a file. */
export const stored = (sets: object): RobustSetsRecord => JSON.parse(JSON.stringify(sets)) as RobustSetsRecord;
