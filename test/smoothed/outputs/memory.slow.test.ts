import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import {
  calibrateRobustSets,
  CenterSmoothed,
  createKey,
  euclidean,
  GaussianNoise,
  type LogitsFn,
  SmoothedRegressor,
} from 'catrs';
import { arrayDataset } from 'catrs/data';
import { useBackend } from '../../helpers/backends.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const noise = new GaussianNoise({ sigma: 0.25 });
const OUTPUTS = 784;

/** The most that was held during forward passes: bytes of JavaScript and its arrays after a collection, and of tensors. */
class Peak {
  heap = 0;
  tensors = 0;
  #passes = 0;

  /** A model with large outputs that looks at the memory at some of its passes. */
  readonly model: LogitsFn = (x) => {
    const { numBytes } = tf.memory();
    this.tensors = Math.max(this.tensors, numBytes);
    if (this.#passes++ % 10 === 0) {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      this.heap = Math.max(this.heap, heapUsed + arrayBuffers);
    }
    return tf.tidy(() => tf.mul(tf.tile(tf.slice(x, [0, 0], [-1, 1]), [1, OUTPUTS]), 2)) as tf.Tensor2D;
  };
}

beforeAll(() => useBackend('cpu'));

it.each([
  {
    name: 'a center',
    // One number for each draw, and 30 for each sample of the search.
    bytesOfDraw: 31 * 8,
    run: async (model: LogitsFn, x: tf.Tensor, n: number) => {
      const g = new CenterSmoothed(model, { noise, distance: euclidean, delta: 0.2 });
      await g.certify(x, { key: createKey(1), n, alpha: 0.1, radius: 0.05, batchSize: 50, predict: { n, alpha: 0.3 } });
    },
  },
  {
    name: 'a conformal set of many draws, and its calibration',
    // A score for each draw of the point that is calibrated, a count for each label of the set.
    bytesOfDraw: 8,
    run: async (model: LogitsFn, x: tf.Tensor, n: number) => {
      // Of the 784 outputs 200: kept, they would take 8 MB for each point.
      const logits: LogitsFn = (z) =>
        tf.tidy(() => tf.slice(model(z, { training: false }), [0, 0], [-1, 200])) as tf.Tensor2D;
      const data = arrayDataset({ values: Float32Array.of(0, 0.5, 0.25, 1), shape: [2], labels: [0, 199] });
      const levels = { key: createKey(2), alpha: 0.6, radius: 0.05, draws: { calibration: n, prediction: n } };
      const given = { noise, score: 'lac', numClasses: 200, data, batchSize: 50 } as const;
      const sets = await calibrateRobustSets(logits, { ...given, ...levels });
      await sets.predict(x, { key: createKey(3) });
    },
  },
  {
    name: 'an interval',
    bytesOfDraw: 0,
    run: async (model: LogitsFn, x: tf.Tensor, n: number) => {
      const g = new SmoothedRegressor((z) => tf.tidy(() => tf.slice(model(z, { training: false }), [0, 0], [-1, 4])), {
        ...{ noise, outputs: 4 },
      });
      await g.certify(x, { key: createKey(1), n, alpha: 0.1, radius: 0.05, batchSize: 50 });
    },
  },
])(
  '$name takes memory for its numbers, never for the outputs of its draws',
  async ({ run, bytesOfDraw }) => {
    const x = tf.tensor1d([0.25, 0.5]);
    await run(new Peak().model, x, 100); // what is made once
    const [few, many] = [new Peak(), new Peak()];
    await run(few.model, x, 100);
    await run(many.model, x, 10_000);
    x.dispose();
    // Kept outputs would take 31 MB. Slack: code that was compiled meanwhile, and 4 numbers in up to 16 bytes for each draw of an interval.
    const allowed = 10_000 * (bytesOfDraw + 64) + 2 ** 21;
    expect(many.heap - few.heap).toBeLessThan(allowed);
    expect(allowed).toBeLessThan((10_000 * OUTPUTS * 4) / 4);
    expect(many.tensors).toBeLessThanOrEqual(few.tensors * 1.1);
  },
  300_000,
);
