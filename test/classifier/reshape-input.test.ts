import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { reshapeInput } from '../../src/classifier/reshape-input.ts';
import type { LogitsFn, TypedClassifier } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { typedTwin } from '../helpers/typed.ts';

const SIZE = 5 * 4 * 3;
const noise = new GaussianNoise({ sigma: 1 });
const mode = { training: false };

/** A linear classifier whose every coordinate has a weight of its own, for inputs of one shape. */
function model(shape: readonly number[]): LogitsFn {
  const size = shape.reduce((product, length) => product * length, 1);
  const weights = Array.from({ length: size * 3 }, (_, i) => Math.sin(1 + i * i));
  return (x) => {
    expect(x.shape.slice(1)).toEqual(shape);
    return tf.tidy(() => tf.matMul(tf.reshape(x, [-1, size]), tf.tensor2d(weights, [size, 3])));
  };
}

const image = (shape: readonly number[]): tf.Tensor =>
  tf.tensor(
    Array.from({ length: shape.reduce((product, length) => product * length, 1) }, (_, i) => Math.abs(Math.cos(i))),
    [...shape],
  );

describeBackends('reshapeInput', () => {
  it.each<readonly [string, number[], number[], 'nchw' | 'nhwc' | undefined, (x: tf.Tensor) => tf.Tensor]>([
    ['a flat vector', [5, 4, 1], [20], undefined, (x) => tf.reshape(x, [20])],
    ['no channel', [5, 4, 1], [5, 4], undefined, (x) => tf.squeeze(x, [2])],
    ['a channel', [5, 4], [5, 4, 1], undefined, (x) => tf.expandDims(x, 2)],
    ['an image of a vector', [20], [5, 4, 1], undefined, (x) => tf.reshape(x, [5, 4, 1])],
    ['channels first', [5, 4, 3], [3, 5, 4], undefined, (x) => tf.transpose(x, [2, 0, 1])],
    ['channels last', [3, 5, 4], [5, 4, 3], undefined, (x) => tf.transpose(x, [1, 2, 0])],
    ['flat, channels first', [5, 4, 3], [SIZE], 'nchw', (x) => tf.reshape(tf.transpose(x, [2, 0, 1]), [SIZE])],
  ])('gives %s: the counts of an input that was reshaped by hand, also of typed arrays', async (...given) => {
    const [, shape, inputShape, layout, byHand] = given;
    const f = model(inputShape);
    const asked = { key: createKey(4), n: 200 };
    const x = image(shape);
    const wanted = byHand(x);
    // What noise is added to does not depend on the shape, so that of a transposed image is another: the function is the twin.
    const twin: LogitsFn = (batch, how) => tf.tidy(() => f(tf.stack(tf.unstack(batch).map(byHand)), how));
    const options = { noise, numClasses: 3 };
    const counts = await new SmoothedClassifier(twin, options).sampleCounts(x, asked);
    const typed = typedTwin((batch) => f(batch, mode));
    const adapters = [
      reshapeInput(f, { shape, inputShape, layout }),
      reshapeInput({ ...typed, inputShape }, { shape, layout }),
    ];
    for (const adapted of adapters) {
      expect(await new SmoothedClassifier(adapted, options).sampleCounts(x, asked)).toEqual(counts);
    }
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
    if (layout === undefined && shape.length !== 3) {
      expect(await new SmoothedClassifier(f, options).sampleCounts(wanted, asked)).toEqual(counts);
    }
    tf.dispose([x, wanted]);
  });

  it('reads the shape that a model declares, and says its number of classes', async () => {
    const dense = tf.sequential({ layers: [tf.layers.dense({ inputShape: [20], units: 3 })] });
    const g = new SmoothedClassifier(reshapeInput(dense, { shape: [5, 4, 1] }), { noise });
    expect(g.numClasses).toBe(3);
    const x = image([5, 4, 1]);
    const flat = tf.reshape(x, [20]);
    const asked = { key: createKey(4), n: 100 };
    expect(await g.sampleCounts(x, asked)).toEqual(
      await new SmoothedClassifier(dense, { noise }).sampleCounts(flat, asked),
    );
    await expectError(
      () => g.sampleCounts(flat, asked),
      (await import('../../src/errors.ts')).TensorError,
      'SmoothedClassifier.sampleCounts: `x` must be one example, a tensor of shape [5,4,1], got shape [20]' +
        ' (with its axes so: tf.reshape(x, [5, 4, 1]), or reshapeInput(classifier, { shape: [20] }) takes it as it is)',
    );
    tf.dispose([x, flat]);
    dense.dispose();
  });
});

describeBackends('reshapeInput refuses', () => {
  const f = model([3]);
  const typed: TypedClassifier = { inputShape: [16, 32, 1], classify: () => new Float32Array(3) };

  it.each<readonly [() => unknown, typeof OptionError, string]>([
    [
      () => reshapeInput(f, { shape: [32, 32, 3], inputShape: [3072] }),
      OptionError,
      '`shape` must be a shape that can be given to the classifier, got [32, 32, 3] for a classifier of [3072]' +
        ' (a flat vector of several channels has an order that its shape does not tell: give `layout`, nhwc or nchw)',
    ],
    [
      () => reshapeInput(typed, { shape: [32, 16, 1] }),
      OptionError,
      '`shape` must be a shape that can be given to the classifier, got [32, 16, 1] for a classifier of [16, 32, 1]' +
        ' (the axes are in another order: transpose the images to [16, 32, 1])',
    ],
    [() => reshapeInput(f, { shape: [] }), OptionError, '`shape` must be one or more integers of at least 1, got []'],
    [
      () => reshapeInput(f, { shape: [3], inputShape: [0] }),
      OptionError,
      '`inputShape` must be one or more integers of at least 1, null for a free size, got [0]',
    ],
    [
      () => reshapeInput(f, { shape: [3], layout: 'hwc' as never }),
      OptionError,
      "`layout` must be 'nhwc' or 'nchw', got \"hwc\"",
    ],
    [
      () => reshapeInput(f, { shape: [3, 1] })(tf.ones([2, 4]), mode),
      ClassifierError,
      '`shape` must be that of the inputs, not [3, 1], got inputs of [4]',
    ],
  ])('case %#', async (run, kind, text) => {
    await expectError(() => tf.tidy(() => run() as tf.Tensor), kind, `reshapeInput: ${text}`);
  });
});
