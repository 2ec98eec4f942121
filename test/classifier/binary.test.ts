import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { binary } from '../../src/classifier/binary.ts';
import type { LogitsFn, TypedClassifier } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { typedTwin } from '../helpers/typed.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const mode = { training: false };
const key = createKey(3);
const plane = linearClassifier([1, -2], 0.3);
/** The logit of class 1, and its sigmoid. */
const unit: LogitsFn = (x) => tf.tidy(() => tf.slice(plane.logits(x), [0, 1], [-1, 1]));
const sigmoid: LogitsFn = (x) => tf.tidy(() => tf.sigmoid(unit(x, mode)));
const typed = (f: LogitsFn): TypedClassifier => typedTwin((x) => f(x, mode));

/** The neighbours of 1/2 among the float32 numbers, and 1/2. */
const NEAR = [0.5 - 2 ** -25, 0.5, 0.5 + 2 ** -24];
const votes = [0, 0, 1];

describeBackends('binary', () => {
  it('has the counts of two classes, of a logit and of a probability, of tensors and of typed arrays', async () => {
    const x = tf.tensor1d([0.4, 0.2]);
    const options = { noise, numClasses: 2 };
    const counts = await new SmoothedClassifier(plane.logits, options).sampleCounts(x, { key, n: 500 });
    expect(Math.min(...counts)).toBeGreaterThan(50);
    for (const f of [
      binary(unit, { output: 'logits' }),
      binary(sigmoid, { output: 'probabilities' }),
      binary(typed(unit), { output: 'logits' }),
      binary(typed(sigmoid), { output: 'probabilities' }),
    ]) {
      expect(await new SmoothedClassifier(f, options).sampleCounts(x, { key, n: 500 })).toEqual(counts);
    }
    x.dispose();
  });

  it.each(NEAR.map((p, i) => [p, votes[i]!] as const))('votes for class %s of p = %d', async (p, vote) => {
    const constant: LogitsFn = (x) => tf.fill([x.shape[0]!, 1], p);
    const x = tf.zeros([2]);
    for (const f of [constant, typed(constant)]) {
      const g = new SmoothedClassifier(binary(f, { output: 'probabilities' }), { noise, numClasses: 2 });
      const counts = await g.sampleCounts(x, { key, n: 20 });
      expect(counts).toEqual(vote === 0 ? [20, 0] : [0, 20]);
    }
    x.dispose();
  });

  it('gives p back by softmax, also where p is 0 or 1', async () => {
    const given = [0, 1e-20, 0.1, 0.75, 1];
    const f = binary(() => tf.tensor2d(given, [5, 1]), { output: 'probabilities' });
    const typedF = binary({ classify: () => Float32Array.from(given) }, { output: 'probabilities' });
    const softmax = tf.tidy(() => tf.softmax(f(tf.zeros([5, 2]), mode)));
    const found = (await softmax.array()) as number[][];
    const values = await typedF.classify(new Float32Array(10), { batch: 5, shape: [2] });
    given.forEach((p, i) => {
      expect(found[i]![1]).toBeCloseTo(p, 6);
      expect(1 / (1 + Math.exp(values[2 * i]! - values[2 * i + 1]!))).toBeCloseTo(p, 6);
    });
    softmax.dispose();
  });

  it('says its two classes, and takes a model whose output has no axis of units', () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, activation: 'sigmoid' })] });
    expect(new SmoothedClassifier(binary(model, { output: 'probabilities' }), { noise }).numClasses).toBe(2);
    model.dispose();
    const flat = binary((x) => tf.tidy(() => tf.squeeze(unit(x, mode), [1])), { output: 'logits' });
    expect(tf.tidy(() => flat(tf.zeros([3, 2]), mode).shape)).toEqual([3, 2]);
  });

  it('is attacked, and trained by the gradient of the binary cross entropy', async () => {
    const x = tf.tensor2d([0.9, 0.1, 0.2, 0.8], [2, 2]);
    const labels = [1, 0];
    for (const f of [binary(unit, { output: 'logits' }), binary(sigmoid, { output: 'probabilities' })]) {
      const g = new SmoothedClassifier(f, { noise, numClasses: 2 });
      const moved = new SmoothedPgd({ epsilon: 0.5, steps: 4, numNoise: 8 }).perturb(g, { x, labels, key });
      const [before, after] = await Promise.all([x, moved].map((each) => unit(each, mode).data()));
      expect(after![0]).toBeLessThan(before![0]! - 0.5);
      expect(after![1]).toBeGreaterThan(before![1]! + 0.5);
      moved.dispose();
    }
    const weight = tf.variable(tf.tensor1d([0.7]));
    const ofWeight: LogitsFn = (inputs) => tf.tidy(() => tf.mul(tf.slice(inputs, [0, 0], [-1, 1]), weight));
    for (const output of ['logits', 'probabilities'] as const) {
      const f = binary(output === 'logits' ? ofWeight : (inputs, how) => tf.sigmoid(ofWeight(inputs, how)), { output });
      const loss = new GaussianLoss(f, { noise });
      using step = loss.prepare({ x, labels, key, noise: tf.zeros([1, 2, 2]) });
      const { grads } = tf.variableGrads(() => step.value() as tf.Scalar, [weight]);
      const [found] = await grads[weight.name]!.data();
      const p = (z: number): number => 1 / (1 + Math.exp(-z));
      // mean of (p − y) x
      expect(found).toBeCloseTo(((p(0.63) - 1) * 0.9 + p(0.14) * 0.2) / 2, 5);
    }
    weight.dispose();
    x.dispose();
  });
});

describeBackends('binary refuses', () => {
  const model = (): tf.LayersModel =>
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, activation: 'sigmoid' })] });
  it.each<readonly [() => unknown, typeof OptionError, string]>([
    [() => binary(unit, {} as never), OptionError, "`output` must be 'logits' or 'probabilities', got undefined"],
    [
      () => tf.tidy(() => binary(plane.logits, { output: 'logits' })(tf.zeros([3, 2]), mode)),
      ClassifierError,
      '`classifier` must return one unit, [batch, 1], got [3, 2]',
    ],
    [
      () =>
        binary({ classify: () => new Float32Array(6) }, { output: 'logits' }).classify(new Float32Array(6), {
          batch: 3,
          shape: [2],
        }),
      ClassifierError,
      '`classifier` must return one unit, [batch, 1], got [3, 2]',
    ],
    [
      () =>
        binary({ classify: () => Float32Array.of(0.5, 1.5) }, { output: 'probabilities' }).classify(
          new Float32Array(4),
          { batch: 2, shape: [2] },
        ),
      ClassifierError,
      "`output` must be 'logits' for a unit that is no probability, got 1.5 as one of them",
    ],
  ])('case %#', async (run, kind, text) => {
    await expectError(run, kind, `binary: ${text}`);
  });

  it('a logit where the model ends in a sigmoid', () => {
    const one = model();
    expect(() => binary(one, { output: 'logits' })).toThrow(
      'binary: `output` must be \'probabilities\' for a model that ends in a sigmoid, got "logits"',
    );
    one.dispose();
  });

  it('probabilities that are none, once they are asked for', async () => {
    const g = new SmoothedClassifier(binary(unit, { output: 'probabilities' }), { noise, numClasses: 2 });
    const x = tf.tensor1d([1, 0]);
    await expect(g.sampleCounts(x, { key, n: 20 })).rejects.toThrow("`output` must be 'logits'");
    x.dispose();
  });
});
