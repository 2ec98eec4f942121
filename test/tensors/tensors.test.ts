import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { asConstant, oneHot, shortenRows } from '../../src/tensors/masks.ts';
import { crossEntropyRows, klRows, labelEntries, meanSoftmax } from '../../src/tensors/cross-entropy.ts';
import { gradientOf } from '../../src/tensors/tape.ts';
import { checkLabels } from '../../src/tensors/labels.ts';
import { withDispose } from '../../src/tensors/own-tensor.ts';
import { describeBackends } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { crossEntropy, kl, softmax } from '../losses/twins.ts';

const rows = [
  [0.3, -2, 1.5],
  [30, -40, 5],
  [0, 0, 0],
];

describeBackends('tensor helpers', () => {
  it('asConstant hides what it computes from the tape, but not its inputs', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const gradient = tf.grad((v) =>
      tf.sum(
        tf.mul(
          v,
          asConstant((u) => tf.cast(tf.greater(u, 1.5), 'float32'), v),
        ),
      ),
    )(x);
    expect(Array.from(await gradient.data())).toEqual([0, 1, 1]);
    tf.dispose([x, gradient]);
  });

  it('gradientOf is the gradient, and frees the tape when the function throws after some steps', async () => {
    const x = tf.tensor2d([1, 2], [1, 2]);
    const gradient = gradientOf('test', (v) => tf.sum(tf.square(v)), x);
    expect(Array.from(await gradient.data())).toEqual([2, 4]);
    gradient.dispose();
    await expectNoLeak(async () => {
      const failing = (v: tf.Tensor): tf.Tensor => {
        tf.exp(tf.square(v));
        throw new Error('no more');
      };
      expect(await thrownBy(() => gradientOf('test', failing, x))).toMatchObject({ message: 'no more' });
    });
    expect(tf.engine().state.gradientDepth).toBe(0);
    x.dispose();
  });

  it('oneHot makes indicator rows of any depth, zeros out of range, exactly 0 and 1', async () => {
    const cases: [number[], number, number[]][] = [
      [[2, 0], 3, [0, 0, 1, 1, 0, 0]],
      [[0, 0], 1, [1, 1]],
      [[3, -1], 2, [0, 0, 0, 0]],
    ];
    for (const [indices, depth, expected] of cases) {
      const index = tf.tensor1d(indices, 'int32');
      const hot = oneHot(index, depth);
      expect(hot.shape).toEqual([indices.length, depth]);
      expect(Array.from(await hot.data())).toEqual(expected);
      tf.dispose([index, hot]);
    }
  });

  it('cross entropy, entries at labels, KL and mean softmax are those of plain loops', async () => {
    const z = tf.tensor3d([rows, rows.map((row) => row.map((v) => v / 2))]);
    const logits = (await z.array()) as number[][][];
    const y = tf.tensor1d([2, 1, 0], 'int32');
    const targets = [
      [1, 0, 0],
      [0, 0.5, 0.5],
      [0.2, 0.3, 0.5],
    ];
    const t = tf.tensor2d(targets);
    const found = {
      crossEntropy: crossEntropyRows(z, y),
      entries: labelEntries(z, y),
      kl: klRows(z, t),
      mean: meanSoftmax(z),
    };
    const arrays = {
      crossEntropy: (await found.crossEntropy.array()) as number[][],
      entries: (await found.entries.array()) as number[][],
      kl: (await found.kl.array()) as number[][],
      mean: (await found.mean.array()) as number[][],
    };
    for (const [m, copies] of logits.entries()) {
      for (const [b, label] of [2, 1, 0].entries()) {
        expect(arrays.crossEntropy[m]![b]).toBeCloseTo(crossEntropy(copies[b]!, label), 4);
        expect(arrays.entries[m]![b]).toBe(copies[b]![label]);
        expect(arrays.kl[m]![b]).toBeCloseTo(kl(targets[b]!, copies[b]!), 4);
      }
    }
    for (const b of [0, 1, 2]) {
      const mean = [0, 1, 2].map((c) => (softmax(logits[0]![b]!)[c]! + softmax(logits[1]![b]!)[c]!) / 2);
      mean.forEach((p, c) => expect(arrays.mean[b]![c]).toBeCloseTo(p, 6));
    }
    tf.dispose([z, y, t, found]);
  });

  it('shortenRows shortens long rows and leaves short ones and zeros bit for bit', async () => {
    const v = tf.tensor2d([3, 4, 0.3, 0.4, 0, 0], [3, 2]);
    const short = shortenRows(v, 1);
    const [a, b, ...rest] = await short.data();
    expect(Math.hypot(a!, b!)).toBeLessThanOrEqual(1 + 2 ** -23); // one rounding of float32
    expect(a).toBeCloseTo(0.6, 6);
    expect(rest).toEqual([0.3, 0.4, 0, 0].map(Math.fround));
    tf.dispose([v, short]);
  });

  it('checkLabels copies labels of every kind to int32', async () => {
    const tensor = tf.tensor1d([0, 2], 'int32');
    for (const labels of [[0, 2], Int32Array.of(0, 2), Uint8Array.of(0, 2), tensor]) {
      const checked = checkLabels('test', labels, 2);
      expect(checked.labels.dtype).toBe('int32');
      expect(Array.from(await checked.labels.data())).toEqual([0, 2]);
      expect(checked.largest).toBe(labels === tensor ? undefined : 2);
      checked.labels.dispose();
    }
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
  });

  it('withDispose keeps what it returns, frees the rest, and all of it when it throws', () =>
    expectNoLeak(async () => {
      const object = withDispose(() => ({ kept: tf.add(tf.ones([2]), 1), nothing: undefined, number: 3 }));
      expect(Array.from(await object.kept.data())).toEqual([2, 2]);
      object.dispose();
      object[Symbol.dispose]();
      const failing = (): never => {
        tf.ones([2]);
        throw new Error('no more');
      };
      expect(await thrownBy(() => withDispose(failing))).toMatchObject({ message: 'no more' });
    }));
});
