import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

// The shipped kernels of WASM follow such an index into the memory of other tensors, to read there or to write.
describeBackends('an index out of range', () => {
  const x = (): tf.Tensor2D => tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const at = (...index: number[]): tf.Tensor2D => tf.tensor2d([index], [1, index.length], 'int32');
  const calls: Readonly<Record<string, () => tf.Tensor>> = {
    'slice of a vector': () => tf.slice(tf.tensor1d([1, 2, 3]), [2], [4]),
    'slice of a matrix': () => tf.slice(x(), [1, 0], [2, 2]),
    'slice of an image': () => tf.slice(tf.zeros([2, 2, 2]), [0, 1, 0], [2, 2, 2]),
    'slice of a batch': () => tf.slice(tf.zeros([2, 2, 2, 1]), [0, 0, 2, 0], [2, 2, 1, 1]),
    'slice from before the begin': () => tf.slice(x(), [-1, 0], [1, 2]),
    gather: () => tf.gather(x(), tf.tensor1d([7], 'int32')),
    gatherND: () => tf.gatherND(x(), at(5, 0)),
    'gatherND from before the begin': () => tf.gatherND(x(), at(-1, 0)),
    scatterND: () => tf.scatterND(at(9), tf.tensor1d([1]), [4]),
    sparseToDense: () => tf.sparseToDense(tf.tensor1d([9], 'int32'), tf.tensor1d([5]), [4]),
    tensorScatterUpdate: () => tf.tensorScatterUpdate(tf.tensor1d([1, 2, 3]), at(8), tf.tensor1d([5])),
  };
  describe.each(Object.entries(calls))('%s', (_, call) => {
    it('is refused, never followed', () =>
      expectNoLeak(() => {
        expect(() => tf.tidy(call)).toThrow();
        return Promise.resolve();
      }));
  });

  it('leaves those in range as they are', () =>
    expectNoLeak(async () => {
      const found = tf.tidy(() => [
        tf.slice(x(), [1, 0], [1, 2]),
        tf.slice(x(), [1, 0], -1),
        tf.gatherND(x(), at(1, 0)),
        tf.scatterND(at(2), tf.tensor1d([1]), [4]),
        tf.sparseToDense(tf.tensor1d([3], 'int32'), tf.tensor1d([5]), [4]),
        tf.tensorScatterUpdate(tf.tensor1d([1, 2, 3]), at(1), tf.tensor1d([5])),
      ]);
      expect(await Promise.all(found.map((one) => one.array()))).toEqual([
        [[3, 4]],
        [[3, 4]],
        [3],
        [0, 0, 1, 0],
        [0, 0, 0, 5],
        [1, 5, 3],
      ]);
      tf.dispose(found);
    }));
});
