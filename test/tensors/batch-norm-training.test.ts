import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { normalizeByBatch } from '../../src/tensors/batch-norm-training.ts';
import { describeBackends } from '../helpers/backends.ts';

const EPSILON = 1e-5;

/** Deterministic numbers around `mean`. */
const draw = (size: number, mean: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => mean + Math.sin(12.9898 * (i + 1) * seed) * 1.7);

/** The definition and its gradients for the loss Σ w y, in double precision. */
function reference(x: Float32Array, w: Float32Array, scale: Float32Array, offset: Float32Array) {
  const channels = scale.length;
  const count = x.length / channels;
  const sumOf = (f: (i: number, c: number) => number): number[] => {
    const sums = new Array<number>(channels).fill(0);
    for (let i = 0; i < x.length; i++) sums[i % channels]! += f(i, i % channels);
    return sums;
  };
  const mean = sumOf((i) => x[i]! / count);
  const variance = sumOf((i, c) => (x[i]! - mean[c]!) ** 2 / count);
  const unit = (i: number, c: number): number => (x[i]! - mean[c]!) / Math.sqrt(variance[c]! + EPSILON);
  const each = (f: (i: number, c: number) => number): number[] => Array.from(x, (_, i) => f(i, i % channels));
  const [dScale, dOffset] = [sumOf((i, c) => w[i]! * unit(i, c)), sumOf((i) => w[i]!)];
  const y = each((i, c) => scale[c]! * unit(i, c) + offset[c]!);
  const dx = each((i, c) => {
    const slope = scale[c]! / Math.sqrt(variance[c]! + EPSILON);
    return slope * (w[i]! - dOffset[c]! / count - (unit(i, c) * dScale[c]!) / count);
  });
  return { y, mean, variance, dx, dScale, dOffset };
}

function expectNear(found: tf.Tensor, expected: readonly number[], tolerance: number): void {
  const scale = Math.max(...expected.map(Math.abs), 1e-3);
  found
    .dataSync<'float32'>()
    .forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(tolerance));
}

describeBackends('batch normalisation by the batch', (backend) => {
  const shapes = [
    [5, 1],
    [7, 2],
    [9, 3],
    [5, 4],
    [3, 3, 5],
    [2, 3, 3, 6],
    [4, 5, 7, 16],
    [150, 5],
    [131, 8],
  ];

  it.each(shapes.map((shape) => [shape]))('has the values and gradients of the definition for %j', (shape) => {
    tf.tidy(() => {
      const [size, channels] = [tf.util.sizeFromShape(shape), shape.at(-1)!];
      const [x, w] = [draw(size, 0.3, 1), draw(size, 0, 2)];
      const [scale, offset] = [draw(channels, 1, 3), draw(channels, 0, 4)];
      const expected = reference(x, w, scale, offset);
      let statistics: tf.Tensor[] = [];
      const run = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor =>
        normalizeByBatch({ x, scale, offset, epsilon: EPSILON }, (mean, variance) => {
          statistics = [tf.keep(tf.clone(mean)), tf.keep(tf.clone(variance))];
        });
      const given: [tf.Tensor, tf.Tensor, tf.Tensor] = [tf.tensor(x, shape), tf.tensor1d(scale), tf.tensor1d(offset)];
      const y = run(...given);
      expectNear(y, expected.y, 1e-5);
      expect(y.shape).toEqual(shape);
      expectNear(statistics[0]!, expected.mean, 1e-5);
      expectNear(statistics[1]!, expected.variance, 1e-5);
      tf.dispose(statistics);
      const loss = (...inputs: tf.Tensor[]): tf.Scalar =>
        tf.sum(tf.mul(run(inputs[0]!, inputs[1]!, inputs[2]!), tf.tensor(w, shape)));
      const [dx, dScale, dOffset] = tf.grads(loss)(given);
      tf.dispose(statistics);
      expectNear(dx!, expected.dx, 1e-4);
      expectNear(dScale!, expected.dScale, 1e-4);
      expectNear(dOffset!, expected.dOffset, 1e-4);
    });
  });

  it('loses no variance behind a large mean, over many rows', () => {
    const [rows, channels] = [20_000, 6];
    const x = draw(rows * channels, 1000, 1);
    const expected = reference(x, x, new Float32Array(channels).fill(1), new Float32Array(channels));
    let found: Float32Array | undefined;
    tf.tidy(() =>
      normalizeByBatch(
        { x: tf.tensor2d(x, [rows, channels]), scale: undefined, offset: undefined, epsilon: 1e-5 },
        (_, variance) => {
          found = variance.dataSync<'float32'>().slice();
        },
      ),
    );
    // Sums of float32 on cpu keep fewer digits.
    const tolerance = backend === 'wasm' ? 1e-5 : 5e-2;
    found!.forEach((value, c) => expect(Math.abs(value / expected.variance[c]! - 1)).toBeLessThan(tolerance));
  });
});
