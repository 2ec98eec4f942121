import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ensemble } from '../../src/classifier/ensemble.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

const mode = { training: false };

/** A member whose logits are given, whatever the input; a given row stands for a batch of several. */
const fixed =
  (rows: readonly (readonly number[])[]): LogitsFn =>
  ({ shape: [batch = 1] }) =>
    tf.tensor2d((rows.length === 1 ? Array.from({ length: batch }, () => rows[0]!) : rows).map((row) => [...row]));

async function logitsOf(f: LogitsFn, batch: number): Promise<number[][]> {
  const x = tf.zeros([batch, 1]);
  const logits = f(x, mode);
  const rows = (await logits.array()) as number[][];
  tf.dispose([x, logits]);
  return rows;
}

const expectRows = (found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void => {
  expect(found.length).toBe(expected.length);
  expected.forEach((row, i) => row.forEach((value, c) => expect(found[i]![c]).toBeCloseTo(value, 5)));
};

const softmax = (z: readonly number[]): number[] => {
  const sum = z.reduce((total, value) => total + Math.exp(value), 0);
  return z.map((value) => Math.exp(value) / sum);
};

const a = [
  [1, 2, 3],
  [0, 5, -5],
];
const b = [
  [3, 0, 0],
  [1, 1, 9],
];
const c = [
  [-1, 4, 0],
  [2, 0, 0],
];

describeBackends('ensemble', () => {
  it('averages logits', async () => {
    const mean = a.map((row, i) => row.map((value, j) => (value + b[i]![j]! + c[i]![j]!) / 3));
    expectRows(await logitsOf(ensemble([fixed(a), fixed(b), fixed(c)]), 2), mean);
  });

  it('averages logits with weights, of which only the ratios matter', async () => {
    const mean = a.map((row, i) => row.map((value, j) => 0.25 * value + 0.75 * b[i]![j]!));
    expectRows(await logitsOf(ensemble([fixed(a), fixed(b)], { weights: [1, 3] }), 2), mean);
    expectRows(await logitsOf(ensemble([fixed(a), fixed(b)], { weights: [0.1, 0.3] }), 2), mean);
  });

  it('averages probabilities: the softmax of its logits is the mean softmax', async () => {
    const expected = a.map((row, i) => {
      const [p, q] = [softmax(row), softmax(b[i]!)];
      return p.map((value, j) => 0.2 * value + 0.8 * q[j]!);
    });
    const found = await logitsOf(ensemble([fixed(a), fixed(b)], { average: 'probabilities', weights: [1, 4] }), 2);
    expectRows(found.map(softmax), expected);
    expectRows(
      found,
      expected.map((row) => row.map(Math.log)),
    );
  });

  it('keeps probabilities apart that float32 rounds to 1 or 0', async () => {
    const [row] = await logitsOf(
      ensemble([fixed([[200, 0, -100]]), fixed([[190, 0, -90]])], { average: 'probabilities' }),
      1,
    );
    expect(row![0]).toBeCloseTo(0, 5);
    expect(row![1]).toBeCloseTo(-190 + Math.log(0.5), 3);
    expect(row![2]).toBeCloseTo(-280 + Math.log(0.5), 3);
  });

  it('counts votes; among equals the lowest class wins', async () => {
    const votes = ensemble([fixed(a), fixed(b), fixed(c)], { average: 'votes' });
    expect(await logitsOf(votes, 2)).toEqual([
      [-2, -2, -2], // classes 2, 0 and 1: a tie of all
      [-2, -2, -2], // classes 1, 2 and 0
    ]);
    const weighted = ensemble([fixed(a), fixed(b), fixed(c)], { average: 'votes', weights: [2, 1, 1] });
    expect(await logitsOf(weighted, 2)).toEqual([
      [-3, -3, -2],
      [-3, -2, -3],
    ]);
    const tie = new SmoothedClassifier(ensemble([fixed([[0, 1]]), fixed([[1, 0]])], { average: 'votes' }), {
      noise: new GaussianNoise({ sigma: 1 }),
      numClasses: 2,
    });
    const x = tf.tensor1d([0.5]);
    expect(await tie.sampleCounts(x, { key: createKey(0), n: 3, batchSize: 1 })).toEqual([3, 0]);
    x.dispose();
  });

  it('of votes is not mistaken for probabilities, whatever the number of members', async () => {
    const x = tf.tensor1d([0.5, 0.2]);
    const { logits } = linearClassifier([1, -1], -0.2);
    for (const members of [[logits], [logits, logits]]) {
      const g = new SmoothedClassifier(ensemble(members, { average: 'votes' }), {
        noise: new GaussianNoise({ sigma: 0.5 }),
        numClasses: 2,
      });
      const alone = new SmoothedClassifier(logits, { noise: g.noise, numClasses: 2 });
      const request = { key: createKey(1), n: 300 };
      expect(await g.sampleCounts(x, request)).toEqual(await alone.sampleCounts(x, request));
    }
    x.dispose();
  });

  it.each(['logits', 'probabilities', 'votes'] as const)(
    'by %s lets no NaN of a member become a vote',
    async (average) => {
      const broken = ensemble([fixed([[0, 1]]), fixed([[NaN, NaN]])], { average });
      const g = new SmoothedClassifier(broken, { noise: new GaussianNoise({ sigma: 1 }), numClasses: 2 });
      const x = tf.tensor1d([0.5]);
      await expect(g.sampleCounts(x, { key: createKey(0), n: 1 })).rejects.toThrow('must return finite logits');
      x.dispose();
    },
  );

  it('of linear classifiers is linear: certified radii stay below the distance to the mean plane', async () => {
    const planes = [
      { w: [1, -1], b: 0.2 },
      { w: [2, 1], b: -1.4 },
      { w: [0.5, 0.25], b: -0.1 },
    ];
    const mean = linearClassifier([3.5 / 3, 0.25 / 3], -1.3 / 3);
    const f = ensemble(planes.map(({ w, b }) => linearClassifier(w, b).logits));
    const g = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 2 });
    const key = createKey(5);
    for (const [i, point] of [
      [0.9, 0.8],
      [0.1, 0.2],
      [0.7, 0.1],
    ].entries()) {
      const x = tf.tensor1d(point);
      // A radius above the distance has probability at most 1e-6 for each point.
      const certificate = await g.certify(x, { key: foldIn(key, i), n0: 50, n: 4000, alpha: 1e-6 });
      expect(certificate.label).toBe(mean.label(point));
      expect(certificate.radius).toBeLessThanOrEqual(mean.distance(point));
      expect(certificate.radius).toBeGreaterThan(0.3 * mean.distance(point));
      x.dispose();
    }
  });

  it('trains all its members, each with its share of the gradient', async () => {
    const weights = [0, 1].map((i) => tf.variable(tf.fill([2, 2], i + 1)));
    const members = weights.map(
      (w): LogitsFn =>
        (x) =>
          tf.matMul(x, w),
    );
    const f = ensemble(members, { weights: [1, 3] });
    const x = tf.tensor2d([1, 2], [1, 2]);
    const { value, grads } = tf.variableGrads(
      () => tf.sum(tf.mul(f(x, { training: true }), tf.tensor2d([1, 10], [1, 2]))),
      weights,
    );
    const found = await Promise.all(weights.map(async (w) => Array.from(await grads[w.name]!.data())));
    expect(found[0]).toEqual([0.25, 2.5, 0.5, 5]);
    expect(found[1]).toEqual([0.75, 7.5, 1.5, 15]);
    tf.dispose([value, grads, weights, x]);
  });

  it('is trained by a loss like any classifier', async () => {
    const weights = [3, 4].map((seed) => tf.variable(tf.randomStandardNormal([2, 2], 'float32', seed)));
    const f = ensemble(
      weights.map(
        (w): LogitsFn =>
          (x) =>
            tf.matMul(x, w),
      ),
    );
    const x = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    const loss = new GaussianLoss(f, { noise: new GaussianNoise({ sigma: 0.1 }) });
    const optimizer = tf.train.sgd(0.5);
    const values: number[] = [];
    for (let step = 0; step < 5; step++) {
      using prepared = loss.prepare({ x, labels: [0, 1], key: createKey(1) });
      const value = optimizer.minimize(() => prepared.value(), true, weights)!;
      values.push((await value.data())[0]!);
      value.dispose();
    }
    values.slice(1).forEach((value, i) => expect(value).toBeLessThan(values[i]!));
    tf.dispose([x, weights]);
    optimizer.dispose();
  });

  it('passes the mode on, and runs layers models in it', () => {
    const modes: boolean[] = [];
    const spy: LogitsFn = (x, { training }) => (modes.push(training), tf.zeros([x.shape[0] ?? 0, 2]));
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 2 })] });
    const x = tf.zeros([3, 1]);
    const logits = [true, false].map((training) => ensemble([spy, model])(x, { training }));
    expect(modes).toEqual([true, false]);
    expect(logits.map(({ shape }) => shape)).toEqual([
      [3, 2],
      [3, 2],
    ]);
    tf.dispose([x, logits]);
    model.dispose();
  });

  it('has the vote of the plain mean for random logits', async () => {
    const logit = fc.integer({ min: -40, max: 40 }).map((i) => i / 8); // sums are exact in float32
    const table = fc.array(fc.array(logit, { minLength: 3, maxLength: 3 }), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(table, table, async (first, second) => {
        const found = await logitsOf(ensemble([fixed(first), fixed(second)]), 4);
        expect(found).toEqual(first.map((row, i) => row.map((value, j) => (value + second[i]![j]!) / 2)));
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});
